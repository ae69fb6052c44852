"""The pictures that go along with label maps, for tools that show them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from premask.core.errors import PremaskError
from premask.core.exchange import Outgoing
from premask.io.files import write_atomically

PICTURES = "images"
"""The folder of the pictures in an export."""


def picture_beside(root: Path, name: str) -> Path | None:
    """The picture of a name in :data:`PICTURES`, where it came along; never one outside."""
    path = root / PICTURES / name
    try:
        there = name not in {"", ".", ".."} and path.is_file()
        return path if there and path.resolve().is_relative_to(root.resolve()) else None
    except (OSError, ValueError):  # a name that no file can have
        return None


def picture_name(image: Outgoing) -> str:
    """The name of an image's picture in an export: ``a.png``, or ``a.jpg`` where it is one."""
    return f"{image.name}{image.original.suffix.lower() if image.original else '.png'}"


def write_picture(folder: Path, image: Outgoing) -> Path:
    """Write the picture of an image into a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / picture_name(image)
    write_atomically(path, picture_bytes(image))
    return path


def picture_bytes(image: Outgoing) -> bytes:
    """The picture of an image as a file.

    The untouched file where it is just what is to be shown; else an 8-bit PNG of it, because
    the tools' pages show no 16 bit and no TIFF.
    """
    if image.original is not None:
        return image.original.read_bytes()
    pixels = image.read_image()
    if pixels.ndim == 3:
        pixels = np.ascontiguousarray(pixels[..., ::-1])
    done, data = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 3])
    if not done:
        raise PremaskError(f"{image.file_name}: its picture could not be written as PNG")
    return data.tobytes()
