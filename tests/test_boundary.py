from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import binary_erosion, distance_transform_edt

from premask.core.errors import PremaskError
from premask.evaluate.boundary import boundary, boundary_pixels
from premask.evaluate.distances import squared_distances

LABEL_MAPS = arrays(np.uint8, (7, 8), elements=st.sampled_from([0, 1, 2, 255]))


def square(top: int, left: int, size: int, shape: tuple[int, int] = (20, 24)) -> np.ndarray:
    labels = np.zeros(shape, np.uint8)
    labels[top : top + size, left : left + size] = 1
    return labels


def naive_boundary(labels: np.ndarray, counted: np.ndarray) -> dict[int, list[tuple[int, int]]]:
    """Boundary pixels of each label, straight from the definition."""
    height, width = labels.shape
    found: dict[int, list[tuple[int, int]]] = {0: [], 1: [], 2: []}
    for y in range(height):
        for x in range(width):
            near = [(y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)]
            inside = [p for p in near if 0 <= p[0] < height and 0 <= p[1] < width and counted[p]]
            differs = any(labels[p] != labels[y, x] for p in inside)
            if counted[y, x] and labels[y, x] != 255 and differs:
                found[int(labels[y, x])].append((y, x))
    return found


def test_boundary_has_both_sides_and_leaves_the_edge_of_the_image_out():
    labels = np.array([[0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0]], np.uint8)
    v = 255
    assert boundary_pixels(labels).tolist() == [[v, v, 0, 1], [v, v, 0, 1], [v, v, v, 0]]


def test_boundary_agrees_with_scipy_erosion():
    labels = np.random.default_rng(0).integers(0, 3, (30, 40)).astype(np.uint8)
    edge = boundary_pixels(labels)
    for phase in range(3):
        inner = binary_erosion(labels == phase, border_value=1)
        np.testing.assert_array_equal(edge == phase, (labels == phase) & ~inner)


def test_distances_agree_with_scipy_distance_transform():
    rng = np.random.default_rng(1)
    for density in (0.3, 0.01, 0.001):
        others = np.where(rng.random((90, 70)) < density, 4, 255).astype(np.uint8)
        others[5, 60] = 4
        pixels = np.where(rng.random((90, 70)) < 0.2, 4, 0).astype(np.uint8)
        expected = distance_transform_edt(others != 4)[pixels == 4]
        found = squared_distances(pixels, others, 4, int((pixels == 4).sum()))
        np.testing.assert_allclose(np.sqrt(found), expected)


def test_a_square_moved_within_the_tolerance_matches_and_beyond_it_does_not():
    near = boundary(square(5, 8, 6), square(5, 5, 6), 2, tolerance=3)
    assert near.f1.tolist() == [1, 1]
    strict = boundary(square(5, 8, 6), square(5, 5, 6), 2, tolerance=2)
    # the left side (6 px) lies 3 px from the other's, the rest 2 px or less
    assert strict.truth.tolist() == [24, 20]
    assert strict.truth_matched[1] == strict.predicted_matched[1] == 14
    assert strict.f1[1] == pytest.approx(14 / 20)


def test_tolerance_is_met_exactly():
    truth, prediction = square(5, 5, 1), square(7, 7, 1)  # sqrt(8) px apart
    assert boundary(prediction, truth, 2, tolerance=8**0.5).f1[1] == 1
    assert boundary(prediction, truth, 2, tolerance=2.828).f1[1] == 0


def test_boundary_f1_is_the_harmonic_mean_of_summed_shares():
    truth = square(2, 2, 3)
    prediction = truth | square(14, 14, 5)  # a whole square too many: 16 boundary pixels
    found = boundary(prediction, truth, 2)
    assert (found.predicted[1], found.predicted_matched[1]) == (24, 8)
    assert (found.truth[1], found.truth_matched[1]) == (8, 8)
    assert found.precision[1] == pytest.approx(1 / 3)
    assert found.recall[1] == 1
    assert found.f1[1] == pytest.approx(0.5)
    both = found + boundary(truth, truth, 2)
    assert both.precision[1] == pytest.approx(16 / 32)
    assert both.f1[1] == pytest.approx(2 / 3)


def test_phase_that_only_one_map_has_scores_zero_and_leaves_hausdorff_undefined():
    found = boundary(np.zeros((20, 24), np.uint8), square(5, 5, 6), 3)
    np.testing.assert_array_equal(found.f1, [0, 0, np.nan])
    assert found.undefined.tolist() == [1, 1, 0]
    assert np.isnan(found.hausdorff)
    assert np.isnan(found.hausdorff95)
    found += boundary(square(5, 8, 6), square(5, 5, 6), 3)
    assert found.hausdorff == 3  # left out, not counted as 0
    assert (found.defined.tolist(), found.undefined.tolist()) == ([1, 1, 0], [1, 1, 0])


def test_mean_is_over_the_phases_present():
    prediction = square(2, 2, 4)
    prediction[15:18, 15:18] = 2
    found = boundary(prediction, square(2, 2, 4), 3)
    assert found.f1[2] == 0
    present = np.array([True, True, False])
    assert found.mean_f1(present) == pytest.approx(found.f1[:2].mean())
    assert found.mean_f1(~present) == 0


def test_one_phase_alone_has_no_boundary_figures():
    found = boundary(np.zeros((4, 5), np.uint8), np.zeros((4, 5), np.uint8), 2)
    assert np.isnan(found.mean_f1(np.array([True, False])))
    assert found.undefined.tolist() == [1, 0]


def test_void_in_the_truth_is_no_boundary_and_hides_the_prediction_there():
    truth = np.zeros((9, 12), np.uint8)
    truth[:, 4:8] = 255
    truth[:, 8:] = 1
    prediction = np.zeros((9, 12), np.uint8)
    prediction[:, 6:] = 1
    found = boundary(prediction, truth, 2)
    assert found.truth.tolist() == [0, 0]
    assert found.predicted.tolist() == [0, 0]


def test_void_in_the_prediction_alone_is_another_label():
    truth, prediction = square(5, 5, 6), square(5, 5, 6)
    prediction[12:15, 15:20] = 255
    found = boundary(prediction, truth, 2)
    assert found.predicted[0] == found.truth[0] + 2 * (3 + 5)
    assert found.f1[0] < 1
    assert found.f1[1] == 1


def test_hausdorff_agrees_with_scikit_image_and_scipy():
    from skimage.metrics import hausdorff_distance

    rng = np.random.default_rng(5)
    truth = np.digitize(distance_transform_edt(rng.random((80, 90)) > 0.01), [3, 5]).astype(
        np.uint8
    )
    prediction = np.roll(truth, (2, 5), (0, 1))
    prediction[40:44, 40:44] = 2
    found = boundary(prediction, truth, 3)
    for phase in range(3):
        edges = [boundary_pixels(labels) == phase for labels in (prediction, truth)]
        assert found.maxima[phase] == pytest.approx(hausdorff_distance(*edges))
        directed = [distance_transform_edt(~b)[a] for a, b in (edges, edges[::-1])]
        worst = max(np.percentile(distances, 95) for distances in directed)
        assert found.percentiles[phase] == pytest.approx(worst)
    assert found.hausdorff == pytest.approx(found.maxima.mean())
    assert found.hausdorff95 == pytest.approx(found.percentiles.mean())


def test_a_hole_inside_a_grain_counts_as_far_from_its_outline():
    truth = square(2, 2, 15)
    prediction = truth.copy()
    prediction[9, 9] = 0
    assert boundary(prediction, truth, 2).maxima[1] == 6  # (8, 9) to the outline at row 2


@settings(max_examples=60, deadline=None)
@given(LABEL_MAPS, LABEL_MAPS, st.sampled_from([0, 1, 1.5, 3]))
def test_counts_agree_with_brute_force(prediction, truth, tolerance):
    found = boundary(prediction, truth, 3, tolerance=tolerance)
    counted = truth != 255
    mine, true = naive_boundary(prediction, counted), naive_boundary(truth, counted)

    def matched(points, others):
        return sum(any(np.hypot(y - v, x - u) <= tolerance for v, u in others) for y, x in points)

    for phase in range(3):
        assert found.predicted[phase] == len(mine[phase])
        assert found.truth[phase] == len(true[phase])
        assert found.predicted_matched[phase] == matched(mine[phase], true[phase])
        assert found.truth_matched[phase] == matched(true[phase], mine[phase])


@settings(deadline=None)
@given(LABEL_MAPS)
def test_a_map_agrees_with_itself(truth):
    found = boundary(truth, truth, 3)
    assert (found.f1[found.truth > 0] == 1).all()
    assert (found.maxima == 0).all()


@settings(deadline=None)
@given(LABEL_MAPS, LABEL_MAPS)
def test_roles_are_symmetric_without_void(prediction, truth):
    prediction, truth = prediction % 255, truth % 255
    one, other = boundary(prediction, truth, 3), boundary(truth, prediction, 3)
    np.testing.assert_array_equal(one.f1, other.f1)
    np.testing.assert_array_equal(one.maxima, other.maxima)
    np.testing.assert_array_equal(one.percentiles, other.percentiles)


def test_counts_within_different_tolerances_cannot_be_added():
    truth = square(2, 2, 4)
    with pytest.raises(PremaskError, match="3 px and 2 px cannot be added"):
        boundary(truth, truth, 2) + boundary(truth, truth, 2, tolerance=2)
