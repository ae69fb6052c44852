"""PNG, JPEG and BMP bytes to arrays, with what the decoders let pass checked first."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from premask.core.errors import PremaskError

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff"
BMP = b"BM"
PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}

# Pixels that one byte of a file can stand for at most: Huffman-coded JPEG spends a bit on
# each 8x8 block, uncompressed 1-bit BMP one on each pixel.
MOST_PIXELS_PER_BYTE = {"JPEG": 600, "BMP": 8}

INFLATED_AT_ONCE = 1 << 16
"""Bytes of a PNG; deflate makes at most 1032 times as many of them, 68 MB."""


RAISE_IT = "raise the limit if you trust the file"
"""What to do of an image that is too large, for those who set the limit."""


def check_size(width: int, height: int, max_pixels: int) -> None:
    """Refuse an image by the size in its header, before anything is decoded.

    Raises
    ------
    PremaskError
        For an image without pixels, or with more than ``max_pixels``.
    """
    if width < 1 or height < 1:
        raise PremaskError(f"the image is empty ({width}x{height} px); at least 1x1 px is needed")
    if width * height > max_pixels:
        raise PremaskError(
            f"the image has {width}x{height} px, more than the limit of {max_pixels:,} px;"
            f" cut it into parts, or {RAISE_IT}"
        )


def decode_raster(
    data: bytes, max_pixels: int, *, indices: bool = False
) -> tuple[NDArray[Any], str]:
    """Decode a PNG, JPEG or BMP file.

    Parameters
    ----------
    data : bytes
        The whole file.
    max_pixels : int
        Larger images are refused by their header.
    indices : bool
        Give the indices of a palette instead of its colours, and the levels of grey
        images of 1, 2 and 4 bits as they are stored instead of spread over 0 to 255.

    Returns
    -------
    pixels : ndarray of bool, uint8 or uint16, shape (H, W) or (H, W, 2 to 4)
    file_format : str
        ``"PNG"``, ``"JPEG"`` or ``"BMP"``.

    Raises
    ------
    PremaskError
        For a file that is too large, damaged or cut off. What else the decoders raise is
        for the caller to turn into one.
    """
    if data.startswith(PNG):
        depth, colour = _check_png(data, max_pixels)
        if depth == 16:
            # Pillow cuts 16-bit colour down to 8 bits
            return np.asarray(imagecodecs.png_decode(data)), "PNG"
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            pixels = _pixels(image, indices)
        if indices and colour == 0 and depth in {2, 4}:
            pixels //= 255 // (2**depth - 1)
        return pixels, "PNG"
    name = "JPEG" if data.startswith(JPEG) else "BMP"
    with Image.open(io.BytesIO(data), formats=(name,)) as image:
        check_size(*image.size, max_pixels)
        _check_plausible(image, name, len(data))
        upright = _upright(image) if name == "JPEG" else image
        return _pixels(upright, indices), name


def _pixels(image: Image.Image, indices: bool) -> NDArray[Any]:
    image.load()
    if image.mode in {"1", "L", "LA", "RGB", "RGBA"} or (indices and image.mode == "P"):
        return np.array(image)
    return np.array(image.convert("RGB"))  # palettes, CMYK


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except (OSError, ValueError, TypeError, KeyError, SyntaxError, struct.error):
        image.load()  # raises again what concerns the pixels and not the camera's notes
        return image


def _check_plausible(image: Image.Image, name: str, n_bytes: int) -> None:
    width, height = image.size
    if name == "BMP" and image.info.get("compression") in {1, 2}:  # run lengths
        return
    if width * height > MOST_PIXELS_PER_BYTE[name] * n_bytes:
        raise PremaskError(
            f"its header says {width}x{height} px, but the file has only {n_bytes:,} bytes:"
            " it is cut off or damaged; copy it again from the microscope"
        )


def _check_png(data: bytes, max_pixels: int) -> tuple[int, int]:
    """Bit depth and colour type of a PNG that is complete: Pillow leaves missing rows black."""
    header = data[8:33]
    if len(header) < 25 or header[4:8] != b"IHDR":
        raise PremaskError(f"the PNG is cut off after {len(data)} bytes; copy it again")
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header[8:21])
    check_size(width, height, max_pixels)
    if colour not in PNG_CHANNELS or depth not in {1, 2, 4, 8, 16}:
        raise PremaskError(
            f"the PNG header is damaged (bit depth {depth}, colour type {colour}); copy it again"
        )
    bits = depth * PNG_CHANNELS[colour]
    needed = sum(
        rows * (1 + (columns * bits + 7) // 8)
        for rows, columns in _png_passes(width, height, bool(interlaced))
        if columns
    )
    inflater, got = zlib.decompressobj(), 0
    for piece in _png_image_data(data):
        if got < needed:
            got += len(inflater.decompress(piece))
    if got < needed:
        raise PremaskError(
            f"the PNG holds {got:,} of the {needed:,} bytes of its {width}x{height} px;"
            " it is cut off or damaged: copy it again"
        )
    return depth, colour


def _png_passes(width: int, height: int, interlaced: bool) -> list[tuple[int, int]]:
    """Rows and columns of each pass over the image; seven if it is interlaced (Adam7)."""
    if not interlaced:
        return [(height, width)]
    steps = [(0, 8, 0, 8), (0, 8, 4, 8), (4, 8, 0, 4), (0, 4, 2, 4),
             (2, 4, 0, 2), (0, 2, 1, 2), (1, 2, 0, 1)]  # fmt: skip
    return [(-(-(height - y) // dy), -(-(width - x) // dx)) for y, dy, x, dx in steps]


def _png_image_data(data: bytes) -> Iterator[memoryview]:
    """The compressed pixels piece by piece, up to the end mark; checksums are compared."""
    view, start = memoryview(data), 8
    while start + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, start)
        kind, end = data[start + 4 : start + 8], start + 8 + length
        if end + 4 > len(data):
            break
        (checksum,) = struct.unpack_from(">I", data, end)
        if zlib.crc32(view[start + 4 : end]) != checksum:
            raise PremaskError(
                f"the PNG is damaged at byte {start:,} (checksum of {kind!r}); copy it again"
            )
        if kind == b"IEND":
            return
        if kind == b"IDAT":
            for piece in range(start + 8, end, INFLATED_AT_ONCE):
                yield view[piece : min(piece + INFLATED_AT_ONCE, end)]
        start = end + 4
    raise PremaskError(
        f"the PNG is cut off: it ends at byte {len(data):,} without an end mark; copy it again"
    )
