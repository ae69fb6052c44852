"""Area fractions, their intervals over fields, distributions, neighbours; whole label maps."""

from __future__ import annotations

import json
import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import cdist

from premask.core.errors import PremaskError
from premask.quantify.distribution import PERCENTILES, distribution
from premask.quantify.field import Settings, measure_field
from premask.quantify.fractions import fractions, part_fractions, pixel_counts
from premask.quantify.neighbours import expected_at_random, nearest_of_phase
from premask.quantify.over_fields import over_fields
from premask.quantify.summary import image_numbers, specimen_numbers
from shapes import LABEL_MAPS, disc, map_of

VALUES = st.lists(st.integers(0, 1000).map(lambda n: n / 1000), min_size=2, max_size=40)


@given(VALUES)
def test_the_interval_is_students(values):
    found = over_fields(values)
    n = len(values)
    assert (found.n, found.mean) == (n, pytest.approx(np.mean(values)))
    assert found.std == pytest.approx(statistics.stdev(values), abs=1e-12)
    if len(set(values)) > 1:
        low, high = stats.t.interval(0.95, n - 1, np.mean(values), stats.sem(values))
        assert found.mean - found.ci95 == pytest.approx(low, abs=1e-9)
        assert found.mean + found.ci95 == pytest.approx(high, abs=1e-9)
        assert found.relative_accuracy == pytest.approx(100 * found.ci95 / found.mean)


def test_one_field_has_no_interval_and_none_has_no_mean():
    one = over_fields([0.2, math.nan])
    assert (one.n, one.mean) == (1, 0.2)
    assert math.isnan(one.ci95)
    assert math.isnan(one.relative_accuracy)
    none = over_fields([math.nan])
    assert none.n == 0
    assert math.isnan(none.mean)
    assert math.isnan(over_fields([0.0, 0.0]).relative_accuracy), "no share of nothing"
    with pytest.raises(PremaskError, match=r"shape \(1, 2\)"):
        over_fields([[0.1, 0.2]])


def test_the_interval_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(2000):
        found = over_fields(rng.normal(0.3, 0.05, 6))
        hits += abs(found.mean - 0.3) <= found.ci95
    # 1900 expected, standard deviation under 10
    assert 1860 <= hits <= 1940


def test_void_is_neither_a_phase_nor_area():
    labels = np.array([[0, 0, 1, 255], [0, 255, 255, 255]], np.uint8)
    assert pixel_counts(labels, 3).tolist() == [3, 1, 0]
    assert fractions(pixel_counts(labels, 3)).tolist() == [0.75, 0.25, 0]
    assert np.isnan(fractions(pixel_counts(np.full((2, 2), 255, np.uint8), 3))).all()


def test_parts_are_the_field_cut_up():
    labels = np.zeros((6, 6), np.uint8)
    labels[:2, :2] = 1
    labels[4:, 4:] = 255
    found = part_fractions(labels, 2, 3)
    assert found[:, 1].tolist()[:8] == [1, 0, 0, 0, 0, 0, 0, 0]
    assert np.isnan(found[8]).all()
    assert part_fractions(labels, 2, 1)[0, 1] == pytest.approx(4 / 32)
    with pytest.raises(PremaskError, match="7 x 7 parts; 1 to 6"):
        part_fractions(labels, 2, 7)


@given(st.lists(st.integers(0, 20).map(float), min_size=1, max_size=20))
def test_a_distribution_is_numpys(values):
    x = np.array(values)
    found = distribution(x, np.ones(len(x)))
    assert found.mean == pytest.approx(x.mean())
    if len(x) > 1:
        assert found.std == pytest.approx(x.std(ddof=1))
    assert found.percentiles == pytest.approx(np.percentile(x, PERCENTILES))
    assert (found.least, found.most) == (x.min(), x.max())


@given(
    st.lists(st.tuples(st.integers(0, 9).map(float), st.integers(1, 4)), min_size=1, max_size=12)
)
def test_whole_weights_are_repetitions(pairs):
    values, weights = (np.array(column, float) for column in zip(*pairs, strict=True))
    found = distribution(values, weights)
    repeated = np.repeat(values, weights.astype(int))
    assert found.mean == pytest.approx(repeated.mean())
    assert found.percentiles == pytest.approx(np.percentile(repeated, PERCENTILES))


def test_a_distribution_of_nothing_is_nothing():
    found = distribution(np.array([np.nan]), np.ones(1))
    assert found.n == 0
    assert found.to_dict() == {
        "n": 0, "mean": None, "std": None, "min": None, "p10": None, "p25": None,
        "p50": None, "p75": None, "p90": None, "max": None,
    }  # fmt: skip


@given(st.integers(0, 2**32 - 1), st.integers(2, 30))
def test_neighbours_are_those_of_all_pairs(seed, n):
    rng = np.random.default_rng(seed)
    x, y, phase = rng.random(n), rng.random(n), rng.integers(0, 3, n)
    points = np.stack([x, y], axis=1)
    distances = cdist(points, points)
    np.fill_diagonal(distances, np.inf)
    distances[phase[:, None] != phase] = np.inf
    nearest = distances.min(axis=1)
    found = nearest_of_phase(x, y, phase)
    assert np.array_equal(np.isnan(found), np.isinf(nearest))
    assert found[~np.isnan(found)] == pytest.approx(nearest[np.isfinite(nearest)])


@pytest.mark.parametrize("n", [20, 200])
def test_points_at_random_lie_as_far_apart_as_expected(n):
    rng = np.random.default_rng(n)
    phase = np.zeros(n, np.int64)
    means = [
        nearest_of_phase(rng.random(n) * 300, rng.random(n) * 100, phase).mean() for _ in range(400)
    ]
    # standard error about half a percent
    assert np.mean(means) == pytest.approx(expected_at_random(n, 300 * 100, 800), rel=0.02)
    assert math.isnan(expected_at_random(1, 1, 4))


def test_a_grid_of_discs_is_ordered_and_at_its_pitch():
    centres = [(x, y) for x in range(25, 500, 50) for y in range(25, 500, 50)]
    labels = map_of(*(disc((500, 500), centre, 8) for centre in centres))
    field, _ = measure_field(labels, 2, um_per_px=0.1)
    found = image_numbers(field)[1]
    assert (found.number, found.border, found.counted) == (100, 0, 100)
    assert found.nearest_neighbour.mean == pytest.approx(5.0)
    assert found.clustering > 1.8, "twice the distance at random on a square grid"
    assert found.number_per_area.mean == pytest.approx(100 / (50 * 50) * 1e6)
    assert found.sizes["equivalent_diameter"].mean == pytest.approx(1.6, rel=0.02)
    assert found.sizes["circularity"].mean == pytest.approx(1, abs=0.02)
    assert found.contacts.tolist() == [1, 0]


def test_a_specimen_counts_each_image_once_and_pools_its_pixels():
    small, large = np.zeros((20, 20), np.uint8), np.zeros((40, 40), np.uint8)
    small[:10] = 1
    large[:10] = 1
    fields = [measure_field(labels, 2)[0] for labels in (small, large)]
    found = specimen_numbers(fields)[1]
    assert found.fraction == over_fields([0.5, 0.25])
    assert found.pooled == pytest.approx((200 + 400) / (400 + 1600))
    assert found.number == found.border == 2
    assert found.counted == 0


def test_void_fields_do_not_count():
    labels = np.zeros((20, 20), np.uint8)
    labels[5:10, 5:10] = 1
    fields = [measure_field(m, 2)[0] for m in (labels, np.full((20, 20), 255, np.uint8))]
    found = specimen_numbers(fields)[1]
    assert found.fraction.n == 1
    assert found.number_per_area.n == 1
    assert found.pooled == pytest.approx(25 / 400)
    empty = image_numbers(fields[1])[0]
    assert json.loads(json.dumps(empty.to_dict(["a", "b"]), allow_nan=False))["fraction"] == {
        "n": 0, "mean": None, "std": None, "ci95": None, "relative_accuracy": None, "pooled": None,
    }  # fmt: skip


@given(labels=LABEL_MAPS, scale=st.floats(0.01, 10))
def test_a_scale_changes_lengths_and_nothing_else(labels, scale):
    px = image_numbers(measure_field(labels, 3)[0])
    um = image_numbers(measure_field(labels, 3, um_per_px=scale)[0])
    same = {"rel": 1e-9, "nan_ok": True}
    for a, b in zip(px, um, strict=True):
        assert b.fraction.mean == pytest.approx(a.fraction.mean, **same)
        assert (b.number, b.border, b.counted) == (a.number, a.border, a.counted)
        assert b.sizes["area"].mean == pytest.approx(a.sizes["area"].mean * scale**2, **same)
        assert b.sizes["feret_min"].median == pytest.approx(
            a.sizes["feret_min"].median * scale, **same
        )
        assert b.sizes["circularity"].mean == pytest.approx(a.sizes["circularity"].mean, **same)
        assert b.mean_intercept.mean == pytest.approx(a.mean_intercept.mean * scale, **same)
        assert b.number_per_area.mean == pytest.approx(a.number_per_area.mean / scale**2, **same)
        assert b.surface_per_volume.mean == pytest.approx(a.surface_per_volume.mean / scale, **same)
        assert b.at_random == pytest.approx(a.at_random * scale, **same)
        assert b.clustering == pytest.approx(a.clustering, **same)


@given(labels=LABEL_MAPS, border=st.sampled_from(["exclude", "include", "weighted"]))
def test_every_answer_is_json_and_adds_up(labels, border):
    field, index = measure_field(labels, 3, settings=Settings(border))
    found = image_numbers(field)
    answer = [one.to_dict("abc") for one in found]
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer
    pooled = [one.pooled for one in found]
    assert sum(pooled) == pytest.approx(1) or np.isnan(pooled).all()
    assert sum(one.number for one in found) == len(field.particles) == index.max() + 1
    for one in found:
        assert one.counted <= one.number
        assert np.nansum(one.contacts) == pytest.approx(1) or np.isnan(one.contacts).all()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"label_map": [[0, 7]]}, "value 7"),
        ({"label_map": [0, 1]}, "shape"),
        ({"n_phases": 0}, "number of phases is 0"),
        ({"um_per_px": 0.0}, "scale is 0"),
        ({"um_per_px": math.nan}, "scale is nan"),
        ({"um_per_px": math.inf}, "scale is inf"),
    ],
)
def test_what_cannot_be_measured_is_told(arguments, told):
    given_ = {"label_map": [[0, 1]], "n_phases": 2, **arguments}
    with pytest.raises(PremaskError, match=told):
        measure_field(**given_)


def test_fields_in_two_units_are_no_specimen():
    labels = np.zeros((5, 5), np.uint8)
    mixed = [measure_field(labels, 1)[0], measure_field(labels, 1, um_per_px=1)[0]]
    with pytest.raises(PremaskError, match="some in px"):
        specimen_numbers(mixed)
    with pytest.raises(PremaskError, match="no field"):
        specimen_numbers([])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"border": "excluded"}, "did you mean exclude"),
        ({"connectivity": 6}, "connectivity is 6; 8 and 4"),
        ({"min_px": 0}, "has 0 px"),
        ({"parts": 0}, "0 x 0 parts; 1 to 50"),
        ({"parts": 51}, "51 x 51 parts; 1 to 50"),
    ],
)
def test_other_settings_are_refused(options, told):
    with pytest.raises(PremaskError, match=told):
        Settings(**options)
