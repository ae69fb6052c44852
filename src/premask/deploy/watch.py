"""A folder that a microscope writes into: images as they arrive, each once it is complete."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from premask.core.errors import PremaskError
from premask.deploy.folder import images_of

Stamp = tuple[int, int]
"""Size in bytes and time of the last change in ns."""

Listing = Callable[[Path, Path], list[Path]]


def pause(seconds: float) -> bool:
    """Wait; True to go on."""
    time.sleep(seconds)
    return True


def arrivals(
    folder: Path,
    out: Path,
    *,
    seconds: float = 2.0,
    wait: Callable[[float], bool] = pause,
    listing: Listing = images_of,
) -> Iterator[Path]:
    """Images of a folder, those that are there and those that come, for ever.

    The folder is looked through again and again, as no notification works on every network
    drive. A file is taken when two looks in a row found it with the same size and time: until then
    somebody may be writing it. One that changes later is taken again.

    Parameters
    ----------
    folder : Path
    out : Path
        Left out, if it lies in the folder.
    seconds : float
        Between two looks.
    wait : callable
        Waits so long; False ends it.
    listing : callable
        The images of a folder, without those in ``out``.

    Yields
    ------
    Path

    Raises
    ------
    PremaskError
        If the folder is not there at the first look. Later it may be away for a while, as
        network drives are.
    """
    if not folder.is_dir():
        raise PremaskError(f"{folder} is not a folder; give the folder that images arrive in")
    return _arrivals(partial(listing, folder, out), seconds, wait)


def _arrivals(
    listing: Callable[[], list[Path]], seconds: float, wait: Callable[[float], bool]
) -> Iterator[Path]:
    before: dict[Path, Stamp] = {}
    taken: dict[Path, Stamp] = {}
    while True:
        now = _stamps(listing)
        for path, stamp in now.items():
            if before.get(path) == stamp and taken.get(path) != stamp:
                taken[path] = stamp
                yield path
        before = now
        if not wait(seconds):
            return


def _stamps(listing: Callable[[], list[Path]]) -> dict[Path, Stamp]:
    try:
        paths = listing()
    except PremaskError:  # away, or not to be listed now
        return {}
    stamps = {}
    for path in paths:
        try:
            status = path.stat()
        except OSError:  # gone since it was listed
            continue
        stamps[path] = (status.st_size, status.st_mtime_ns)
    return stamps
