"""The scale of a micrograph, µm per pixel, from what the microscope wrote into a TIFF."""

from __future__ import annotations

import html
import math
import re
from typing import Any

from tifffile import TiffFile, TiffPage

UM_PER_UNIT = {
    "pm": 1e-6, "å": 1e-4, "angstrom": 1e-4, "nm": 1e-3, "nanometer": 1e-3, "um": 1.0,
    "micron": 1.0, "microns": 1.0, "micrometer": 1.0, "mm": 1e3, "millimeter": 1e3,
    "cm": 1e4, "dm": 1e5, "m": 1e6, "meter": 1e6, "km": 1e9, "mi": 1.609344e9,
    "in": 25_400.0, "inch": 25_400.0, "ft": 304_800.0, "yd": 914_400.0,
    "thou": 25.4, "li": 25_400.0 / 12, "pt": 25_400.0 / 72,
    # SI prefixes that OME also allows
    "fm": 1e-9, "am": 1e-12, "zm": 1e-15, "ym": 1e-18, "dam": 1e7, "hm": 1e8, "megam": 1e12,
}  # fmt: skip
"""Length units of OME, ImageJ and Zeiss in µm; names as :func:`_unit` folds them."""

PRINTER_UM = 2.0
"""A plain TIFF resolution counts as a scale only up to this many µm per pixel.

2 µm per pixel is 12 700 dpi, finer than any printer, screen or scanner, whose 72, 96, 300
or 4800 dpi say nothing of the specimen.
"""

Scale = tuple[float | None, str | None]
"""µm per pixel, and which field says so or why it was not used."""


def tiff_scale(tiff: TiffFile, page: TiffPage) -> Scale:
    """µm per pixel of a TIFF page, from the first field that has it.

    OME (``PhysicalSizeX`` of the first image), ImageJ (``XResolution`` with the unit in the
    description), FEI / Thermo Fisher (``PixelWidth``, m), Zeiss (``Image Pixel Size``, else
    ``Pixel Size``), then the plain TIFF resolution, if it cannot be a printer's
    (:data:`PRINTER_UM`). The resolution in PNG and JPEG files is never a scale.

    Returns
    -------
    um_per_px : float or None
        None where no field has a positive, finite value between 1 pm and 10 cm, and where
        a pixel's width and height differ by more than 1 %: all that premask measures
        assumes square pixels.
    source : str or None
        ``"OME"``, ``"ImageJ"``, ``"FEI"``, ``"Zeiss"`` or ``"TIFF resolution"``; for
        pixels that are not square, the sentence that says so.
    """
    first = tiff.pages.first
    for source, sizes in (
        ("OME", _ome(first.description if tiff.is_ome else "")),
        ("ImageJ", _imagej(first)),
        ("FEI", _fei(first)),
        ("Zeiss", _zeiss(first)),
        ("TIFF resolution", _plain(page)),
    ):
        width, height = (_checked(size) for size in sizes)
        if width is None:
            continue
        if height is not None and abs(width - height) > 0.01 * max(width, height):
            return None, (
                f"{source}: pixels are {width:g} x {height:g} µm, not square; give --um-per-px"
            )
        return width, source
    return None, None


Sizes = tuple[float | None, float | None]
NONE: Sizes = (None, None)


def _ome(description: str) -> Sizes:
    # Two attributes of one element, read without an XML parser: a parser would have to
    # be guarded against entity bombs in files from anywhere.
    element = re.search(r"<(?:\w+:)?Pixels\b([^>]*)>", description)
    if element is None:
        return NONE
    found = re.findall(r"\b(PhysicalSize[XY](?:Unit)?)\s*=\s*[\"']([^\"']*)", element[1])
    values = {name: html.unescape(value) for name, value in found}
    x, y = (
        _in_um(values.get(f"PhysicalSize{axis}"), values.get(f"PhysicalSize{axis}Unit", "um"))
        for axis in "XY"
    )
    return x, y


def _imagej(page: TiffPage) -> Sizes:
    if not page.description.startswith("ImageJ="):
        return NONE
    values = dict(re.findall(r"(?m)^(\w+)=(.*?)\s*$", page.description))
    unit, y_unit = values.get("unit", ""), values.get("yunit")
    if _unit(unit) in {"inch", "in", "cm"}:
        return NONE  # ImageJ's reading of a plain resolution: judged as one
    return (
        _in_um(_inverse(page.tags.valueof(282)), unit),
        _in_um(_inverse(page.tags.valueof(283)), y_unit or unit),
    )


def _fei(page: TiffPage) -> Sizes:
    for code in (34680, 34682):
        sections = page.tags.valueof(code)
        if not isinstance(sections, dict):
            continue
        for name in ("Scan", "EScan", "IScan"):
            scan = sections.get(name, {})
            width = _in_um(scan.get("PixelWidth"), "m")
            if _checked(width) is not None:
                return width, _in_um(scan.get("PixelHeight"), "m")
    return NONE


def _zeiss(page: TiffPage) -> Sizes:
    fields = page.tags.valueof(34118)
    if not isinstance(fields, dict):
        return NONE
    # "Pixel Size" is that of the scan; an image stored at another size has its own.
    for key in ("ap_image_pixel_size", "ap_pixel_size"):
        value = " ".join(str(part) for part in fields.get(key, ())[1:])
        parts = re.fullmatch(r"\s*([-+.,\deE]+)\s*(\S+)\s*", value)
        size = _in_um(parts[1].replace(",", "."), parts[2]) if parts else None
        if _checked(size) is not None:
            return size, None
    return NONE


def _plain(page: TiffPage) -> Sizes:
    unit = {2: "inch", 3: "cm"}.get(int(page.tags.valueof(296, 2)))
    if unit is None:
        return NONE
    x, y = (_in_um(_inverse(page.tags.valueof(code)), unit) for code in (282, 283))
    if x is None or y is None or max(x, y) > PRINTER_UM:
        return NONE
    return x, y


def _unit(text: str) -> str:
    text = text.replace("\\u00B5", "u").replace("\\u00b5", "u").strip()
    if text == "Mm":  # the one unit where case matters: megametre, not millimetre
        return "megam"
    # micro sign, Greek mu, both as UTF-8 that was read as Latin-1, Angstrom's two forms
    for written in ("\u00c2\u00b5", "\u00ce\u00bc", "\u00b5", "\u03bc"):
        text = text.replace(written, "u")
    return text.replace("\u212b", "å").casefold().replace("metre", "meter")


def _in_um(value: Any, unit: str) -> float | None:
    factor = UM_PER_UNIT.get(_unit(unit))
    try:
        return None if factor is None or value is None else float(value) * factor
    except (TypeError, ValueError, OverflowError):
        return None


def _inverse(resolution: Any) -> float | None:
    """Units per pixel from TIFF's pixels per unit, a fraction of two integers."""
    try:
        numerator, denominator = resolution
        return float(denominator) / float(numerator)
    except (TypeError, ValueError, ZeroDivisionError):
        return None


def _checked(size: float | None) -> float | None:
    """A size in µm between 1 pm and 10 cm, None for all else (0, negative, NaN, infinite)."""
    if size is None or not math.isfinite(size) or not 1e-6 <= size <= 1e5:
        return None
    return size
