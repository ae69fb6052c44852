"""Masks of Labelbox: in a row, or downloaded from the addresses of an export."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.interchange.runs import shown
from premask.io.images import MAX_PIXELS, decode_png, read_rgb

Rgb = tuple[int, int, int]

_IN_ADDRESS = re.compile(r"/(?:masks|annotations)/([^/?#]+)")
_FILE = re.compile(r"/([^/?#]+)\.png(?:[?#]|$)", re.IGNORECASE)


@dataclass(frozen=True)
class StoredMask:
    """A mask that is not read yet.

    Attributes
    ----------
    feature, url : str
        What names its downloaded file.
    colour : tuple or None
        Which pixels of the file belong to it; None where all that are not black do.
    png : str
        The PNG itself in base 64, of 0 and 1; empty where it is a file.
    """

    feature: str = ""
    url: str = ""
    colour: Rgb | None = None
    png: str = ""

    @property
    def names(self) -> list[str]:
        """Stems of the file that it may be in: the feature's, the composite mask's."""
        found = [*_IN_ADDRESS.findall(self.url), *_FILE.findall(self.url)]
        return [name for name in (self.feature, *found) if name]


def files_by_stem(files: Iterable[Path]) -> dict[str, Path]:
    """Downloaded masks by what they are named after."""
    return {file.stem: file for file in files}


def read_mask(stored: StoredMask, files: Mapping[str, Path], where: str) -> NDArray[np.bool_]:
    """The pixels of a mask.

    Parameters
    ----------
    files : dict of str to Path
        The downloaded masks, see :func:`files_by_stem`.
    where : str
        For messages.

    Returns
    -------
    ndarray of bool, shape (H, W)

    Raises
    ------
    PremaskError
        For a mask that was not downloaded, or is damaged, and a file without its colour.
    """
    if stored.png:
        return _decoded(stored.png, where)
    path = next((files[name] for name in stored.names if name in files), None)
    if path is None:
        wanted = " or ".join(f"{name}.png" for name in stored.names) or "its PNG"
        raise PremaskError(
            f"{where}: its mask is not there; download {shown(stored.url)} as {wanted} into the"
            " folder of the export (an address of Labelbox ends after 30 days)"
        )
    colours, transparent = read_rgb(path)
    if stored.colour is not None:
        mask = (colours == np.array(stored.colour, np.uint8)).all(axis=-1)
        if mask.any():
            return np.asarray(mask)
    painted = colours.any(axis=-1)
    if transparent is not None:
        painted &= ~transparent
    if stored.colour is not None and len(np.unique(colours[painted], axis=0)) > 1:
        raise PremaskError(
            f"{where}: no pixel of {path.name} has its colour {stored.colour}; is it the mask of"
            " another label?"
        )
    return np.asarray(painted)  # a mask of this feature alone


def _decoded(png: str, where: str) -> NDArray[np.bool_]:
    try:
        pixels = decode_png(base64.b64decode(png, validate=True), MAX_PIXELS)
    except (PremaskError, binascii.Error, ValueError) as error:
        reason = " ".join(str(error).split())[:120]
        raise PremaskError(
            f"{where}: its mask is damaged, or no PNG ({reason}); export it again"
        ) from None
    if pixels.ndim != 2 or (pixels.dtype != np.bool_ and pixels.max() > 1):
        raise PremaskError(
            f"{where}: its mask is no grey PNG of 0 and 1 (shape {pixels.shape}, up to"
            f" {pixels.max()}); Labelbox would refuse it too"
        )
    return np.asarray(pixels.astype(np.bool_))


def encode_mask(mask: NDArray[np.bool_]) -> bytes:
    """A mask as Labelbox takes it: a grey PNG of 0 and 1, not 255."""
    done, data = cv2.imencode(".png", mask.astype(np.uint8), [cv2.IMWRITE_PNG_COMPRESSION, 3])
    assert done
    return data.tobytes()
