"""Kanezaki's network: the reference's structure and losses, and what the method promises."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.preannotators.cnn import cnn, majority
from premask.preannotators.cnn_network import build, continuity, forward, train
from premask.preannotators.cnn_presets import (
    PRESETS,
    network_shape,
    reference_channels,
    texture_channels,
)

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch


def two_textures(side: int = 128) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Fine stripes on the left, flat noise on the right, with the same mean grey level."""
    rng = np.random.default_rng(0)
    truth = np.zeros((side, side), np.uint8)
    truth[:, side // 2 :] = 1
    stripes = np.where(np.arange(side)[:, None] // 2 % 2 == 0, 70, 170)
    grey = np.where(truth == 0, stripes, 120) + rng.normal(0, 4, (side, side))
    return np.clip(grey, 0, 255).astype(np.uint8), truth


def authors_network(channels: int) -> object:
    """The network of the authors' repositories, written with torch's own modules."""
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(3, channels, 3, padding=1),
        nn.ReLU(),
        nn.BatchNorm2d(channels),
        nn.Conv2d(channels, channels, 3, padding=1),
        nn.ReLU(),
        nn.BatchNorm2d(channels),
        nn.Conv2d(channels, channels, 1),
        nn.BatchNorm2d(channels),
    ).train()


def test_the_reference_network_has_the_authors_shapes() -> None:
    layers = build(3)
    assert [tuple(layer.weight.shape) for layer in layers] == [
        (100, 3, 3, 3),
        (100, 100, 3, 3),
        (100, 100, 1, 1),
    ]
    count = sum(p.numel() for layer in layers for p in layer.parameters)
    # 2,700 + 90,000 + 10,000 weights, and bias, scale and shift of three times 100.
    assert count == 103_600


def test_the_reference_preset_is_that_of_2020() -> None:
    preset = PRESETS["reference"]
    assert (preset.channels, preset.iterations, preset.continuity) == (100, 128, 1.0)
    assert (preset.longest_side, preset.min_labels, preset.superpixels) == (None, 3, "none")
    assert (PRESETS["reference-2018"].continuity, PRESETS["reference-2018"].superpixels) == (
        0.0,
        "slic",
    )


def test_the_network_starts_and_answers_as_the_authors_does() -> None:
    from torch import nn

    inputs = torch.rand(1, 3, 12, 9, generator=torch.Generator().manual_seed(1))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        authors = authors_network(10)
    assert isinstance(authors, nn.Module)
    ours = forward(build(3, channels=10, seed=5), inputs)
    torch.testing.assert_close(ours, authors(inputs))


def test_three_steps_train_as_the_authors_loop_does() -> None:
    from torch import nn

    inputs = torch.rand(1, 3, 12, 9, generator=torch.Generator().manual_seed(1))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        authors = authors_network(10)
    assert isinstance(authors, nn.Module)
    optimizer = torch.optim.SGD(authors.parameters(), lr=0.1, momentum=0.9)
    for _ in range(3):
        optimizer.zero_grad()
        flat = authors(inputs)[0].permute(1, 2, 0).reshape(-1, 10)
        picture = flat.reshape(12, 9, 10)
        down, right = picture[1:] - picture[:-1], picture[:, 1:] - picture[:, :-1]
        spatial = nn.L1Loss()(down, torch.zeros_like(down)) + nn.L1Loss()(
            right, torch.zeros_like(right)
        )
        loss = nn.CrossEntropyLoss()(flat, flat.argmax(dim=1)) + spatial
        loss.backward()
        optimizer.step()
    layers = build(3, channels=10, seed=5)
    assert train(layers, inputs, iterations=3, min_labels=1) == 3
    torch.testing.assert_close(forward(layers, inputs), authors(inputs), rtol=1e-3, atol=1e-4)


def test_continuity_is_the_mean_absolute_difference_of_both_directions() -> None:
    responses = torch.tensor([[[[0.0, 1.0, 3.0], [4.0, 4.0, 4.0]]]])
    # vertical: |4|, |3|, |1| -> 8/3; horizontal: |1|, |2|, 0, 0 -> 3/4
    assert float(continuity(responses)) == pytest.approx(8 / 3 + 3 / 4)


def test_training_stops_at_the_labels_asked_for() -> None:
    inputs = torch.rand(1, 3, 12, 12, generator=torch.Generator().manual_seed(0))
    assert train(build(3, channels=6), inputs, iterations=50, min_labels=6) == 1


def test_the_callers_random_state_and_threads_stay() -> None:
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    cnn(two_textures(32)[0], 2, iterations=2)
    assert torch.equal(before, torch.get_rng_state())
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize("grouping", ["responses", "argmax"])
def test_the_default_separates_two_textures_of_equal_grey(grouping: str) -> None:
    image, truth = two_textures()
    labels = cnn(image, 2, grouping=grouping)  # type: ignore[arg-type]
    agreement = float((labels == truth).mean())
    assert max(agreement, 1 - agreement) > 0.95


def test_the_same_seed_gives_the_same_bytes() -> None:
    image = two_textures(64)[0]
    first = cnn(image, 4, seed=3, iterations=5)
    assert first.tobytes() == cnn(image, 4, seed=3, iterations=5).tobytes()


@pytest.mark.parametrize("preset", list(PRESETS))
@pytest.mark.parametrize("n_classes", [2, 7])
def test_no_preset_returns_more_regions_than_asked_for(preset: str, n_classes: int) -> None:
    image = two_textures(48)[0]
    labels = cnn(image, n_classes, preset=preset, iterations=2)
    assert labels.shape == image.shape
    assert set(np.unique(labels)) == set(range(n_classes))


@pytest.mark.parametrize("preset", list(PRESETS))
def test_colours_and_16_bit_are_taken(preset: str) -> None:
    grey = two_textures(40)[0]
    colour = np.stack([grey, 255 - grey, grey // 2], axis=2)
    deep = grey.astype(np.uint16) * 200 + 31
    for image in (colour, deep):
        labels = cnn(image, 3, preset=preset, iterations=2)
        assert labels.shape == (40, 40)
        assert int(labels.max()) == 2


def test_the_result_is_as_large_as_the_image_whatever_the_network_sees() -> None:
    image = two_textures(96)[0][:, :70]
    for preset in ("reference", "fast"):
        assert cnn(image, 2, preset=preset, iterations=2, longest_side=32).shape == (96, 70)


def test_fragments_bound_the_connected_pieces() -> None:
    from skimage.measure import label

    image = np.random.default_rng(0).integers(0, 255, (96, 96), dtype=np.uint8)
    labels = cnn(image, 5, iterations=3, fragments=20)
    assert label(labels + 1, connectivity=1).max() <= 20


def test_the_authors_colours_are_blue_first_from_0_to_1() -> None:
    image = np.zeros((20, 20, 3), np.uint8)
    image[..., 0] = 255
    assert reference_channels(image, (20, 20))[:, 0, 0].tolist() == [0.0, 0.0, 1.0]
    assert reference_channels(image[..., 0], (20, 20))[:, 0, 0].tolist() == [1.0, 1.0, 1.0]


def test_texture_channels_are_standardised() -> None:
    channels = texture_channels(two_textures(64)[0], (32, 32))
    assert channels.shape == (5, 32, 32)
    np.testing.assert_allclose(channels.mean(axis=(1, 2)), 0, atol=1e-4)
    np.testing.assert_allclose(channels.std(axis=(1, 2)), 1, atol=1e-4)


def test_the_network_sees_no_more_than_the_longest_side() -> None:
    image = np.zeros((959, 1280), np.uint8)
    assert network_shape(image, 256) == (192, 256)
    assert network_shape(image, None) == (959, 1280)
    assert network_shape(np.zeros((20, 4000), np.uint8), 256) == (16, 256)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000))
def test_the_majority_of_each_superpixel_is_its_mode(seed: int) -> None:
    rng = np.random.default_rng(seed)
    superpixels = np.unique(rng.integers(0, 6, (8, 9)), return_inverse=True)[1]
    superpixels = superpixels.reshape(8, 9).astype(np.int32)
    labels = rng.integers(0, 5, (8, 9))
    found = majority(labels, superpixels)
    for i in range(superpixels.max() + 1):
        expected = np.bincount(labels[superpixels == i]).argmax()
        assert (found[superpixels == i] == expected).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"preset": "refrence"}, r"no preset 'refrence'.*did you mean reference"),
        ({"iterations": 0}, "iterations is 0; 1 to 10000"),
        ({"longest_side": 8}, "longest_side is 8 px; at least 16"),
        ({"continuity": -1.0}, "continuity is -1.0; 0 or more"),
        ({"fragments": 0}, "fragments is 0; 1 or more"),
        ({"grouping": "mean"}, "grouping is 'mean'; responses and argmax"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(PremaskError, match=message):
        cnn(two_textures(32)[0], 2, **options)  # type: ignore[arg-type]


def test_a_too_small_image_is_refused_with_its_size() -> None:
    with pytest.raises(PremaskError, match=r"the image is 30x12 px; cnn needs at least 16 px"):
        cnn(np.zeros((12, 30), np.uint8), 2)


def test_the_number_of_threads_changes_no_byte_of_the_fast_preset() -> None:
    image, _ = two_textures(192)
    before = torch.get_num_threads(), cv2.getNumThreads()
    found = []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            cv2.setNumThreads(threads)
            found.append(cnn(image, 4, iterations=5).tobytes())
    finally:
        torch.set_num_threads(before[0])
        cv2.setNumThreads(before[1])
    assert found[0] == found[1]
