"""Files of other tools, read by a format alone, without a project."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from premask.core.exchange import Finding, Incoming, Layer, Outgoing, Target
from premask.core.phases import make_phases
from premask.interchange.formats import find_format
from premask.interchange.vocabulary import Vocabulary

DATA = Path(__file__).parent / "data" / "interchange"

LabelMap = NDArray[np.uint8]


def example() -> LabelMap:
    """The example that several tools hold: Alpha left, TiB2 right, TiN a square."""
    label_map = np.zeros((96, 128), np.uint8)
    label_map[:, 64:] = 1
    label_map[20:40, 70:90] = 2
    return label_map


def vocabulary(names: Sequence[str] = ("Alpha", "TiB2", "TiN"), **more: object) -> Vocabulary:
    """A vocabulary of some phases."""
    return Vocabulary(make_phases(names), **more)  # type: ignore[arg-type]


def load(format_: str, path: Path, words: Vocabulary) -> list[Incoming]:
    """All that a format finds."""
    return list(find_format(format_).load(path, words))


def read_one(format_: str, path: Path, words: Vocabulary) -> LabelMap:
    """The only label map."""
    (one,) = load(format_, path, words)
    return one.read()


def outgoing(
    label_map: LabelMap,
    name: str = "a",
    picture: Callable[[], NDArray[np.uint8]] | None = None,
    **more: object,
) -> Outgoing:
    """An image on its way out."""
    height, width = label_map.shape
    grey = np.full((height, width), 90, np.uint8)
    return Outgoing(
        name, f"{name}.png", "0" * 64, width, height, (Layer(lambda: label_map),),
        picture or (lambda: grey), **more,  # type: ignore[arg-type]
    )  # fmt: skip


def save(
    format_: str, folder: Path, images: Iterable[Outgoing], names: Sequence[str], *,
    pictures: bool = False, colours: Sequence[str] = (),
) -> list[Finding]:  # fmt: skip
    """Write images; what the report says."""
    folder.mkdir(parents=True, exist_ok=True)
    target = Target(folder, make_phases(names, colours), pictures=pictures)
    find_format(format_).save(images, target)
    return target.report.findings


def kinds(words: Vocabulary) -> list[str]:
    """The kinds of findings, each once, in order."""
    return list(dict.fromkeys(finding.kind for finding in words.report.findings))
