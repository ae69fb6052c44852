"""Particles at the border: hand-made layouts, and what each rule makes of a random structure."""

from __future__ import annotations

import numpy as np
import pytest

from conftest import ROOT
from premask.core.errors import PremaskError
from premask.quantify.border import BORDER_RULES, Window, border_rule, window
from premask.quantify.field import Settings, measure_field
from premask.quantify.summary import image_numbers

# Three whole squares of 2 x 2, one of 6 x 6, and one square that the edge cuts to 2 x 6.
LAYOUT = np.zeros((40, 50), np.uint8)
for x in (10, 20, 30):
    LAYOUT[10:12, x : x + 2] = 1
LAYOUT[20:26, 20:26] = 1
LAYOUT[30:36, :2] = 1
PLACES = {2: (50 - 3) * (40 - 3), 6: (50 - 7) * (40 - 7)}


def numbers(labels: np.ndarray, border: str):
    return image_numbers(measure_field(labels, 2, settings=Settings(border))[0])[1]


def test_the_default_leaves_out_what_is_cut_and_halves_it_in_the_number():
    found = numbers(LAYOUT, "exclude")
    assert (found.number, found.border, found.counted) == (5, 1, 4)
    assert found.sizes["area"].mean == pytest.approx((3 * 4 + 36) / 4)
    assert found.number_per_area.mean == pytest.approx(4.5 / 2000 * 1e6)
    assert next(iter(BORDER_RULES)) == Settings().border == "exclude"


def test_include_counts_the_visible_parts():
    found = numbers(LAYOUT, "include")
    assert (found.number, found.border, found.counted) == (5, 1, 5)
    assert found.sizes["area"].mean == pytest.approx((3 * 4 + 36 + 12) / 5)
    assert found.number_per_area.mean == pytest.approx(5 / 2000 * 1e6)


def test_weighted_counts_whole_ones_by_the_room_they_have():
    found = numbers(LAYOUT, "weighted")
    assert found.counted == 4
    weights = np.array([2000 / PLACES[2]] * 3 + [2000 / PLACES[6]])
    assert found.sizes["area"].mean == pytest.approx(np.average([4, 4, 4, 36], weights=weights))
    assert found.number_per_area.mean == pytest.approx(weights.sum() / 2000 * 1e6)


@pytest.mark.parametrize("border", BORDER_RULES)
def test_the_rule_for_the_border_leaves_fractions_lines_and_neighbours_alone(border):
    found, default = numbers(LAYOUT, border), numbers(LAYOUT, "exclude")
    assert found.pooled == default.pooled == 60 / 2000
    assert found.mean_intercept == default.mean_intercept
    assert found.nearest_neighbour == default.nearest_neighbour


def test_void_is_a_border_and_the_window_is_what_is_labelled():
    framed = np.full((60, 70), 255, np.uint8)
    framed[10:50, 5:55] = LAYOUT
    assert window(framed) == Window(50, 40, 2000) == window(LAYOUT)
    for border in BORDER_RULES:
        inside, bare = numbers(framed, border), numbers(LAYOUT, border)
        assert inside.counted == bare.counted
        assert inside.number_per_area == bare.number_per_area
        assert inside.sizes["area"].mean == pytest.approx(bare.sizes["area"].mean)
    assert window(np.full((3, 3), 255, np.uint8)) == Window(0, 0, 0)


@pytest.mark.parametrize("border", BORDER_RULES)
def test_a_particle_as_large_as_the_image_is_at_the_border(border):
    found = numbers(np.ones((20, 30), np.uint8), border)
    assert (found.number, found.border) == (1, 1)
    assert found.counted == (border == "include")


def crowd(rng: np.random.Generator) -> np.ndarray:
    """A window of 100 x 80 px in a wider field where squares of 4 and of 30 px lie at random.

    One in two is large; each is strewn alone, so that none overlap.
    """
    side = int(rng.choice([4, 30]))
    labels = np.zeros((200, 220), np.uint8)
    y, x = rng.integers(0, 200 - 30), rng.integers(0, 220 - 30)
    labels[y : y + side, x : x + side] = 1
    return labels[60:140, 60:160]


def test_weighting_undoes_what_leaving_out_does():
    """The mean area of the squares is (16 + 900) / 2 px, and 1 / (170 * 190) lie on each px."""
    rng = np.random.default_rng(1)
    maps = [crowd(rng) for _ in range(4000)]
    maps = [labels for labels in maps if labels.any()]
    sums = {}
    for border in ("exclude", "include", "weighted"):
        fields = [measure_field(labels, 2, settings=Settings(border))[0] for labels in maps]
        own = [field.particles.phase == 1 for field in fields]
        areas = np.concatenate([f.particles.area[o] for f, o in zip(fields, own, strict=True)])
        weights = np.concatenate([f.weights[o] for f, o in zip(fields, own, strict=True)])
        held = sum(field.held[1] for field in fields) / 4000 / (100 * 80)
        sums[border] = float(np.average(areas, weights=weights)), held * 170 * 190
    truth = (16 + 900) / 2
    assert sums["weighted"][0] == pytest.approx(truth, rel=0.06)
    assert sums["exclude"][0] < 0.85 * truth, "large ones are cut more often"
    # number per area: right under both rules that correct, too large where all are counted
    assert sums["weighted"][1] == pytest.approx(1, rel=0.06)
    assert sums["exclude"][1] == pytest.approx(1, rel=0.06)
    assert sums["include"][1] > 1.2
    page = " ".join((ROOT / "docs/explanation/quantify.md").read_text(encoding="utf-8").split())
    means, numbers_ = zip(*sums.values(), strict=True)
    told = "`exclude` finds {:.0f}, `include` {:.0f}, `weighted` {:.0f}".format(*means)
    assert told in page
    assert "found {:.2f}, {:.2f} and {:.2f} times".format(*numbers_) in page


def test_an_unknown_rule_is_told():
    with pytest.raises(PremaskError, match="exclude, include, weighted are accepted"):
        border_rule("frame")
