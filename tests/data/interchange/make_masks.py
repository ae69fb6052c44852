"""Make ``masks.json``: small masks as label-studio-sdk and cvat-sdk write them.

python make_masks.py, where label-studio-sdk and cvat-sdk[masks] are installed.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from itertools import groupby
from pathlib import Path

import numpy as np
from cvat_sdk.masks import encode_mask
from label_studio_sdk.converter.brush import mask2rle
from numpy.typing import NDArray

# Pixels whose four bytes fill each of Label Studio's four lengths of runs, and one more.
EDGES = (1, 2, 3, 4, 5, 64, 65, 16384, 16385, 32768, 32769)


def disc(height: int, width: int) -> NDArray[np.bool_]:
    """A disc with a hole, off the middle."""
    y, x = np.mgrid[:height, :width]
    distance = np.hypot(y - height / 2, x - width / 3)
    return (distance < height / 2.5) & (distance > height / 8)


def masks() -> dict[str, NDArray[np.bool_]]:
    """By name."""
    rng = np.random.default_rng(0)
    found = {
        "one pixel, empty": np.zeros((1, 1), bool),
        "one pixel, painted": np.ones((1, 1), bool),
        "one row": rng.random((1, 40)) < 0.5,
        "one column": rng.random((40, 1)) < 0.5,
        "empty, more than the longest run": np.zeros((131, 127), bool),
        "painted, the longest run": np.ones((128, 128), bool),
        "checkerboard": np.indices((7, 9)).sum(axis=0) % 2 == 1,
        "corner": np.pad(np.ones((1, 1), bool), ((6, 0), (8, 0))),
        "disc": disc(24, 40),
        "noise": rng.random((12, 17)) < 0.4,
    }
    for n in EDGES:
        found[f"{n} of {n + 3}"] = (np.arange(n + 3) < n)[None]
    return found


def described(name: str, mask: NDArray[np.bool_]) -> dict[str, object]:
    """The mask as [value, px] along its rows, and what was written."""
    runs = [[int(value), len(list(group))] for value, group in groupby(mask.ravel().tolist())]
    return {
        "name": name,
        "height": mask.shape[0],
        "width": mask.shape[1],
        "runs": runs,
        "label_studio": mask2rle(mask.astype(np.uint8) * 255),
        "cvat": encode_mask(mask),
    }


def main() -> None:
    """Write the file beside this one, a mask a line."""
    lines = [json.dumps(described(*item), separators=(",", ":")) for item in masks().items()]
    tools = {name: version(name) for name in ("label-studio-sdk", "cvat-sdk")}
    text = f'{{"tools":{json.dumps(tools)},\n"masks":[\n' + ",\n".join(lines) + "\n]}\n"
    (Path(__file__).parent / "masks.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
