"""Models and data sets that are small enough for tests, with answers that are known."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from premask.core.phases import default_colour
from premask.deploy.model_card import INPUT, KEY, OUTPUT, ModelCard

CENTRES = (60.0, 130.0, 220.0)
"""Grey levels of the phases of :func:`write_grey_model`: each pixel gets the nearest one."""

TINY = {
    "encoder": "tu-test_efficientnet",
    "encoder_weights": "none",
    "crop": 64,
    "batch": 4,
    "crops_per_epoch": 24,
    "epochs": 8,
    "learning_rate": 3e-3,
}
"""Knobs of a network that learns :func:`write_dataset` in seconds."""


def card(channels: int = 1, multiple: int = 32) -> ModelCard:
    names = ("dark", "middle", "bright")
    return ModelCard(
        names=names,
        colours=tuple(default_colour(i) for i in range(3)),
        channels=channels,
        mean=(0.0,) * 3,
        std=(1.0,) * 3,
        multiple=multiple,
        tile=96,
        overlap=24,
        facts={"made": "by hand"},
    )


def write_grey_model(path: Path, channels: int = 1, described: ModelCard | None = None) -> Path:
    """An ONNX model without training: softmax of minus the distance to each phase's grey level."""
    import onnx
    from onnx import TensorProto, helper

    constants = {
        "weights": np.full((1, channels, 1, 1), 1 / channels, np.float32),
        "centres": np.array(CENTRES, np.float32).reshape(1, 3, 1, 1),
        "width": np.array(-0.05, np.float32),
    }
    nodes = [
        helper.make_node("Cast", [INPUT], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Conv", ["floats", "weights"], ["grey"]),
        helper.make_node("Sub", ["grey", "centres"], ["signed"]),
        helper.make_node("Abs", ["signed"], ["distance"]),
        helper.make_node("Mul", ["distance", "width"], ["logits"]),
        helper.make_node("Softmax", ["logits"], [OUTPUT], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "grey",
        [helper.make_tensor_value_info(INPUT, TensorProto.UINT8, ["n", channels, "h", "w"])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["n", 3, "h", "w"])],
        [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    model.metadata_props.append(
        onnx.StringStringEntryProto(key=KEY, value=(described or card(channels)).to_json())
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString())
    return path


def grey_truth(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What the model of :func:`write_grey_model` must say, from its definition."""
    distance = np.abs(grey[np.newaxis].astype(np.float64) - np.array(CENTRES).reshape(3, 1, 1))
    labels: NDArray[np.uint8] = distance.argmin(axis=0).astype(np.uint8)
    return labels


def particles(
    seed: int, shape: tuple[int, int] = (96, 128)
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A grey matrix with discs of two phases, and the truth."""
    rng = np.random.default_rng(seed)
    image, truth = np.full(shape, 90, np.uint8), np.zeros(shape, np.uint8)
    for number in range(8):
        centre = (int(rng.integers(shape[1])), int(rng.integers(shape[0])))
        radius, phase = int(rng.integers(5, 14)), 1 + number % 2
        cv2.circle(image, centre, radius, (0, 150, 220)[phase], -1)
        cv2.circle(truth, centre, radius, phase, -1)
    noise = rng.normal(0, 6, shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8), truth


def write_dataset(root: Path, n: int = 8) -> Path:
    """Images, masks and one split: half train, then val and test."""
    for folder in ("images", "masks"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    stems = [f"field_{number}" for number in range(n)]
    for number, stem in enumerate(stems):
        image, truth = particles(number)
        cv2.imwrite(str(root / "images" / f"{stem}.png"), image)
        cv2.imwrite(str(root / "masks" / f"{stem}.png"), truth)
    half, quarter = n // 2, n // 4
    parts = {
        "train": stems[:half],
        "val": stems[half : half + quarter],
        "test": stems[half + quarter :],
    }
    (root / "splits.json").write_text(json.dumps({"default": parts}))
    return root
