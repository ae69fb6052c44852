"""Label maps as Hugging Face's datasets reads them, in an environment of its own (it needs Arrow).

python huggingface_maps.py FOLDER MAPS.npz
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from datasets import Image, load_dataset

folder, maps = sys.argv[1:]
with tempfile.TemporaryDirectory() as cache:
    data = load_dataset("imagefolder", data_dir=folder, split="train", cache_dir=cache)
    assert isinstance(data.features["mask"], Image), data.features
    found = {}
    for row, path in zip(data, data.cast_column("mask", Image(decode=False)), strict=True):
        name = Path(path["mask"]["path"]).stem
        found[f"map {name}"] = np.array(row["mask"])
        if "image" in row:
            found[f"image {name}"] = np.array(row["image"])
        found[f"type {name}"] = np.array(str(row["type"]))
        found[f"scale {name}"] = np.array(row["um_per_px"], dtype=float)
np.savez(maps, **found)
