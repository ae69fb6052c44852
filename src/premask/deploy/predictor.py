"""A trained model in ONNX Runtime: a micrograph in, a label map and a confidence map out."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from premask.core.errors import PremaskError, nearest
from premask.core.micrograph import as_image, window
from premask.core.phases import VOID
from premask.deploy.model_card import INPUT, KEY, OUTPUT, ModelCard
from premask.deploy.tiling import WHOLE, Levels, Probabilities, Run, strips, test_time

MODEL_FILE = "model.onnx"

PROVIDERS = ("CUDAExecutionProvider", "CPUExecutionProvider")
"""Of ONNX Runtime, the first that there is; a GPU needs the package onnxruntime-gpu."""


@dataclass(frozen=True, eq=False)
class Model:
    """A model that is ready to run.

    Attributes
    ----------
    card : ModelCard
    run : callable
        The network, see :data:`premask.deploy.tiling.Run`.
    sha256 : str
        Of the file.
    path : Path
    """

    card: ModelCard
    run: Run
    sha256: str
    path: Path


@dataclass(frozen=True)
class Options:
    """How an image is predicted.

    Attributes
    ----------
    tile, overlap : int or None
        Largest side of a tile and the overlap of tiles, px; the model's own by default.
    test_time : str
        One of :data:`premask.deploy.tiling.TEST_TIME`: ``none``, ``flips`` (4 times the
        time) or ``turns`` (8 times).
    """

    tile: int | None = None
    overlap: int | None = None
    test_time: str = "none"


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a model says of one image.

    Attributes
    ----------
    labels : ndarray of uint8, shape (H, W)
        The most probable phase of each pixel.
    confidence : ndarray of uint8, shape (H, W)
        Its probability, 0 to 255 for 0 to 1.
    """

    labels: NDArray[np.uint8]
    confidence: NDArray[np.uint8]


def holds_model(path: Path) -> bool:
    """Whether :func:`find_model` finds one at a path."""
    file = path / MODEL_FILE if path.is_dir() else path
    return file.is_file() and file.suffix.lower() == ".onnx"


def find_model(path: Path) -> Path:
    """The ONNX file of a model: the file itself, or ``model.onnx`` in a run's folder.

    Raises
    ------
    PremaskError
        If there is none.
    """
    file = path / MODEL_FILE if path.is_dir() else path
    if not file.is_file():
        raise PremaskError(
            f"there is no model at {file}; give the folder that premask train has written, or its"
            f" {MODEL_FILE}{_near_models(path)}"
        )
    if file.suffix.lower() != ".onnx":
        raise PremaskError(
            f"{file} is no ONNX file; give the folder that premask train has written, or its"
            f" {MODEL_FILE}"
        )
    return file


def _near_models(path: Path) -> str:
    """Which models a wrong path may have meant: those in the folder, or one with a near name."""
    if path.is_dir():
        inside = sorted(one.parent for one in path.glob(f"*/{MODEL_FILE}"))[:3]
        return f"; there is one in {', '.join(map(str, inside))}" if inside else ""
    there = [one.name for one in sorted(path.parent.glob("*")) if holds_model(one)]
    return nearest(path.name, there)


def load_model(path: Path, *, threads: int | None = None) -> Model:
    """Load a model for ONNX Runtime; torch is not needed.

    Parameters
    ----------
    path : Path
        The folder of a run, or an ONNX file of ``premask train``.
    threads : int, optional
        All cores by default.

    Raises
    ------
    PremaskError
        Without ONNX Runtime, for a file that is no model, and for one that premask did not
        write: it does not say what its phases are.
    """
    if importlib.util.find_spec("onnxruntime") is None:
        raise PremaskError(
            'predicting needs onnxruntime, which is not installed: pip install "premask[deploy]"'
        )
    import onnxruntime

    file = find_model(path)
    data = file.read_bytes()
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads or 0
    settings.log_severity_level = 3
    there = onnxruntime.get_available_providers()
    try:
        session = onnxruntime.InferenceSession(
            data, settings, providers=[one for one in PROVIDERS if one in there]
        )
    except Exception as error:  # its errors have no common type but Exception
        reason = " ".join(str(error).split())[:160]
        raise PremaskError(
            f"{file} is damaged or is no ONNX model ({reason}); copy it again from the folder of"
            " the run"
        ) from None
    card = _card(session, file)
    return Model(card, _runner(session), hashlib.sha256(data).hexdigest(), file)


def _card(session: Any, file: Path) -> ModelCard:
    metadata = session.get_modelmeta().custom_metadata_map
    if KEY not in metadata:
        raise PremaskError(
            f"{file} does not say what its phases are; a {MODEL_FILE} that premask train has"
            " written is needed"
        )
    card = ModelCard.from_json(metadata[KEY], str(file))
    inputs, outputs = session.get_inputs(), session.get_outputs()
    fits = (
        [one.name for one in inputs] == [INPUT]
        and [one.name for one in outputs] == [OUTPUT]
        and inputs[0].type == "tensor(uint8)"
        and list(inputs[0].shape)[1:2] == [card.channels]
        and list(outputs[0].shape)[1:2] == [len(card.names)]
    )
    if not fits:
        raise PremaskError(
            f"{file} does not take and give what its description says; a {MODEL_FILE} that"
            " premask train has written is needed"
        )
    return card


def _runner(session: Any) -> Run:
    import onnxruntime

    # Sizes differ from image to image; without this, memory for the largest is kept for good.
    shrink = onnxruntime.RunOptions()
    shrink.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")

    def run(levels: Levels) -> Probabilities:
        probabilities: Probabilities = session.run([OUTPUT], {INPUT: levels}, shrink)[0]
        return probabilities

    return run


def predict(model: Model, image: ArrayLike, options: Options | None = None) -> Prediction:
    """Label a micrograph of any size.

    Parameters
    ----------
    image : array_like of shape (H, W) or (H, W, 3)
        8 or 16 bit, grey or colour. 16 bit is spread between percentiles of the whole image, see
        :func:`premask.core.micrograph.window`.

    Raises
    ------
    PremaskError
        For an image or options that cannot be used.

    Notes
    -----
    An image of up to 1280x1024 px is one tile. Beyond that, never more than a row of tiles is
    held as probabilities, so that memory grows with the width of an image only.
    """
    levels = window(as_image(image))
    labels = np.empty(levels.shape[:2], np.uint8)
    confidence = np.empty(levels.shape[:2], np.uint8)
    for top, found in _strips(model, levels, options or Options()):
        rows = slice(top, top + found.shape[1])
        labels[rows], confidence[rows] = most_probable(found)
    return Prediction(labels, confidence)


def probabilities(model: Model, image: ArrayLike, options: Options | None = None) -> Probabilities:
    """How probable each phase is, pixel by pixel.

    Parameters
    ----------
    image : array_like of shape (H, W) or (H, W, 3)
        As in :func:`predict`.

    Returns
    -------
    ndarray of float32, shape (K, H, W)
        In the order of the model's phases. All of it is held: 4 bytes for each pixel and phase.

    Raises
    ------
    PremaskError
        For an image or options that cannot be used.
    """
    levels = window(as_image(image))
    whole = np.empty((len(model.card.names), *levels.shape[:2]), np.float32)
    for top, found in _strips(model, levels, options or Options()):
        whole[:, top : top + found.shape[1]] = found
    return whole


def _strips(model: Model, levels: Levels, options: Options) -> Iterator[tuple[int, Probabilities]]:
    run = test_time(options.test_time, model.run)
    return strips(levels, run, **layout(model.card, options))


def layout(card: ModelCard, options: Options) -> dict[str, int]:
    """The tiles of a model, with what the user wants otherwise.

    Raises
    ------
    PremaskError
        For a tile or an overlap that cannot be.
    """
    tile = card.tile if options.tile is None else options.tile
    if tile < card.multiple or tile % card.multiple:
        raise PremaskError(
            f"the tile is {tile} px; a multiple of {card.multiple} is accepted, e.g. {card.tile}"
        )
    # a quarter is the most that divide() takes
    overlap = min(card.overlap, tile // 4) if options.overlap is None else options.overlap
    if not 0 <= overlap <= tile // 4:
        raise PremaskError(
            f"the overlap is {overlap} px; 0 to {tile // 4} is accepted with tiles of {tile} px"
        )
    return {
        "channels": card.channels,
        "multiple": card.multiple,
        "tile": tile,
        "overlap": overlap,
        "whole": WHOLE if options.tile is None else tile * tile,
    }


def most_probable(
    probabilities: Probabilities,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The phase with the largest probability (the first of equals), and that probability.

    Parameters
    ----------
    probabilities : ndarray of float32, shape (K, H, W)

    Returns
    -------
    labels : ndarray of uint8, shape (H, W)
    confidence : ndarray of uint8, shape (H, W)
        255 for certain. Void (255) is never a label.
    """
    assert len(probabilities) <= VOID
    largest = probabilities[0].copy()
    labels = np.zeros(largest.shape, np.uint8)
    # A pass over each plane is several times faster than argmax over the first axis.
    for phase in range(1, len(probabilities)):
        plane = probabilities[phase]
        np.copyto(labels, np.uint8(phase), where=plane > largest)
        np.maximum(largest, plane, out=largest)
    confidence = np.clip(np.rint(largest * 255), 0, 255).astype(np.uint8)
    return labels, confidence
