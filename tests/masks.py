"""Masks that the tests of several formats share: the example, those of other tools, any."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

FILES = Path(__file__).parent / "data" / "interchange"
WRITTEN = json.loads((FILES / "masks.json").read_text(encoding="utf-8"))["masks"]

FLAT = st.sampled_from([(1, 1), (1, 50), (50, 1), (9, 13)])
PLAIN = st.tuples(FLAT, st.booleans()).map(lambda drawn: np.full(*drawn))
ANY_MASK = arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=40)) | PLAIN
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


def example_map() -> NDArray[np.uint8]:
    """The map of the example files: Alpha, TiB2, TiN."""
    phases = np.zeros((96, 128), np.uint8)
    phases[:, 64:] = 1
    phases[20:40, 70:90] = 2
    return phases


def mask_of(written: dict) -> NDArray[np.bool_]:
    """A mask of ``masks.json``."""
    values, lengths = zip(*written["runs"], strict=True)
    pixels = np.repeat(np.array(values, bool), lengths)
    return pixels.reshape(written["height"], written["width"])
