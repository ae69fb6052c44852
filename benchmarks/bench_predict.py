"""Prediction: the price of everything around the network, torch beside it, a mosaic's memory.

python benchmarks/bench_predict.py
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tifffile

from common import Target, report, table, targets

SHAPE = (959, 1280)
MOSAIC = (10_000, 10_000)
ROUNDS = 7
RATIO = 1.1
GIGABYTES = 2.0
THREADS = 2

# Not getrusage: its maximum is inherited from the process that started this one.
ALONE = """
import sys
from pathlib import Path
from premask.deploy.folder import Job, predict_images
from premask.deploy.predictor import load_model
from premask.workflow.hardware import peak_memory_mb
model, image, out = map(Path, sys.argv[1:])
done = predict_images(Job(load_model(model, threads=2), out), image, [image])
assert done.made == 1, done
print(peak_memory_mb() / 1000)
"""


def main() -> None:
    """All figures, on one model: DeepLabV3+ with EfficientNet-b0 and five phases."""
    import torch

    torch.set_num_threads(THREADS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = make_model(folder)
        rows, found = one_tile(folder, model)
        peak, seconds = mosaic(folder, model)
    found.append(
        Target("100 megapixels, 16 bit", f"{peak:.2f} GB", f"< {GIGABYTES} GB", peak < GIGABYTES)
    )
    report(
        "predict",
        "Prediction with ONNX Runtime",
        f"DeepLabV3+ with EfficientNet-b0, five phases, {THREADS} threads; the fastest of"
        f" {ROUNDS} rounds in which all rows take turns; {SHAPE[1]}x{SHAPE[0]} px, 8 bit.",
        table(["what", "s"], rows),
        f"A mosaic of {MOSAIC[1]}x{MOSAIC[0]} px, 16 bit, in a process of its own: {seconds:.0f} s,"
        f" {peak:.2f} GB at most, reading and writing included.",
        targets(found),
    )


def make_model(folder: Path) -> Path:
    """The paper's network with random weights: its speed does not hang on them."""
    import torch

    from premask.core.phases import default_colour
    from premask.deploy.model_card import ModelCard
    from premask.train.export import save_onnx, save_weights
    from premask.train.model import IMAGENET_MEAN, IMAGENET_STD, build

    torch.manual_seed(0)
    network = build("deeplabv3plus", "efficientnet-b0", 5).eval()
    card = ModelCard(
        names=("Alpha", "TiB2", "TiN", "FeTiB", "Fe2B"),
        colours=tuple(default_colour(i) for i in range(5)),
        channels=1,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        architecture="deeplabv3plus",
        encoder="efficientnet-b0",
    )
    save_weights(network, card, folder / "model.safetensors")
    save_onnx(network, card, folder / "model.onnx")
    return folder / "model.onnx"


def field(shape: tuple[int, int]) -> np.ndarray:
    """Grey blobs, 16 bit: what compresses like a micrograph."""
    import cv2

    rng = np.random.default_rng(0)
    coarse = rng.random((shape[0] // 16 + 2, shape[1] // 16 + 2), np.float32)
    smooth = cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC)
    noisy = smooth + rng.normal(0, 0.02, shape).astype(np.float32)
    return (np.clip(noisy, 0, 1) * 65535).astype(np.uint16)


def one_tile(folder: Path, path: Path) -> tuple[list[list[str]], list[Target]]:
    """Bare network, reading and writing, all of premask, and torch, in turns."""
    import cv2
    import torch

    from premask.deploy.folder import Book, Job, encode_grey, predict_file
    from premask.deploy.predictor import load_model, predict
    from premask.deploy.tiling import cut
    from premask.io.files import write_atomically
    from premask.io.images import read_micrograph
    from premask.io.label_maps import encode_label_map
    from premask.train.export import load_weights

    image = folder / "field.png"
    cv2.imwrite(str(image), (field(SHAPE) >> 8).astype(np.uint8))
    model = load_model(path, threads=THREADS)
    network, card = load_weights(folder / "model.safetensors")
    pixels = read_micrograph(image).pixels
    height = -(-SHAPE[0] // card.multiple) * card.multiple
    levels = cut(pixels, 0, 0, (height, SHAPE[1]), 1)
    known = predict(model, pixels)
    out = folder / "out"
    out.mkdir()

    def read_and_write() -> None:
        read_micrograph(image)
        write_atomically(out / "a.png", encode_label_map(known.labels, card.colours))
        write_atomically(out / "b.png", encode_grey(known.confidence))

    def premask() -> None:
        (out / "predictions.jsonl").unlink(missing_ok=True)
        assert predict_file(Book(Job(model, out)), image, "field.png")

    def eager() -> None:
        with torch.inference_mode():
            torch.softmax(network(torch.from_numpy(levels).float()), 1)

    rounds: dict[str, Callable[[], object]] = {
        "the network alone, ONNX Runtime": lambda: model.run(levels),
        "reading the image, writing two maps": read_and_write,
        "premask, from file to files": premask,
        "the network alone, torch (eager)": eager,
    }
    taken: dict[str, list[float]] = {name: [] for name in rounds}
    for number in range(ROUNDS + 1):
        for name, act in rounds.items():
            started = time.perf_counter()
            act()
            if number:  # the first round warms up
                taken[name].append(time.perf_counter() - started)
    bare, files, ours, torch_ = (min(taken[name]) for name in rounds)
    ratio, gain = ours / (bare + files), torch_ / bare
    return [[name, f"{min(taken[name]):.3f}"] for name in rounds], [
        Target("premask against network + files", f"{ratio:.3f}", f"<= {RATIO}", ratio <= RATIO),
        Target("ONNX Runtime against eager torch", f"{gain:.2f} times as fast", "> 1", gain > 1),
    ]


def mosaic(folder: Path, model: Path) -> tuple[float, float]:
    """Most memory of a process that predicts a mosaic, GB, and its seconds."""
    image = folder / "mosaic.tif"
    tifffile.imwrite(image, field(MOSAIC))
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", ALONE, model, image, folder / "mosaic"],
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ),
    )
    return float(done.stdout), time.perf_counter() - started


if __name__ == "__main__":
    main()
