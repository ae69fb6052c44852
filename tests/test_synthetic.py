"""Synthetic micrographs: deterministic, exact in their truth, and not to be had by grey alone."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage
from scipy.optimize import linear_sum_assignment

from premask import PremaskError
from premask.synthetic import BY_TYPE, INSIDE, KINDS, PHASES, synthesize
from premask.synthetic.bar import BAR_HEIGHT, information_bar
from premask.synthetic.fields import border_distance, cells, lowest_share, smooth_noise

ALPHA, TIB2, TIN, FETIB, FE2B = range(5)
FULL = (959, 1280)

# Lowest and highest share of each phase in %, about the paper's Table 4 split by type.
SHARES = {
    "I": {ALPHA: (65, 80), TIB2: (0.5, 3), TIN: (0.01, 0.2), FETIB: (18, 30)},
    "II": {ALPHA: (78, 90), TIB2: (9, 21), TIN: (0.1, 0.6)},
    "III": {ALPHA: (62, 80), TIB2: (2, 7), TIN: (0.05, 0.4), FE2B: (16, 30)},
}


def best_one_to_one(regions: NDArray[np.int64], truth: NDArray[np.uint8]) -> float:
    """Mean IoU over the phases present, with the one-to-one naming that makes it largest."""
    phases = np.unique(truth)
    overlap = np.array(
        [[np.sum((truth == p) & (regions == r)) for r in np.unique(regions)] for p in phases]
    )
    union = overlap.sum(1, keepdims=True) + overlap.sum(0) - overlap
    iou = overlap / union
    rows, columns = linear_sum_assignment(-iou)
    return float(iou[rows, columns].sum() / len(phases))


@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_gives_the_same_bytes(kind: str) -> None:
    first, again = (synthesize(kind, seed=5, shape=(200, 260)) for _ in range(2))
    other = synthesize(kind, seed=6, shape=(200, 260))
    digest = [
        hashlib.sha256(m.image.tobytes() + m.truth.tobytes()).hexdigest()
        for m in (first, again, other)
    ]
    assert digest[0] == digest[1]
    assert digest[0] != digest[2]


def test_kinds_of_one_seed_are_different_places() -> None:
    truths = [synthesize(kind, shape=(200, 260)).truth == TIB2 for kind in KINDS]
    assert not np.array_equal(truths[0], truths[1])
    assert not np.array_equal(truths[1], truths[2])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_full_frame_has_the_shares_of_its_type(kind: str, seed: int) -> None:
    made = synthesize(kind, seed=seed)
    assert made.image.shape == made.truth.shape == FULL
    assert made.image.dtype == made.truth.dtype == np.uint8
    assert made.bar == 0
    assert 0.01 < made.um_per_px < 1
    present = {PHASES[i] for i in np.unique(made.truth)}
    assert present == set(BY_TYPE[kind])
    for phase, (low, high) in SHARES[kind].items():
        share = 100 * float(np.mean(made.truth == phase))
        assert low < share < high, (PHASES[phase], share)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_multi_otsu_stays_under_80_percent(kind: str, seed: int) -> None:
    from skimage.filters import threshold_multiotsu

    made = synthesize(kind, seed=seed)
    image, truth = made.image[::3, ::3], made.truth[::3, ::3]
    thresholds = threshold_multiotsu(image, classes=len(BY_TYPE[kind]))
    assert best_one_to_one(np.digitize(image, thresholds), truth) < 0.8


@pytest.mark.parametrize(("kind", "gain"), [("I", 0.15), ("III", 0.07)])
def test_texture_tells_what_grey_does_not(kind: str, gain: float) -> None:
    """The eutectic phase: local grey and local variation find more of it than grey."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    made = synthesize(kind, seed=1)
    image = made.image.astype(np.float32)
    truth = made.truth > TIN
    mean = ndimage.gaussian_filter(image, 3)
    detail = image - ndimage.gaussian_filter(image, 2)
    deviation = np.sqrt(ndimage.gaussian_filter(detail**2, 3))

    def iou(features: list[NDArray[np.float32]]) -> float:
        table = np.stack([f[::4, ::4].ravel() for f in features], axis=1)
        wanted = truth[::4, ::4].ravel()
        found = LinearDiscriminantAnalysis().fit(table, wanted).predict(table)
        return float(np.sum(found & wanted) / np.sum(found | wanted))

    assert iou([mean, deviation]) > iou([image]) + gain


@pytest.mark.parametrize("kind", KINDS)
def test_tin_lies_only_inside_tib2(kind: str) -> None:
    assert INSIDE == {"TiN": ("TiB2",)}
    truth = synthesize(kind, seed=4, shape=(500, 700)).truth
    tin = truth == TIN
    assert tin.any()
    around = ndimage.binary_dilation(tin, np.ones((3, 3), bool)) & ~tin
    assert set(np.unique(truth[around])) == {TIB2}
    edge = np.concatenate([truth[0], truth[-1], truth[:, 0], truth[:, -1]])
    assert TIN not in edge


@settings(max_examples=20, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    seed=st.integers(0, 2**32),
    height=st.integers(64, 150),
    width=st.integers(64, 150),
)
def test_small_frames_show_only_what_their_type_allows(
    kind: str, seed: int, height: int, width: int
) -> None:
    made = synthesize(kind, seed=seed, shape=(height, width))
    assert made.image.shape == made.truth.shape == (height, width)
    assert {PHASES[i] for i in np.unique(made.truth)} <= set(BY_TYPE[kind])
    assert made.image.min() < made.image.max()


def test_bar_is_opaque_and_the_image_above_it_is_unchanged() -> None:
    plain = synthesize("I", seed=2, shape=(200, 400))
    barred = synthesize("I", seed=2, shape=(200, 400), with_bar=True)
    assert barred.bar == BAR_HEIGHT == 65
    assert barred.image.shape == (265, 400)
    assert barred.truth.shape == (200, 400)
    assert np.array_equal(barred.image[:200], plain.image)
    assert np.median(barred.image[200:]) == 12
    assert barred.image[200:].max() > 200


@pytest.mark.parametrize("um_per_px", [0.001, 0.05, 0.08, 3.0])
def test_scale_bar_has_a_round_length(um_per_px: float) -> None:
    bar = information_bar(1280, um_per_px, "text that is much too long " * 20)
    lit = np.flatnonzero(bar[44] == 245)
    length_um = (lit.max() - lit.min()) * um_per_px
    round_lengths = [m * 10.0**e for m in (1, 2, 5) for e in range(-3, 5)]
    assert min(abs(length_um - r) / r for r in round_lengths) < 0.02
    assert length_um <= 1280 * um_per_px / 5 * 1.02


def test_unknown_kind_and_shape_say_what_is_accepted() -> None:
    with pytest.raises(PremaskError, match=r"no kind 'IV'.*I, II, III are accepted"):
        synthesize("IV")
    with pytest.raises(PremaskError, match="the seed is -1"):
        synthesize("I", seed=-1)
    with pytest.raises(PremaskError, match="64 to 16384 px"):
        synthesize("I", shape=(10, 100))


def test_smooth_noise_is_normed_and_as_wide_as_told() -> None:
    rng = np.random.default_rng(0)
    narrow, wide = (smooth_noise(rng, (200, 300), scale) for scale in (6, 40))
    for field in (narrow, wide):
        assert field.shape == (200, 300)
        assert abs(float(field.mean())) < 1e-3
        assert abs(float(field.std()) - 1) < 1e-3
    slope = [float(np.abs(np.diff(field, axis=1)).mean()) for field in (narrow, wide)]
    assert slope[0] > 3 * slope[1]


def test_cells_have_the_spacing_asked_for() -> None:
    numbers = cells(np.random.default_rng(1), (400, 600), 50)
    expected = 400 * 600 / 50**2
    assert 0.6 * expected < len(np.unique(numbers)) < 1.8 * expected
    distance = border_distance(numbers)
    assert distance.min() == 0
    assert 10 < distance.max() < 100


def test_distance_is_finite_where_there_is_no_border() -> None:
    assert border_distance(np.zeros((30, 40), np.int32)).max() <= 70


def test_lowest_share_takes_exactly_that_share() -> None:
    field = np.random.default_rng(2).permutation(1000).reshape(20, 50).astype(np.float32)
    among = field >= 100
    chosen = lowest_share(field, 0.25, among)
    assert chosen.sum() == 250
    assert field[chosen].max() == 349
    assert not lowest_share(field, 0.0, among).any()
