"""Long JSON of others entry by entry: an array of gigabytes, of which one entry is in memory."""

from __future__ import annotations

import codecs
import itertools
import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from premask.core.errors import PremaskError
from premask.io.structured import TOO_LONG, long_number, parse_json

MAX_ENTRY = 1 << 28
"""Characters of one entry."""

_CHUNK = 1 << 20
_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True)
class Entry:
    """Where one entry of a file is, so that it can be read again.

    Attributes
    ----------
    number : int
        From 1.
    offset, size : int
        Bytes.
    """

    path: Path
    number: int
    offset: int
    size: int

    @property
    def where(self) -> str:
        """For messages: the file and the number of the entry."""
        return f"{self.path.name}: entry {self.number}"

    def read(self) -> Any:
        """The entry, from the file.

        Raises
        ------
        PremaskError
            Where the file has changed since, or is gone.
        """
        try:
            with self.path.open("rb") as file:
                file.seek(self.offset)
                text = file.read(self.size).decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise PremaskError(
                f"{self.where}: it cannot be read again ({error}); did the file change?"
            ) from None
        return parse_json(text, self.where)


def json_entries(path: Path) -> Iterator[tuple[Entry, Any]]:
    """The entries of a JSON array one after the other; an object alone is one entry.

    Raises
    ------
    PremaskError
        One line that starts with the file's name, for a file that cannot be read, is no JSON
        or cut off, with the number of the entry and the byte.
    """
    text = _Text(path)
    start = text.skip_space()
    if start == "{":
        yield text.entry(1)
    elif start == "[":
        yield from _array(text)
    else:
        raise text.fault("it begins with neither [ nor {")
    if text.skip_space():
        raise text.fault("there is something after its end")


def _array(text: _Text) -> Iterator[tuple[Entry, Any]]:
    """The entries of the array that begins here; go on to its end."""
    text.advance(1)
    number = 0
    mark = text.skip_space()
    while mark != "]":
        number += 1
        yield text.entry(number)
        mark = text.next_of("]", f"entry {number}")
    text.advance(1)


def json_members(path: Path, arrays: Collection[str]) -> Iterator[tuple[str, Entry, Any]]:
    """The members of the object that a JSON file holds: key, place and value.

    Parameters
    ----------
    arrays : collection of str
        Keys of members that are arrays, whose entries come one by one.

    Raises
    ------
    PremaskError
        As :func:`json_entries`.
    """
    text = _Text(path)
    if text.skip_space() != "{":
        raise text.fault("it does not begin with {")
    text.advance(1)
    number = 0
    mark = text.skip_space()
    while mark != "}":
        number += 1
        if text.skip_space() != '"':
            raise text.fault(f"member {number} has no name")
        key = text.entry(number)[1]
        if text.skip_space() != ":":
            raise text.fault(f"after the name {key[:40]!r} there is no colon")
        text.advance(1)
        begin = text.skip_space()
        if key in arrays:
            if begin != "[":
                raise text.fault(f"{key!r} is no array")
            yield from ((key, *found) for found in _array(text))
        else:
            yield key, *text.entry(number)
        mark = text.next_of("}", f"member {number}")
    text.advance(1)
    if text.skip_space():
        raise text.fault("there is something after its end")


def json_lines(path: Path) -> Iterator[tuple[Entry, Any]]:
    """The entries of a file of JSON lines; empty lines are none.

    Raises
    ------
    PremaskError
        As :func:`json_entries`, with the number of the line.
    """
    offset = 0
    try:
        with path.open("rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(MAX_ENTRY + 1), b""), 1):
                if len(line) > MAX_ENTRY:
                    raise PremaskError(
                        f"{path.name}: entry {number} has more than {MAX_ENTRY >> 20} MB; is it"
                        " a file of JSON lines?"
                    )
                data = line.removeprefix(codecs.BOM_UTF8) if not offset else line
                entry = Entry(path, number, offset + len(line) - len(data), len(data))
                offset += len(line)
                if data.strip():
                    yield entry, parse_json(_utf8(data, entry), entry.where)
    except OSError as error:
        raise PremaskError(f"{path.name}: it cannot be read: {error.strerror or error}") from None


def _utf8(data: bytes, entry: Entry) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PremaskError(f"{entry.where}: no UTF-8 text at byte {error.start}") from None


class _Text:
    """A text that is read as far as it is needed, and the place that was reached."""

    def __init__(self, path: Path):
        self.path = path
        self.buffer, self.at = "", 0
        self.byte = 0  # where in the file the place is
        self.chunks = self._chunks()

    def _chunks(self) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder("utf-8")()
        seen = 0
        try:
            with self.path.open("rb") as file:
                if file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8:
                    seen = self.byte = len(codecs.BOM_UTF8)
                file.seek(seen)
                while data := file.read(_CHUNK):
                    if text := decoder.decode(data):
                        yield text
                    seen += len(data)
                decoder.decode(b"", final=True)
        except OSError as error:
            raise PremaskError(
                f"{self.path.name}: it cannot be read: {error.strerror or error}"
            ) from None
        except UnicodeDecodeError as error:
            raise PremaskError(
                f"{self.path.name}: no UTF-8 text near byte {seen + error.start}"
            ) from None

    def more(self, n_chunks: int = 1) -> bool:
        """Read on; whether there was something."""
        new = "".join(itertools.islice(self.chunks, n_chunks))
        self.buffer += new
        return bool(new)

    def advance(self, n: int) -> None:
        """Go on by n characters."""
        self.byte += len(self.buffer[self.at : self.at + n].encode("utf-8"))
        self.at += n
        if self.at > _CHUNK:  # let go of what lies behind
            self.buffer, self.at = self.buffer[self.at :], 0

    def skip_space(self) -> str:
        """Go on to the next character that is no space, and tell it; empty at the end."""
        while True:
            space = _SPACE.match(self.buffer, self.at)
            assert space is not None
            self.advance(space.end() - self.at)
            if self.at < len(self.buffer) or not self.more():
                return self.buffer[self.at : self.at + 1]

    def next_of(self, end: str, after: str) -> str:
        """The comma that comes next, gone over, or the character that ends it all."""
        mark = self.skip_space()
        if mark not in {",", end}:
            raise self.fault(f"after {after} there is neither a comma nor {end}")
        if mark == ",":
            self.advance(1)
            self.skip_space()
        return mark

    def entry(self, number: int) -> tuple[Entry, Any]:
        """The value that begins here; go on to its end."""
        n_chunks = 1
        while True:
            try:
                value, end = _DECODER.raw_decode(self.buffer, self.at)
            except json.JSONDecodeError as error:
                # at the end of what was read, or in a string that goes on: more is needed
                cut = error.msg.startswith("Unterminated") or error.pos + 16 > len(self.buffer)
                if len(self.buffer) - self.at > MAX_ENTRY:
                    raise self.fault(f"entry {number} has more than {MAX_ENTRY >> 20} MB") from None
                if not (cut and self.more(n_chunks)):
                    raise self.fault(
                        f"entry {number} is no JSON, or cut off ({error.msg})", error.pos
                    ) from None
                n_chunks *= 2
            except RecursionError:
                raise self.fault(f"entry {number} is nested too deeply") from None
            except ValueError:  # a number of more digits than Python takes
                at = long_number(self.buffer, self.at)
                raise self.fault(f"entry {number} has {TOO_LONG}", at) from None
            else:
                # a number may go on behind what was read
                if isinstance(value, int | float) and end + 4 > len(self.buffer) and self.more():
                    continue
                begin = self.byte
                self.advance(end - self.at)
                return Entry(self.path, number, begin, self.byte - begin), value

    def fault(self, what: str, at: int | None = None) -> PremaskError:
        """An error with its byte in the file."""
        behind = self.buffer[self.at : max(at or 0, self.at)]
        byte = self.byte + len(behind.encode("utf-8"))
        return PremaskError(f"{self.path.name}: {what}, at byte {byte}; export it again")
