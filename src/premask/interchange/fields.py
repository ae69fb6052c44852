"""Entries of other people's files: of the kind that they should be, or refused in one line."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from premask.core.errors import PremaskError
from premask.interchange.runs import shown
from premask.io.images import IMAGE_SUFFIXES

KINDS: Mapping[type, str] = {
    int: "a whole number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "an object",
}

LONGEST_NAME = 255
"""Bytes; no common file system has longer names."""


def entry(record: object, key: str, kind: type, where: str) -> Any:
    """An entry of a JSON object.

    Parameters
    ----------
    kind : type
        A key of :data:`KINDS`; ``400.0`` is a whole number, ``true`` is none.
    where : str
        Begins the message.

    Raises
    ------
    PremaskError
        If the record is no object, has no such entry, or one of another kind.
    """
    if not isinstance(record, dict):
        raise PremaskError(f"{where}: it is {shown(record)}; {KINDS[dict]} is accepted")
    if key not in record:
        raise PremaskError(f"{where}: it has no {key!r}; is it another format?")
    value = record[key]
    if kind is int and isinstance(value, float) and value.is_integer():
        value = int(value)
    if kind is float and isinstance(value, int) and abs(value) < 1 << 63:
        value = value if isinstance(value, bool) else float(value)
    wrong = isinstance(value, bool) or not isinstance(value, kind)
    if wrong or (isinstance(value, float) and not math.isfinite(value)):
        raise PremaskError(f"{where}: its {key!r} is {shown(value)}; {KINDS[kind]} is accepted")
    return value


def safe_path(name: str, where: str) -> PurePosixPath:
    """A name in a file as a path that does not lead out of its folder.

    Raises
    ------
    PremaskError
        For ``..``, an absolute path, a drive, and a name that no file can have.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    drive = os.name == "nt" and ":" in name
    outside = path.is_absolute() or ".." in path.parts or drive or "\0" in name
    if outside or not path.parts:
        raise PremaskError(f"{where}: its file name {shown(name)} leads out of the folder")
    if any(len(part.encode("utf-8", "surrogatepass")) > LONGEST_NAME for part in path.parts):
        raise PremaskError(f"{where}: its file name {shown(name)} is too long for any file")
    return path


def find_picture(name: str, *folders: Path) -> Path | None:
    """The micrograph of a name in some folders, with its own ending or another; None if none.

    Parameters
    ----------
    name : str
        As the file tells it: with or without folders and an ending. One that leads out of
        the folders is not looked for.
    """
    try:
        path = safe_path(name, "")
    except PremaskError:
        return None
    for folder in folders:
        for own in (path, PurePosixPath(path.name)):
            for suffix in ("", *IMAGE_SUFFIXES):
                found = folder / own.with_name(own.name + suffix)
                try:
                    if found.suffix.lower() in IMAGE_SUFFIXES and found.is_file():
                        return found
                except OSError:  # a name that is too long for the file system
                    return None
    return None


def whole_entry(text: str | None, what: str, where: str) -> int:
    """A whole number of an XML attribute.

    Raises
    ------
    PremaskError
        If it is missing, or no number.
    """
    number = float_entry(text, what, where)
    if not number.is_integer():
        raise PremaskError(f"{where}: its {what} is {shown(text)}; {KINDS[int]} is accepted")
    return int(number)


def float_entry(text: str | None, what: str, where: str) -> float:
    """A number of an XML attribute.

    Raises
    ------
    PremaskError
        If it is missing, or no finite number.
    """
    try:
        number = float(text) if text is not None else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise PremaskError(f"{where}: its {what} is {shown(text)}; {KINDS[float]} is accepted")
    return number


def optional(content: Mapping[str, Any], key: str, kind: type, where: str) -> Any:
    """A list or an object that an object of JSON may have, an empty one where it has none.

    Raises
    ------
    PremaskError
        For a value of another type; ``where`` starts its message.
    """
    value = content.get(key)
    if value is None:
        return kind()
    if not isinstance(value, kind):
        wanted = "a list" if kind is list else "an object"
        raise PremaskError(f"{where}: {key} is {shown(value)}; {wanted} is accepted")
    return value
