"""Colours of phases in files: which to write, and what the colours of others mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from premask.core.errors import PremaskError
from premask.core.phases import VOID_NAME, Phases
from premask.io.structured import read_json, read_text

Rgb = tuple[int, int, int]
BLACK: Rgb = (0, 0, 0)
WHITE: Rgb = (255, 255, 255)
COLOURS = ("colours.json", "colors.json")
LABELMAP = "labelmap.txt"


def is_hex(text: str) -> bool:
    """Whether a text is a colour as ``#rrggbb``."""
    return re.fullmatch(r"#[0-9a-fA-F]{6}", text) is not None


def rgb(colour: str) -> Rgb:
    """``#rrggbb`` as three numbers.

    Raises
    ------
    PremaskError
        For another form.
    """
    if not is_hex(colour):
        raise PremaskError(f"{colour!r} is not a colour; #rrggbb is accepted")
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:], 16)


def hex_of(colour: Rgb) -> str:
    """Three numbers as ``#rrggbb``."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def distinct(colours: Iterable[str], taken: Iterable[Rgb] = ()) -> list[Rgb]:
    """The colours, each changed to the next free one where it is taken before it."""
    seen = {int.from_bytes(bytes(colour)) for colour in taken}
    found: list[Rgb] = []
    for colour in map(rgb, colours):
        number = int.from_bytes(bytes(colour))
        while number in seen:
            number = (number + 1) % (1 << 24)
        seen.add(number)
        found.append((number >> 16, (number >> 8) & 255, number & 255))
    return found


def read_colours(path: Path) -> dict[str, Rgb]:
    """Names and colours from ``colours.json``.

    Parameters
    ----------
    path : Path
        A JSON object of names, each with ``"#rrggbb"`` or ``[r, g, b]``.

    Raises
    ------
    PremaskError
        For anything else.
    """
    content = read_json(path)
    if not isinstance(content, dict) or not content:
        raise PremaskError(
            f'{path.name}: no table of colours; {{"Alpha": "#800080", ...}} is accepted'
        )
    return {name: _colour(colour, f"{path.name}: {name!r}") for name, colour in content.items()}


def _colour(value: Any, where: str) -> Rgb:
    if isinstance(value, str) and is_hex(value):
        return rgb(value)
    if (
        isinstance(value, list)
        and len(value) == 3
        and all(type(one) is int and 0 <= one < 256 for one in value)
    ):
        return value[0], value[1], value[2]
    raise PremaskError(f"{where} has the colour {value!r:.60}; #rrggbb or [r, g, b] is accepted")


def read_labelmap(path: Path) -> list[tuple[str, Rgb | None]]:
    """Names and colours from ``labelmap.txt`` of CVAT and datumaro, in the order of the lines.

    Returns
    -------
    list of (str, colour or None)
        None where a line has no colour. Where none has one, as datumaro writes it, they are
        those of Pascal VOC.

    Raises
    ------
    PremaskError
        With the line that is wrong.
    """
    found: list[tuple[str, Rgb | None]] = []
    for number, line in enumerate(read_text(path).splitlines(), 1):
        # name:colour:parts:actions, where names may hold a colon or begin with a hash
        match = re.fullmatch(r"(.+?):(?:(\d{1,3}),(\d{1,3}),(\d{1,3}))?(?::[^:]*){0,2}", line)
        values = [int(one) for one in match.groups()[1:] if one] if match else []
        if not line.strip() or (line.startswith("#") and not values):
            continue
        if (
            match is None
            or any(value > 255 for value in values)
            or (not values and ":" in match[1])  # a colour of another form
        ):
            raise PremaskError(
                f"{path.name}: line {number} is {line!r:.60}; label:red,green,blue:: is accepted"
            )
        colour = (values[0], values[1], values[2]) if values else None
        found.append((match[1].strip(), colour))
    if not found:
        raise PremaskError(f"{path.name}: no labels in it; label:red,green,blue:: is accepted")
    if all(colour is None for _, colour in found):
        return [(name, voc_colour(number)) for number, (name, _) in enumerate(found)]
    return found


def voc_colour(number: int) -> Rgb:
    """The colour of Pascal VOC for 0, 1, 2 ...: black, dark red, dark green, olive ...

    The bits of the number go to red, green and blue in turn, highest first.
    """
    red, green, blue = (
        sum((number >> (3 * i + channel) & 1) << (7 - i) for i in range(3)) for channel in range(3)
    )
    return red, green, blue


def labelmap_text(colours: Mapping[str, Rgb]) -> str:
    """A ``labelmap.txt`` in the form of CVAT."""
    lines = [f"{name}:{r},{g},{b}::" for name, (r, g, b) in colours.items()]
    return "\n".join(["# label:color_rgb:parts:actions", *lines, ""])


def project_colours(phases: Phases) -> dict[str, Rgb]:
    """The phases' own colours, each its own, and one for void: white, as in premask's PNGs."""
    own = distinct(phase.colour for phase in phases.phases)
    (void,) = distinct([hex_of(WHITE)], own)
    return {**dict(zip(phases.names, own, strict=True)), VOID_NAME: void}
