"""Crops: what is drawn how often, labels that stay on their pixels, sizes, faults."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from premask.core.errors import PremaskError
from premask.train.augment import AUGMENTATIONS, chosen
from premask.train.config import Config, changed, make_config
from premask.train.data import Sample, crop_side, draw, keep, make_crop, make_index

EVERY = tuple(AUGMENTATIONS)


def sample(levels: np.ndarray, labels: np.ndarray, stem: str = "a") -> Sample:
    return Sample(stem, lambda: (levels, labels))


def rare(shape: tuple[int, int] = (100, 120)) -> Sample:
    """One image; phase 1 is 4 of 12,000 px, phase 2 a third."""
    labels = np.zeros(shape, np.uint8)
    labels[:, 80:] = 2
    labels[50:52, 30:32] = 1
    return sample((labels * 100).astype(np.uint8), labels)


def crops(samples: list[Sample], n: int, **knobs: object) -> list[tuple[np.ndarray, np.ndarray]]:
    index = make_index(samples, 3)
    given = {"crop": 32, "channels": 1, "balance": 0.0, "augment": ()} | knobs
    return [
        make_crop(samples, index, rng=np.random.default_rng([7, i]), **given)  # type: ignore[arg-type]
        for i in range(n)
    ]


def test_index_counts_and_places() -> None:
    index = make_index([rare()], 3)
    assert index.pixels.tolist() == [100 * 80 - 4, 4, 4000]
    assert sorted(index.places[1][0].tolist()) == [6030, 6031, 6150, 6151]
    assert index.shapes == ((100, 120),)
    assert not index.coloured


def test_balanced_crops_show_rare_phases() -> None:
    shown = [np.unique(labels) for _, labels in crops([rare()], 120, balance=1.0)]
    with_rare = sum(1 in phases for phases in shown) / len(shown)
    assert 0.25 < with_rare < 0.6  # a third are drawn for it, and some neighbours show it too
    plain = [np.unique(labels) for _, labels in crops([rare()], 120, balance=0.0)]
    assert sum(1 in phases for phases in plain) < sum(1 in phases for phases in shown)


def test_a_drawn_phase_lies_in_the_window() -> None:
    labels = np.zeros((64, 64), np.uint8)
    labels[3, 60] = 1
    index = make_index([sample(labels, labels)], 2)
    index.pixels[0] = 0  # only phase 1 can be drawn
    for i in range(50):
        number, top, left = draw(index, 1.0, 16, np.random.default_rng(i))
        assert number == 0
        assert top <= 3 < top + 16
        assert left <= 60 < left + 16
        assert 0 <= top <= 48
        assert 0 <= left <= 48


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 90), st.integers(1, 90), st.sampled_from([32, 64]), st.integers(0, 2**31 - 1))
def test_labels_stay_on_their_pixels(height: int, width: int, crop: int, seed: int) -> None:
    """Grey levels that tell the phase still tell it after whatever moved the pixels."""
    labels = np.random.default_rng(seed).integers(0, 3, (height, width), np.uint8)
    one = sample((labels * 100).astype(np.uint8), labels)
    index = make_index([one], 3)
    for augment in (("flip", "turn"), ("flip", "turn", "grey", "blur", "noise", "scale")):
        levels, truth = make_crop(
            [one],
            index,
            crop=crop,
            channels=1,
            balance=0.5,
            augment=augment,
            rng=np.random.default_rng(seed),
        )
        assert levels.shape == (1, crop, crop)
        assert levels.dtype == np.float32
        assert truth.shape == (crop, crop)
        assert truth.dtype == np.int64
        assert 0 <= levels.min() <= levels.max() <= 255
        assert set(np.unique(truth)) <= set(np.unique(labels).tolist())
        if "grey" not in augment:
            assert np.array_equal(levels[0], truth * 100)


def test_scale_changes_the_size_of_things() -> None:
    labels = np.zeros((200, 200), np.uint8)
    labels[::20] = 1  # lines 20 px apart
    one = sample((labels * 255).astype(np.uint8), labels)
    counts = {
        int((np.diff(np.flatnonzero(truth[:, 0])) > 1).sum())
        for _, truth in crops([one], 40, crop=96, augment=("scale",))
    }
    plain = {
        int((np.diff(np.flatnonzero(truth[:, 0])) > 1).sum())
        for _, truth in crops([one], 40, crop=96)
    }
    assert plain <= {3, 4}
    assert max(counts) > 4
    assert min(counts) < 3


def test_same_seed_same_crop() -> None:
    first, again = (crops([rare()], 5, balance=0.5, augment=EVERY) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        assert np.array_equal(one[0], other[0])
        assert np.array_equal(one[1], other[1])
    assert not np.array_equal(first[0][0], first[1][0])


def test_void_is_kept_and_never_drawn() -> None:
    labels = np.full((40, 40), 255, np.uint8)
    labels[:20] = 0
    index = make_index([sample(labels, labels)], 2)
    assert index.pixels.tolist() == [800, 0]
    assert (crops([sample(labels, labels)], 1, crop=64)[0][1] == 255).any()


def test_colour_and_grey_images_together() -> None:
    grey = np.full((40, 40), 9, np.uint8)
    colour = np.dstack([grey, grey + 1, grey + 2]).astype(np.uint8)
    labels = np.zeros((40, 40), np.uint8)
    samples = [sample(grey, labels, "g"), sample(colour, labels, "c")]
    assert make_index(samples, 1).coloured
    made = crops(samples, 20, channels=3)
    levels = {tuple(one[0][:, 0, 0]) for one in made}
    assert levels == {(9.0, 9.0, 9.0), (9.0, 10.0, 11.0)}


def test_images_are_read_once_while_they_fit() -> None:
    reads = []

    def read() -> tuple[np.ndarray, np.ndarray]:
        reads.append(1)
        return np.zeros((10, 10), np.uint8), np.zeros((10, 10), np.uint8)

    kept = keep([Sample("a", read)])[0]
    for _ in range(3):
        kept.read()
    assert len(reads) == 1
    beyond = keep([Sample("a", read)], budget=100)[0]
    for _ in range(3):
        beyond.read()
    assert len(reads) == 4


def test_crops_are_no_larger_than_the_images() -> None:
    assert crop_side(make_index([rare()], 3), 512) == 128
    assert crop_side(make_index([rare()], 3), 64) == 64


def test_what_cannot_be_trained_on_is_refused() -> None:
    good = np.zeros((8, 8), np.uint8)
    with pytest.raises(PremaskError, match="no image to train on"):
        make_index([], 2)
    with pytest.raises(PremaskError, match="a: the image is 8x8 px and its label map 9x8"):
        make_index([sample(good, np.zeros((8, 9), np.uint8))], 2)
    with pytest.raises(PremaskError, match="a: the label map has the value 3 in 64 px; 0 to 2"):
        make_index([sample(good, good + np.uint8(3))], 3)
    with pytest.raises(PremaskError, match="no pixel of the training images is labelled"):
        make_index([sample(good, good + np.uint8(255))], 3)


def test_augmentations_are_chosen_by_name() -> None:
    assert chosen("none") == ()
    assert chosen(Config().augment) == EVERY
    with pytest.raises(PremaskError, match=r"no augmentation 'flop'.*did you mean flip"):
        chosen("flop")


def test_knobs_are_read_and_checked() -> None:
    config = make_config("minutes", {"crop": "128", "learning-rate": "2e-4", "loss": "dice"})
    assert (config.crop, config.learning_rate, config.loss) == (128, 2e-4, "dice")
    assert changed(config, make_config("minutes")) == [
        "loss dice (cross-entropy+dice)",
        "crop 128 (256)",
        f"learning_rate 0.0002 ({make_config('minutes').learning_rate})",
    ]
    for knobs, message in (
        ({"corp": 3}, "no knob 'corp'.*did you mean crop"),
        ({"crop": "wide"}, "crop is 'wide'; a whole number"),
        ({"crop": 100}, "crop is 100; a multiple of 32"),
        ({"balance": 2}, "balance is 2.*0 to 1 is accepted"),
        ({"learning_rate": "nan"}, "learning_rate is nan"),
        ({"validation": "test"}, "validation is 'test'; auto, val, hold-out, none"),
    ):
        with pytest.raises(PremaskError, match=message):
            make_config(given=knobs)
    with pytest.raises(PremaskError, match=r"preset is 'papers'.*did you mean paper"):
        make_config("papers")


def test_the_paper_is_the_default() -> None:
    config = make_config()
    assert (config.architecture, config.encoder) == ("deeplabv3plus", "efficientnet-b0")
    assert (config.epochs, config.patience) == (200, 30)
    assert config.class_weights != "none"
