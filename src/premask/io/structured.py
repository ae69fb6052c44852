"""JSON of others, read or refused in one line."""

from __future__ import annotations

import contextlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from premask.core.errors import PremaskError
from premask.io.files import is_full

MAX_BYTES = 4 << 30

TOO_LONG = "a number with too many digits"
"""What is said of one that Python does not take: there it has more than 4,300 of them."""

_TOKENS = re.compile(
    r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|-?(?P<digits>[0-9]++)(?![.eE])|[0-9.eE+-]++', re.DOTALL
)
"""Strings, whole numbers, and numbers that are none."""


@contextlib.contextmanager
def guarded(where: str) -> Iterator[None]:
    """Turn all that reading a file of others raises into a PremaskError.

    Parameters
    ----------
    where : str
        The file's name; starts the message, unless it starts with it already.
    """
    try:
        yield
    except PremaskError as error:
        if str(error).startswith(where):
            raise
        raise PremaskError(f"{where}: {error}") from error
    except MemoryError as error:
        raise PremaskError(f"{where}: it does not fit into the memory") from error
    except OSError as error:
        if is_full(error):  # not the file's fault
            raise
        raise PremaskError(f"{where}: it cannot be read: {error.strerror or error}") from error
    except Exception as error:
        # Damaged files make decoders raise nearly everything.
        reason = " ".join(str(error).split())[:160] or type(error).__name__
        raise PremaskError(
            f"{where}: it is cut off or damaged ({reason}); export it again"
        ) from error


def read_json(path: Path) -> Any:
    """The content of a JSON file.

    Raises
    ------
    PremaskError
        One line that starts with the file's name, for a file that is missing, too large, cut
        off or no JSON, with the line and column.
    """
    return parse_json(read_text(path), path.name)


def parse_json(text: str, where: str) -> Any:
    """The content of JSON text; ``where`` starts the message of what is wrong with it."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise PremaskError(
            f"{where}: no JSON, or cut off, at line {error.lineno}, column {error.colno}"
            f" ({error.msg}); export it again"
        ) from None
    except RecursionError:
        raise PremaskError(f"{where}: JSON that is nested too deeply; export it again") from None
    except ValueError:  # a number of more digits than Python takes
        at = long_number(text)
        line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
        raise PremaskError(
            f"{where}: {TOO_LONG}, at line {line}, column {column}; export it again"
        ) from None


def long_number(text: str, start: int = 0) -> int:
    """Where in JSON text the first whole number begins that is too long for Python.

    Parameters
    ----------
    start : int
        Where to begin; no place inside a string. It is the answer where there is no such number.
    """
    for token in _TOKENS.finditer(text, start):
        if token["digits"] and len(token["digits"]) > sys.get_int_max_str_digits():
            return token.start()
    return start


def read_text(path: Path) -> str:
    """The text of a UTF-8 file.

    Raises
    ------
    PremaskError
        One line that starts with the file's name.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise PremaskError(f"{path.name}: larger than {MAX_BYTES >> 30} GB; export it in parts")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise PremaskError(f"{path.name}: it cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise PremaskError(f"{path.name}: no UTF-8 text at byte {error.start}") from None
