"""Regions of Label Studio: a brush mask or a bitmask in its envelope."""

from __future__ import annotations

import base64
import binascii
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.core.exchange import LabelMap
from premask.interchange.label_studio_rle import decode_alpha, encode
from premask.interchange.overlay import masks_of
from premask.interchange.runs import check_size, shown
from premask.io.images import decode_png
from premask.io.raster import PNG

HALF = 128
"""Alpha from which a pixel is painted: strokes of the browser have soft edges."""

DATA_URL = "data:image/png;base64,"

LABELS: Mapping[str, str] = {"bitmasklabels": "BitmaskLabels", "brushlabels": "BrushLabels"}
"""The kinds of raster regions, and the tag of the labelling interface that draws each."""


@dataclass(frozen=True)
class Control:
    """What draws the regions in a labelling interface.

    Attributes
    ----------
    kind : str
        A key of :data:`LABELS`.
    name, image : str
        The names of its tag and of the image's.
    data : str
        Under which key of a task's data the image's address is.
    """

    kind: str
    name: str = "label"
    image: str = "image"
    data: str = "image"


def regions_of(
    label_map: LabelMap, names: Mapping[int, str], control: Control
) -> list[dict[str, Any]]:
    """A label map as a ``result``: one region a phase; void is none.

    Parameters
    ----------
    names : dict of int to str
        The label of each index.
    """
    height, width = label_map.shape
    return [
        {
            "id": f"phase{index}",
            "type": control.kind,
            "from_name": control.name,
            "to_name": control.image,
            "image_rotation": 0,
            "original_width": width,
            "original_height": height,
            "value": {**_value(mask, control.kind), control.kind: [names[index]]},
        }
        for index, mask in masks_of(label_map)
    ]


def _value(mask: NDArray[np.bool_], kind: str) -> dict[str, Any]:
    if kind == "brushlabels":
        return {"format": "rle", "rle": encode(mask)}
    return {"imageDataURL": DATA_URL + base64.b64encode(rgba_png(mask)).decode("ascii")}


def rgba_png(mask: NDArray[np.bool_]) -> bytes:
    """A mask as an RGBA PNG, black where it is painted and transparent elsewhere.

    As Label Studio's page writes it. Four times faster than with an encoder that tries filters,
    which do not help here.
    """
    height, width = mask.shape
    rows = np.zeros((height, 1 + 4 * width), np.uint8)  # each begins with its filter: none
    rows[:, 4::4][mask] = 255
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 2)), (b"IEND", b""))
    return PNG + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


@dataclass(frozen=True)
class RasterRegion:
    """One region of a file, not decoded yet.

    Attributes
    ----------
    where : str
        For messages.
    label : str
        Empty where it has none.
    height, width : int
        Of the image, px.
    value : dict
        With ``rle`` or ``imageDataURL``.
    """

    where: str
    label: str
    height: int
    width: int
    value: Mapping[str, Any]

    def alpha(self) -> NDArray[np.uint8]:
        """How far each pixel is covered: 0 to 255, shape (H, W).

        Raises
        ------
        PremaskError
            For a mask that is damaged, or of another size.
        """
        if "rle" not in self.value:
            return _bitmask(self.value["imageDataURL"], self.height, self.width, self.where)
        try:
            return decode_alpha(self.value["rle"], self.height, self.width)
        except PremaskError as error:
            raise PremaskError(f"{self.where}: {error}") from None


def is_raster(value: object) -> TypeGuard[Mapping[str, Any]]:
    """Whether the value of a region is a mask."""
    return isinstance(value, dict) and ("rle" in value or "imageDataURL" in value)


def raster_region(value: Mapping[str, Any], outer: Mapping[str, Any], where: str) -> RasterRegion:
    """A region from its value and the envelope that has the size of the image.

    Raises
    ------
    PremaskError
        For a size that is none, labels that are no text, an image that was turned.
    """
    for key in ("original_width", "original_height"):
        if key not in outer:
            raise PremaskError(f"{where}: it has no {key}; export it again from Label Studio")
    height, width = check_size(outer["original_height"], outer["original_width"], where)
    if outer.get("image_rotation") not in (None, 0):
        raise PremaskError(
            f"{where}: it was drawn on an image that was turned by"
            f" {shown(outer['image_rotation'])} degrees; turn the image back and draw it again"
        )
    labels: object = next((value[key] for key in (*LABELS, "labels") if value.get(key)), [])
    if not isinstance(labels, list) or not all(isinstance(one, str) for one in labels):
        raise PremaskError(f"{where}: its labels are {shown(labels)}; a list of text is accepted")
    if len(labels) > 1:
        raise PremaskError(
            f"{where}: it has {len(labels)} labels ({shown(labels)}); one a region is accepted"
        )
    return RasterRegion(where, labels[0] if labels else "", height, width, value)


def _bitmask(url: object, height: int, width: int, where: str) -> NDArray[np.uint8]:
    if not isinstance(url, str) or not url.startswith(DATA_URL):
        raise PremaskError(f"{where}: its mask is {shown(url)}; {DATA_URL}... is accepted")
    try:
        data = base64.b64decode(url[len(DATA_URL) :], validate=True)
        # nothing larger than what the region claims is decoded
        pixels = decode_png(data, height * width)
    except (PremaskError, binascii.Error, ValueError) as error:
        reason = " ".join(str(error).split())[:120]
        raise PremaskError(
            f"{where}: its mask is damaged, or no PNG of {width}x{height} px ({reason}); export it"
            " again"
        ) from None
    if pixels.shape[:2] != (height, width):
        raise PremaskError(
            f"{where}: its mask has {pixels.shape[1]}x{pixels.shape[0]} px, its image"
            f" {width}x{height} px; they must be equal"
        )
    if pixels.ndim != 3 or pixels.shape[2] not in {2, 4}:
        raise PremaskError(f"{where}: its mask has no alpha channel; Label Studio's are RGBA")
    alpha = pixels[..., -1]
    return alpha if alpha.dtype == np.uint8 else (alpha >> 8).astype(np.uint8)
