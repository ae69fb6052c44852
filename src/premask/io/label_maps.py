"""Label maps on disk: 8-bit PNG of mode P, pixel value = phase index, 255 = void."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from premask.core.errors import PremaskError
from premask.core.phases import palette_bytes
from premask.io.images import read_indices, reading


def read_label_map(path: Path) -> NDArray[np.uint8]:
    """Read the phase indices of a label map.

    Parameters
    ----------
    path : Path
        PNG, BMP or TIFF: palette (its indices, never its colours), grey of 1 to 16 bits,
        or RGB(A) with R=G=B=index, as one label of MetalDAM is stored. Alpha is dropped.

    Returns
    -------
    ndarray of uint8, shape (H, W)
        The indices as stored; 255 is void.

    Raises
    ------
    PremaskError
        One line that starts with the file's name: for a file that cannot be read, a JPEG
        (it changes pixel values), a colour picture, values above 255 or below 0, fractions.
    """
    values, file_format = read_indices(path)
    if file_format == "JPEG":
        raise PremaskError(
            f"{path.name}: a JPEG cannot hold a label map, it changes the values of pixels;"
            " save the label map as PNG"
        )
    if values.ndim == 3:
        colours = values[..., :3] if values.shape[2] > 2 else values[..., :1]
        if (colours != colours[..., :1]).any():
            raise PremaskError(
                f"{path.name}: this is a colour picture and not indices (R, G and B differ);"
                " an index PNG is needed, or import it with --format png-rgb"
            )
        values = colours[..., 0]
    if values.dtype.kind not in "bui":
        raise PremaskError(
            f"{path.name}: pixels of type {values.dtype} are not indices; whole numbers from"
            " 0 to 255 are needed"
        )
    low, high = int(values.min()), int(values.max())
    if low < 0 or high > 255:
        raise PremaskError(
            f"{path.name}: values from {low} to {high} cannot be phase indices;"
            " 0 to 254 are accepted, and 255 for void"
        )
    return np.ascontiguousarray(values, np.uint8)


def encode_label_map(label_map: NDArray[np.uint8], colours: Sequence[str]) -> bytes:
    """A label map as an 8-bit PNG of mode P, with its palette; same map, same bytes.

    Parameters
    ----------
    label_map : ndarray of uint8, shape (H, W)
        Every value from 0 to 255 is kept exactly.
    colours : sequence of str
        ``#rrggbb`` for each index, at most 255. Further ones are black, void is white.

    Raises
    ------
    PremaskError
        For an array that is not two-dimensional uint8, or is empty.
    """
    if label_map.dtype != np.uint8 or label_map.ndim != 2 or label_map.size == 0:
        raise PremaskError(
            f"a label map of shape {label_map.shape} and type {label_map.dtype} cannot be saved;"
            " (height, width) of uint8 is accepted"
        )
    image = Image.fromarray(np.ascontiguousarray(label_map))
    image.putpalette(palette_bytes(colours))  # turns mode L into P
    buffer = io.BytesIO()
    # the palette has 256 colours, which is what makes Pillow write 8 bits a pixel
    image.save(buffer, format="PNG", compress_level=6)
    return buffer.getvalue()


def read_colours(path: Path) -> list[str]:
    """The palette of a label map, ``#rrggbb`` for each index; empty where the file has none.

    Raises
    ------
    PremaskError
        For a file that cannot be read.
    """
    with reading(path), Image.open(path) as image:
        levels = image.getpalette() if image.mode == "P" else None
    triples = zip(*[iter(levels or [])] * 3, strict=False)
    return ["#" + "".join(f"{level:02x}" for level in triple) for triple in triples]
