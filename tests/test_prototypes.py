"""Names from the images named so far."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from premask.core.errors import PremaskError
from premask.naming.descriptors import RegionDescriptors, describe
from premask.naming.prototypes import name_by_prototypes
from premask.naming.table import NameTable, make_table, unnamed
from premask.preannotators import methods

PHASE_GREY = (60, 120, 190)


def micrograph(seed, offset=0, n_bands=6, width=24):
    """Bands of three phases that differ in grey and in texture, and each pixel's phase."""
    rng = np.random.default_rng(seed)
    phase = np.repeat(rng.permutation(np.arange(n_bands) % 3), width)[:, None].repeat(96, axis=1)
    rough = np.array([3, 25, 10])[phase] * rng.normal(size=phase.shape)
    levels = np.array(PHASE_GREY)[phase] + offset + rough
    return np.clip(levels, 0, 255).astype(np.uint8), phase


def two_regions_per_phase(phase):
    """Left and right halves of each phase are different regions."""
    right = np.arange(phase.shape[1])[None] >= phase.shape[1] // 2
    return (phase + 3 * right).astype(np.uint8)


@st.composite
def candidates(draw, n_images=3):
    """Descriptors of arbitrary regions, and names for them."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    found = []
    for _ in range(n_images):
        n = draw(st.integers(1, 6))
        context = rng.random((n, n)) * (1 - np.eye(n))
        context /= np.maximum(context.sum(axis=1, keepdims=True), 1e-12)
        descriptors = RegionDescriptors(
            rng.dirichlet(np.ones(n)), rng.random((n, 5)), rng.random((n, 5)), context
        )
        found.append((descriptors, make_table(rng.integers(0, 4, n).tolist())))
    return found


def permuted(descriptors, order):
    return RegionDescriptors(
        descriptors.areas[order],
        descriptors.means[order],
        descriptors.ranks[order],
        descriptors.context[np.ix_(order, order)],
    )


def test_a_phase_gets_the_same_name_in_an_image_of_another_brightness():
    image, phase = micrograph(0)
    named = describe(image, two_regions_per_phase(phase))
    for seed, offset in ((1, 0), (2, 25), (3, -25)):
        image, phase = micrograph(seed, offset)
        new = describe(image, two_regions_per_phase(phase))
        table = name_by_prototypes([(named, make_table([0, 1, 2, 0, 1, 2]))], new, 3)
        assert table.names == (0, 1, 2, 0, 1, 2)
        assert table.source == "prototypes"
        assert min(table.margins) > 0.3


def test_a_region_that_mixes_two_phases_is_the_one_to_check_first():
    image, phase = micrograph(0)
    named = [(describe(image, phase.astype(np.uint8)), make_table([0, 1, 2]))]
    image, phase = micrograph(1, n_bands=9)
    regions = phase.astype(np.uint8)
    regions[np.isin(phase, [0, 2]) & (np.indices(phase.shape)[1] % 8 < 4)] = 3
    table = name_by_prototypes(named, describe(image, regions), 3)
    assert table.names[:3] == (0, 1, 2)
    assert table.check_first()[0] == 3


@pytest.mark.parametrize("method", ["multi-otsu", "kmeans"])
@pytest.mark.parametrize("n_regions", [3, 12])
def test_candidates_of_any_method_and_number_are_named(method, n_regions):
    tables, found = [], []
    for seed in (0, 1):
        image, phase = micrograph(seed, width=64)
        image = cv2.GaussianBlur(image, (0, 0), 2)
        regions = methods.run(image, method, n_regions)
        found.append(describe(image, regions))
        majority = [int(np.bincount(phase[regions == r]).argmax()) for r in range(len(found[-1]))]
        tables.append(make_table(majority))
    table = name_by_prototypes([(found[0], tables[0])], found[1], 3)
    assert table.complete
    right = np.array(table.names) == np.array(tables[1].names)
    assert found[1].areas[right].sum() > 0.9


def test_only_allowed_phases_are_given():
    image, phase = micrograph(0)
    found = describe(image, phase.astype(np.uint8))
    named = [(found, make_table([0, 1, 2]))]
    image, phase = micrograph(1)
    table = name_by_prototypes(named, describe(image, phase.astype(np.uint8)), 3, allowed=[0, 2])
    assert set(table.names) <= {0, 2}
    assert table.names[0] == 0
    assert table.names[2] == 2


def test_regions_without_a_name_are_no_prototypes_and_absent_regions_get_no_name():
    image, phase = micrograph(0)
    found = describe(image, phase.astype(np.uint8), n_regions=4)
    half = NameTable((0, None, 2, None), (1.0, 0.0, 1.0, 0.0))
    table = name_by_prototypes([(found, half)], found, 3)
    assert table.names[0] == 0
    assert table.names[1] in {0, 2}
    assert table.names[2:] == (2, None)
    assert table.margins[3] == 0


def test_nothing_to_compare_with_is_an_error_that_says_what_to_do():
    image, phase = micrograph(0)
    found = describe(image, phase.astype(np.uint8))
    for named in ([], [(found, unnamed(3))]):
        with pytest.raises(PremaskError, match=r"no named region.*by hand first"):
            name_by_prototypes(named, found, 3)
    with pytest.raises(PremaskError, match="no named region"):
        name_by_prototypes([(found, make_table([0, 0, 0]))], found, 3, allowed=[1])


def test_a_table_of_another_image_or_project_is_refused():
    image, phase = micrograph(0)
    found = describe(image, phase.astype(np.uint8))
    with pytest.raises(PremaskError, match=r"table of 2 regions.*image of 3"):
        name_by_prototypes([(found, make_table([0, 1]))], found, 3)
    with pytest.raises(PremaskError, match=r"named 7.*3 phases"):
        name_by_prototypes([(found, make_table([0, 1, 7]))], found, 3)


@settings(max_examples=60, deadline=None)
@given(candidates())
def test_an_image_among_the_prototypes_gets_its_own_names_back(found):
    for descriptors, names in found:
        table = name_by_prototypes(found, descriptors, 4)
        assert table.names == names.names
        assert table.margins == (1.0,) * len(names)


@settings(max_examples=60, deadline=None)
@given(candidates(), st.data())
def test_margins_are_shares_and_permuted_regions_permute_the_table(found, data):
    *named, (new, _) = found
    table = name_by_prototypes(named, new, 4)
    assert all(0 <= margin <= 1 for margin in table.margins)
    assert {*table.names} <= {name for _, names in named for name in names.names}
    order = np.array(data.draw(st.permutations(range(len(new)))))
    other = name_by_prototypes(named, permuted(new, order), 4)
    assert other.names == tuple(table.names[i] for i in order)
    assert other.margins == pytest.approx([table.margins[i] for i in order], abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(candidates())
def test_the_order_of_the_named_images_does_not_matter(found):
    *named, (new, _) = found
    table, other = (name_by_prototypes(each, new, 4) for each in (named, named[::-1]))
    assert other.names == table.names
    assert other.margins == pytest.approx(table.margins, abs=1e-9)
