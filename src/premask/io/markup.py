"""XML of others: read piece by piece, without entities, or refused in one line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from premask.core.errors import PremaskError

MAX_DEPTH = 50
"""Elements within each other; no tool's files have more than a dozen."""

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Part:
    """An element right below the root: what it is, and where it lies in the file.

    Attributes
    ----------
    name : str
    attributes : dict of str to str
    start, end : int
        Where its opening tag begins, and its closing tag, in bytes; where it is one tag, the
        end of that.
    """

    name: str
    attributes: dict[str, str]
    start: int
    end: int


def read_parts(path: Path, root: str) -> Iterator[Part]:
    """The elements right below the root of an XML file; their content is skipped.

    Parameters
    ----------
    root : str
        What the root must be called.

    Raises
    ------
    PremaskError
        One line that starts with the file's name: for a file that cannot be read or is not
        UTF-8, with the line and column for one that is cut off or no XML, and for one that
        has a document type, with which entities could be declared.
    """
    outline = _Outline(path.name, root)
    parser = _parser(path.name)
    parser.StartElementHandler = lambda name, attributes: outline.open(parser, name, attributes)
    parser.EndElementHandler = lambda name: outline.close(parser, name)
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                _feed(parser, chunk, path.name)
                yield from outline.parts
                outline.parts.clear()
    except OSError as error:
        raise PremaskError(f"{path.name}: it cannot be read: {error.strerror or error}") from None
    _feed(parser, b"", path.name, final=True)
    yield from outline.parts


def read_part(path: Path, part: Part) -> Element:
    """One element of :func:`read_parts`, with all that it holds.

    Raises
    ------
    PremaskError
        As :func:`read_parts`.
    """
    with path.open("rb") as file:
        file.seek(part.start)
        data = file.read(part.end - part.start)
    builder, depth = TreeBuilder(), 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise PremaskError(f"{path.name}: more than {MAX_DEPTH} elements within each other")
        builder.start(name, attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(name)

    parser = _parser(path.name)
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    _feed(parser, data, path.name)
    # an element that is one tag is whole already
    _feed(parser, f"</{part.name}>".encode() if depth else b"", path.name, final=True)
    return builder.close()


@dataclass
class _Outline:
    file: str
    root: str
    depth: int = 0
    opened: tuple[int, dict[str, str]] = (0, {})
    parts: list[Part] = field(default_factory=list)

    def open(self, parser: expat.XMLParserType, name: str, attributes: dict[str, str]) -> None:
        if self.depth == 0 and name != self.root:
            raise PremaskError(f"{self.file}: its root is <{name[:40]}>; <{self.root}> is accepted")
        if self.depth == 1:
            self.opened = parser.CurrentByteIndex, attributes
        self.depth += 1

    def close(self, parser: expat.XMLParserType, name: str) -> None:
        self.depth -= 1
        if self.depth == 1:
            start, attributes = self.opened
            self.parts.append(Part(name, attributes, start, parser.CurrentByteIndex))


def _parser(file: str) -> expat.XMLParserType:
    def no_document_type(*_: object) -> None:
        raise PremaskError(
            f"{file}: it has a document type (<!DOCTYPE>), which could hold traps and which no"
            " annotation tool writes; remove it if you trust the file"
        )

    def utf_8(_version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.casefold() not in {"utf-8", "us-ascii", "ascii"}:
            raise PremaskError(f"{file}: its encoding is {encoding[:40]}; UTF-8 is accepted")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = no_document_type
    parser.XmlDeclHandler = utf_8
    return parser


def _feed(parser: expat.XMLParserType, data: bytes, file: str, *, final: bool = False) -> None:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) and parser.CurrentByteIndex <= 0:
        raise PremaskError(f"{file}: its encoding is UTF-16; UTF-8 is accepted")
    try:
        parser.Parse(data, final)
    except expat.ExpatError as error:
        raise PremaskError(
            f"{file}: no XML, or cut off, at line {error.lineno}, column {error.offset + 1}"
            f" ({expat.ErrorString(error.code)}); export it again"
        ) from None
