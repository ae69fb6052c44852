"""Micrographs from files: found in folders, recognised by content, read or refused in one line."""

from __future__ import annotations

import contextlib
import errno
import logging
import re
import threading
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from premask.core.errors import PremaskError
from premask.core.micrograph import Micrograph, as_image
from premask.io.raster import BMP, JPEG, PNG, decode_raster
from premask.io.scale import Scale
from premask.io.tiff import TIFF, decode_tiff

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")
"""File names that :func:`find_images` takes; case does not matter."""

MAX_PIXELS = 400_000_000

_QUIET = threading.RLock()


def read_micrograph(
    path: Path, *, page: int | None = None, max_pixels: int = MAX_PIXELS
) -> Micrograph:
    """Read a PNG, JPEG, BMP or TIFF file, whatever its name says it is.

    Parameters
    ----------
    path : Path
        16-bit images stay 16 bit, alpha is dropped, R=G=B becomes grey (see
        :func:`premask.core.micrograph.as_image`). A JPEG is turned upright if its EXIF
        data asks for that. Palettes give their colours.
    page : int, optional
        Of a TIFF with several, from 0: the first full-resolution page by default.
        Channels, z planes and times of OME and ImageJ stacks are pages.
    max_pixels : int
        Images with more are refused by their header, before they are decoded.

    Returns
    -------
    Micrograph
        With the scale in µm per pixel, where the file has a microscope's.

    Raises
    ------
    PremaskError
        One line that starts with the file's name, for every file that cannot be read:
        missing, a folder, not an image, cut off, damaged, too large, no such page.
        Nothing else is raised, and no decoder's warning is shown.
    """
    with reading(path):
        array, scale, number, n_pages, name = _decode(path, page, max_pixels)
        pixels = as_image(array)
    return Micrograph(
        pixels=pixels,
        um_per_px=scale[0],
        scale_source=scale[1],
        page=number,
        n_pages=n_pages,
        file_format=name,
    )


def read_colours(path: Path, *, max_pixels: int = MAX_PIXELS) -> NDArray[Any]:
    """The stored colours of an image file, those of a palette and not its indices.

    Returns
    -------
    ndarray of shape (H, W), grey, or (H, W, S)
        R=G=B stays as it is, other than in :func:`read_micrograph`.

    Raises
    ------
    PremaskError
        As :func:`read_micrograph`.
    """
    with reading(path):
        return _decode(path, None, max_pixels)[0]


def read_indices(path: Path, *, max_pixels: int = MAX_PIXELS) -> tuple[NDArray[Any], str]:
    """The stored values of an image file, indices of a palette and not its colours.

    Returns
    -------
    values : ndarray of shape (H, W) or (H, W, S)
    file_format : str

    Raises
    ------
    PremaskError
        As :func:`read_micrograph`.
    """
    with reading(path):
        values, _, _, _, name = _decode(path, None, max_pixels, indices=True)
    return values, name


def read_rgb(
    path: Path, *, max_pixels: int = MAX_PIXELS
) -> tuple[NDArray[np.uint8], NDArray[np.bool_] | None]:
    """The colours of an 8-bit picture as they are stored.

    Returns
    -------
    colours : ndarray of uint8, shape (H, W, 3)
    transparent : ndarray of bool, shape (H, W), or None
        Where alpha is 0; None for a picture without alpha.

    Raises
    ------
    PremaskError
        As :func:`read_micrograph`, and for pictures of another depth.
    """
    with reading(path):
        values, _, _, _, _ = _decode(path, None, max_pixels)
        if values.dtype == bool:
            values = values.astype(np.uint8) * np.uint8(255)
        if values.dtype != np.uint8:
            raise PremaskError(f"pixels of type {values.dtype} are no colours of 8 bits a channel")
        channels = values[..., None] if values.ndim == 2 else values
        alpha = channels[..., -1] == 0 if channels.shape[2] in {2, 4} else None
        colours = channels[..., : 3 if channels.shape[2] > 2 else 1]
        return np.ascontiguousarray(np.broadcast_to(colours, (*values.shape[:2], 3))), alpha


def image_size(path: Path) -> tuple[int, int]:
    """Width and height of an image by its header, upright, px.

    Raises
    ------
    PremaskError
        One line that starts with the file's name.
    """
    with reading(path), Image.open(path, formats=("PNG", "JPEG", "BMP", "TIFF")) as image:
        turned = image.getexif().get(274, 1) in {5, 6, 7, 8} if image.format == "JPEG" else False
        return image.size[::-1] if turned else image.size


def decode_png(data: bytes, max_pixels: int) -> NDArray[Any]:
    """The pixels of a PNG that lies in another file, indices of a palette as they are.

    Returns
    -------
    ndarray of shape (H, W) or (H, W, S)

    Raises
    ------
    PremaskError
        For bytes that are no whole PNG, or have more pixels. The caller knows whose they are.
    """
    with reading(None):
        if not data.startswith(PNG):
            raise PremaskError(f"no PNG (it starts with {data[:8]!r})")
        return decode_raster(data, max_pixels, indices=True)[0]


@contextlib.contextmanager
def reading(path: Path | None) -> Iterator[None]:
    """Turn all that decoding raises into a PremaskError with the file's name in front.

    Warnings and logs of Pillow and tifffile are silenced, because what they warn of is
    either checked here or harmless, and Pillow's own pixel limit is lifted in favour of
    ours. All three are global, so that threads read one after the other.
    """
    name = f"{path.name}: " if path else ""
    logger, limit = logging.getLogger("tifffile"), Image.MAX_IMAGE_PIXELS
    with _QUIET, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        was_disabled, logger.disabled, Image.MAX_IMAGE_PIXELS = logger.disabled, True, None
        try:
            yield
        except PremaskError as error:
            raise PremaskError(f"{name}{error}") from error
        except OSError as error:
            raise PremaskError(f"{name}{_why(error)}") from error
        except MemoryError as error:
            raise PremaskError(f"{name}the image does not fit into the memory") from error
        except Exception as error:
            # Damaged files make decoders raise nearly everything; none of it may end a
            # run over a folder of good ones.
            raise PremaskError(f"{name}{_damaged(error)}") from error
        finally:
            logger.disabled, Image.MAX_IMAGE_PIXELS = was_disabled, limit


def _decode(
    path: Path, page: int | None, max_pixels: int, *, indices: bool = False
) -> tuple[NDArray[Any], Scale, int, int, str]:
    if path.is_dir():
        raise PremaskError("this is a folder; give an image file")
    with path.open("rb") as file:
        start = file.read(16)
        if start.startswith((PNG, JPEG, BMP)):
            # Nothing accepted needs more than eight bytes a pixel; the rest is notes.
            data = start + file.read(8 * max_pixels + (1 << 26))
    if not start:
        raise PremaskError("the file is empty; copy it again from the microscope")
    if start.startswith(TIFF):
        return *decode_tiff(path, max_pixels, page, indices=indices), "TIFF"
    if not start.startswith((PNG, JPEG, BMP)):
        raise PremaskError(
            f"not an image that can be read (it starts with {start[:8]!r});"
            " PNG, JPEG, BMP and TIFF are accepted"
        )
    pixels, name = decode_raster(data, max_pixels, indices=indices)
    if page:
        raise PremaskError(f"there is no page {page}; a {name} has only page 0")
    return pixels, (None, None), 0, 1, name


def _why(error: OSError) -> str:
    if error.errno is None:  # Pillow raises OSError for damaged files as well
        return _damaged(error)
    if error.errno == errno.ENOENT:
        return f"there is no such file ({error.filename}); check the name"
    if error.errno in {errno.EACCES, errno.EPERM}:
        return "you may not read this file; change its permissions"
    return f"the file cannot be read ({error.strerror})"


def _damaged(error: Exception) -> str:
    reason = " ".join(str(error).split())[:160] or type(error).__name__
    return f"the image is cut off or damaged ({reason}); copy it again from the microscope"


def image_stem(name: str) -> str:
    """A file's name without its folder and without any endings of image formats.

    Examples
    --------
    >>> image_stem("labels/steel_07.jpg.png"), image_stem("steel 1.5 kV")
    ('steel_07', 'steel 1.5 kV')
    """
    stem = PurePosixPath(name.strip().replace("\\", "/")).name
    while PurePosixPath(stem).suffix.lower() in IMAGE_SUFFIXES:
        stem = PurePosixPath(stem).stem
    return stem


def find_images(paths: Iterable[Path]) -> list[Path]:
    """The image files among some paths, folders searched with all that is in them.

    Parameters
    ----------
    paths : iterable of Path
        A file is taken whatever its name. In folders, files with
        :data:`IMAGE_SUFFIXES` are; hidden files and folders (``.git``, macOS's
        ``._image.tif``) are left out.

    Returns
    -------
    list of Path
        In the order of ``paths``; in a folder in natural order, ``steel2`` before
        ``steel10``. A file that is reached twice is listed once.

    Raises
    ------
    PremaskError
        For a path that does not exist, or a folder that may not be listed.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        if not path.exists():
            raise PremaskError(f"{path}: there is no such file or folder; check the name")
        for image in _images_in(path) if path.is_dir() else [path]:
            found.setdefault(image.resolve(), image)
    return list(found.values())


def _images_in(folder: Path) -> list[Path]:
    try:
        children = sorted(folder.iterdir(), key=lambda path: _natural(path.name))
    except OSError as error:
        raise PremaskError(f"{folder}: the folder cannot be listed ({error.strerror})") from error
    images = []
    for child in children:
        if child.name.startswith("."):
            continue
        if child.is_dir():
            # links to folders are not followed: they may lead in a circle
            images += [] if child.is_symlink() else _images_in(child)
        elif child.suffix.lower() in IMAGE_SUFFIXES:
            images.append(child)
    return images


def _natural(name: str) -> tuple[list[tuple[int, str]], str]:
    """Numbers compare as numbers; the name itself settles ``a01`` and ``a1``."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name.casefold())
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts], name
