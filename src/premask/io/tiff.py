"""One page of a TIFF to an array, after its promises have been checked."""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from tifffile import TiffFile, TiffPage

from premask.core.errors import PremaskError
from premask.io.raster import check_size
from premask.io.scale import Scale, tiff_scale

TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
COMPRESSIONS = {
    1: "none", 2: "CCITT", 3: "CCITT", 4: "CCITT", 5: "LZW", 7: "JPEG", 8: "deflate",
    32773: "PackBits", 32946: "deflate", 50000: "zstd",
}  # fmt: skip
JPEG = 7
MIN_IS_WHITE, MIN_IS_BLACK, RGB, PALETTE, YCBCR = 0, 1, 2, 3, 6
MAX_PAGES = 1_000_000
MAX_TILE = 1 << 20
"""Pixels of a tile that are accepted even where the image itself is smaller."""


def decode_tiff(
    path: Path, max_pixels: int, page: int | None = None, *, indices: bool = False
) -> tuple[NDArray[Any], Scale, int, int]:
    """Decode one page of a TIFF, BigTIFF or OME-TIFF file.

    Pages are the full-resolution images of the file in the order in which they are
    stored; thumbnails, pyramid levels and transparency masks are not counted. The
    channels, z planes and times of an OME or ImageJ stack are pages. The orientation tag
    is not applied (no microscope uses it).

    Parameters
    ----------
    path : Path
    max_pixels : int
        Larger pages are refused by their header.
    page : int, optional
        From 0; the first by default.
    indices : bool
        Give the indices of a palette instead of its colours.

    Returns
    -------
    pixels : ndarray, shape (H, W) or (H, W, S)
        In the type of the file. Where 0 is white (MinIsWhite) it is inverted.
    scale : tuple
        What :func:`premask.io.scale.tiff_scale` says.
    page, n_pages : int

    Raises
    ------
    PremaskError
        For a file that is cut off or damaged, a page that is not there, colours or a
        compression that are not supported. What else the decoders raise is for the
        caller to turn into one.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        stored = _full_pages(file, size)
        with TiffFile(file) as tiff:
            first = _page(tiff, stored[0])
            stack = _imagej_stack(tiff, first, size) if len(stored) == 1 else 1
            n_pages = max(len(stored), stack)
            number = 0 if page is None else page
            if not 0 <= number < n_pages:
                raise PremaskError(f"there is no page {number}; it has pages 0 to {n_pages - 1}")
            chosen = _page(tiff, stored[number]) if stack == 1 else first
            _check_page(chosen, max_pixels)
            offset = number * _n_bytes(chosen) if stack > 1 else 0
            _check_data(tiff, chosen, size, offset)
            pixels = (
                _stack_image(file, tiff, chosen, offset) if offset else chosen.asarray(maxworkers=1)
            )
            return _grey_or_rgb(pixels, chosen, indices), tiff_scale(tiff, chosen), number, n_pages


def _full_pages(file: BinaryIO, size: int) -> list[int]:
    """Indices, in the file's list of pages, of those that are no thumbnail, level or mask.

    The list is walked here first because tifffile takes one that breaks off as ended, and
    a file that was cut off would seem to have fewer pages.
    """
    order = "<" if file.read(2) == b"II" else ">"
    big = struct.unpack(f"{order}H", file.read(2))[0] == 43
    count, entry, link = ("Q", 20, "Q") if big else ("H", 12, "I")
    n_count, n_link = struct.calcsize(f"={count}"), struct.calcsize(f"={link}")
    file.seek(8 if big else 4)
    offset = _unpack(file, order + link, n_link)
    seen: set[int] = set()
    full = []
    while offset:
        if offset in seen or len(seen) >= MAX_PAGES:
            raise PremaskError("the TIFF is damaged: its list of pages does not end")
        seen.add(offset)
        file.seek(offset)
        n_tags = _unpack(file, order + count, n_count)
        if n_tags > 4096 or offset + n_count + n_tags * entry + n_link > size:
            raise PremaskError(_cut_off(f"the list of pages breaks off at byte {offset:,}"))
        tags = file.read(n_tags * entry)
        kinds = [
            struct.unpack_from(f"{order}I", tags, i + entry - n_link)[0]
            for i in range(0, len(tags), entry)
            if struct.unpack_from(f"{order}H", tags, i)[0] == 254  # NewSubfileType
        ]
        if not (kinds and kinds[0] & 0b101):
            full.append(len(seen) - 1)
        offset = _unpack(file, order + link, n_link)
    if not full:
        raise PremaskError("the TIFF has no page with an image")
    file.seek(0)
    return full


def _unpack(file: BinaryIO, form: str, n_bytes: int) -> int:
    data = file.read(n_bytes)
    if len(data) < n_bytes:
        raise PremaskError(_cut_off("the list of pages breaks off"))
    return int(struct.unpack(form, data)[0])


def _cut_off(what: str) -> str:
    return f"the TIFF is cut off or damaged ({what}); copy it again from the microscope"


def _page(tiff: TiffFile, index: int) -> TiffPage:
    page = tiff.pages[index]
    assert isinstance(page, TiffPage)
    return page


def _n_bytes(page: TiffPage) -> int:
    return int(page.nbytes)


def _stack_image(file: BinaryIO, tiff: TiffFile, page: TiffPage, offset: int) -> NDArray[Any]:
    file.seek(page.dataoffsets[0] + offset)
    raw = np.frombuffer(file.read(_n_bytes(page)), page.dtype)
    native = {"<": "little", ">": "big"}[tiff.byteorder] == sys.byteorder
    return (raw if native else raw.byteswap()).reshape(page.shape)


def _imagej_stack(tiff: TiffFile, page: TiffPage, size: int) -> int:
    """Images of an ImageJ stack past 4 GB: one page is listed, the others follow it."""
    fields = (tiff.imagej_metadata or {}) if tiff.is_imagej else {}
    n_images = fields.get("images", 1)
    if not isinstance(n_images, int) or n_images < 2 or not page.is_contiguous:
        return 1
    complete = page.dataoffsets[0] + n_images * _n_bytes(page) <= size
    if not complete:
        raise PremaskError(_cut_off(f"it says it has {n_images} images"))
    return n_images


def _check_page(page: TiffPage, max_pixels: int) -> None:
    """Refuse by the tags what cannot be a micrograph or would fill the memory."""
    check_size(page.imagewidth, page.imagelength, max_pixels)
    if page.dtype is None or isinstance(page.bitspersample, tuple):
        raise PremaskError(
            f"pixels of {page.bitspersample} bits (sample format {page.sampleformat}) cannot be"
            " read; save the image as 8 or 16 bit"
        )
    if page.samplesperpixel > 4 or page.imagedepth != 1:
        raise PremaskError(
            f"{page.samplesperpixel} samples per pixel and a depth of {page.imagedepth} cannot be"
            " read; grey and RGB images are accepted: save channels and slices as pages"
        )
    if int(page.compression) not in COMPRESSIONS:
        raise PremaskError(
            f"the TIFF compression {_named(page.compression)} is not supported"
            f" ({', '.join(sorted(set(COMPRESSIONS.values())))} are); save it again as LZW"
        )
    photometric = int(page.photometric)
    if photometric not in {MIN_IS_WHITE, MIN_IS_BLACK, RGB, PALETTE} and not (
        photometric == YCBCR and page.compression == JPEG
    ):
        raise PremaskError(
            f"TIFF colours of the kind {_named(page.photometric)} are not supported"
            " (grey, RGB and palette are); save it again as grey or RGB"
        )
    tile = page.tilewidth * page.tilelength if page.is_tiled else 0
    if tile > max(MAX_TILE, 4 * page.imagewidth * page.imagelength):
        raise PremaskError(
            f"the TIFF is damaged: tiles of {page.tilewidth}x{page.tilelength} px for"
            f" {page.imagewidth}x{page.imagelength} px"
        )


def _named(value: Any) -> str:
    return str(getattr(value, "name", value))


def _check_data(tiff: TiffFile, page: TiffPage, size: int, offset: int) -> None:
    """Refuse a page whose strips or tiles are not all in the file: tifffile leaves them black."""
    if page.is_contiguous:
        if page.dataoffsets[0] + offset + _n_bytes(page) > size:
            raise PremaskError(_cut_off(f"pixels are missing after byte {size:,}"))
        return
    tall, wide = (
        (page.tilelength, page.tilewidth) if page.is_tiled else (page.rowsperstrip, page.imagewidth)
    )
    if tall < 1 or wide < 1:
        raise PremaskError(f"the TIFF is damaged: strips or tiles of {wide}x{tall} px")
    needed = -(-page.imagelength // tall) * -(-page.imagewidth // wide)
    needed *= page.samplesperpixel if page.planarconfig == 2 else 1
    parts = list(zip(page.dataoffsets, page.databytecounts, strict=False))
    there = sum(start > 0 and 0 < count <= size - start for start, count in parts)
    if len(parts) < needed or there < len(parts):
        raise PremaskError(_cut_off(f"{there} of {needed} strips or tiles are there"))
    if page.compression == JPEG:
        for start, count in parts:
            tiff.filehandle.seek(start)
            _check_jpeg(tiff.filehandle.read(count), tall, wide)


def _check_jpeg(data: bytes, tall: int, wide: int) -> None:
    """Refuse a JPEG strip that is larger than its place: libjpeg would fill it with grey."""
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack_from(">HH", data, at + 5)
            # strips and tiles may be rounded up to whole blocks
            if height > tall + 16 or width > wide + 16:
                raise PremaskError(
                    f"the TIFF is damaged: a part of {width}x{height} px in a place of"
                    f" {wide}x{tall} px"
                )
            return
        at += 2 + length if marker != 0xFF else 1
    raise PremaskError("the TIFF is damaged: a JPEG part without a size")


def _grey_or_rgb(pixels: NDArray[Any], page: TiffPage, indices: bool) -> NDArray[Any]:
    if page.axes == "SYX":
        pixels = np.moveaxis(pixels, 0, -1)
    photometric = int(page.photometric)
    if photometric == PALETTE and not indices:
        table: NDArray[Any] | None = page.colormap
        if table is None or pixels.max(initial=0) >= table.shape[1]:
            raise PremaskError("the TIFF is damaged: colours are missing from its palette")
        if table.max() > 255:  # 16 bit by the standard, 8 bit from some old programs
            table = table >> 8
        return np.moveaxis(table.astype(np.uint8)[:, pixels], 0, -1)
    if photometric == MIN_IS_WHITE and not indices:
        if pixels.dtype.kind == "u":
            return ((1 << page.bitspersample) - 1 - pixels).astype(pixels.dtype)
        return ~pixels if pixels.dtype == bool else -pixels
    return pixels


def tiff_texts(path: Path) -> tuple[str, str]:
    """The description of a TIFF's first page, and ImageJ's info; empty where there is none.

    Whatever the decoder raises for a damaged file is for the caller to turn into a
    PremaskError.
    """
    with TiffFile(path) as tiff:
        info = (tiff.imagej_metadata or {}).get("Info", "") if tiff.is_imagej else ""
        return str(tiff.pages.first.description), info if isinstance(info, str) else ""
