"""A model file in ONNX Runtime: known answers, depths, tiles, and files that are none."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from premask.core.errors import PremaskError
from premask.core.micrograph import window
from premask.deploy.model_card import ModelCard
from premask.deploy.predictor import (
    Model,
    Options,
    load_model,
    most_probable,
    predict,
    probabilities,
)
from tiny_models import CENTRES, card, grey_truth, particles, write_grey_model

pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load_model(write_grey_model(tmp_path_factory.mktemp("run") / "model.onnx").parent)


@pytest.mark.parametrize("options", [Options(), Options(96, 24), Options(test_time="turns")])
def test_labels_and_confidence_are_as_the_model_is_defined(model: Model, options: Options) -> None:
    image, _ = particles(1, (150, 210))
    found = predict(model, image, options)
    assert np.array_equal(found.labels, grey_truth(image))
    distance = np.abs(image[np.newaxis] - np.array(CENTRES).reshape(3, 1, 1))
    powers = np.exp(-0.05 * distance)
    expected = (powers / powers.sum(axis=0)).max(axis=0)
    assert np.abs(found.confidence / 255 - expected).max() < 1 / 255


@pytest.mark.parametrize("options", [Options(), Options(96, 24), Options(test_time="flips")])
def test_probabilities_are_as_the_model_is_defined(model: Model, options: Options) -> None:
    image, _ = particles(5, (150, 210))
    powers = np.exp(-0.05 * np.abs(image[np.newaxis] - np.array(CENTRES).reshape(3, 1, 1)))
    found = probabilities(model, image, options)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, powers / powers.sum(axis=0), atol=1e-5)


def test_sixteen_bit_is_spread_as_it_is_shown(model: Model) -> None:
    image = particles(2)[0].astype(np.uint16) * 31 + 1000
    assert np.array_equal(predict(model, image).labels, grey_truth(window(image)))


def test_colour_images_of_a_grey_model_are_turned_to_grey(model: Model) -> None:
    grey = particles(3)[0]
    found = predict(model, np.dstack([grey] * 3))
    assert np.array_equal(found.labels, grey_truth(grey))


def test_a_model_of_three_channels_takes_grey_and_colour(tmp_path: Path) -> None:
    model = load_model(write_grey_model(tmp_path / "model.onnx", channels=3))
    colour = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    grey = particles(3)[0]
    assert np.array_equal(predict(model, grey).labels, grey_truth(grey))
    mean = colour.mean(axis=2)
    far = np.abs(np.subtract.outer(mean, [95.0, 175.0])).min(axis=2) > 1e-3  # no tie
    assert np.array_equal(predict(model, colour).labels[far], grey_truth(mean)[far])


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (33, 31)])
def test_any_size(model: Model, shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    for options in (Options(), Options(64, 16)):
        assert np.array_equal(predict(model, image, options).labels, grey_truth(image))


@given(st.integers(0, 2**32 - 1), st.integers(2, 6))
@settings(max_examples=20, deadline=None)
def test_most_probable_is_the_first_of_the_largest(seed: int, phases: int) -> None:
    planes = np.random.default_rng(seed).integers(0, 4, (phases, 5, 7)).astype(np.float32) / 4
    labels, confidence = most_probable(planes)
    assert np.array_equal(labels, planes.argmax(axis=0))
    assert np.array_equal(confidence, np.rint(planes.max(axis=0) * 255).astype(np.uint8))


def test_a_file_or_its_folder_is_a_model(tmp_path: Path) -> None:
    path = write_grey_model(tmp_path / "model.onnx")
    by_file, by_folder = load_model(path, threads=1), load_model(tmp_path)
    assert by_file.card == by_folder.card == card()
    assert by_file.sha256 == by_folder.sha256


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PremaskError, match="there is no model at"):
        load_model(tmp_path)
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"x")
    with pytest.raises(PremaskError, match="is no ONNX file"):
        load_model(weights)
    path = write_grey_model(tmp_path / "model.onnx")
    whole = path.read_bytes()
    for content in (b"", b"\x89PNG", whole[: len(whole) // 2], b"\x00" * 500):
        path.write_bytes(content)
        with pytest.raises(PremaskError, match=r"damaged or is no ONNX model|what its phases are"):
            load_model(path)
    path.write_bytes(whole.replace(b'"names"', b'"nimes"'))
    with pytest.raises(PremaskError, match="description of the model cannot be read"):
        load_model(path)
    path.write_bytes(whole.replace(b"premask", b"somebod"))
    with pytest.raises(PremaskError, match="does not say what its phases are"):
        load_model(path)


def test_a_description_of_another_model_is_refused(tmp_path: Path) -> None:
    path = write_grey_model(tmp_path / "model.onnx", described=card(channels=3))
    with pytest.raises(PremaskError, match="does not take and give what its description says"):
        load_model(path)


def test_a_card_survives_its_file() -> None:
    described = replace(card(3), facts={"type": None, "score": 0.5, "µ": "ü"})
    assert ModelCard.from_json(described.to_json(), "x") == described
    for broken in ("", "[]", "{}", described.to_json()[:-1], '{"names": 3}'):
        with pytest.raises(PremaskError, match=r"^x: "):
            ModelCard.from_json(broken, "x")
    with pytest.raises(PremaskError, match="2 channels"):
        replace(card(), channels=2)
    with pytest.raises(PremaskError, match="multiple, tile and overlap"):
        replace(card(), tile=100)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (Options(tile=100), "tile is 100 px; a multiple of 32"),
        (Options(tile=0), "tile is 0 px"),
        (Options(tile=64, overlap=17), "overlap is 17 px; 0 to 16"),
        (Options(overlap=-1), "overlap is -1 px"),
        (Options(test_time="all"), "is 'all'; none, flips, turns"),
    ],
)
def test_options_that_cannot_be_are_refused(model: Model, options: Options, message: str) -> None:
    with pytest.raises(PremaskError, match=message):
        predict(model, particles(0)[0], options)


def test_torch_is_not_needed(tmp_path: Path) -> None:
    path = write_grey_model(tmp_path / "model.onnx")
    code = (
        "import sys; sys.modules['torch'] = None; sys.modules['onnx'] = None\n"
        "import numpy as np\n"
        "from pathlib import Path\n"
        "from premask.deploy.predictor import load_model, predict\n"
        f"model = load_model(Path({str(path)!r}))\n"
        "print(predict(model, np.full((9, 9), 130, np.uint8)).labels.sum())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.stdout == "81\n", done.stderr
