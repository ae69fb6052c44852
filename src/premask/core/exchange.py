"""Images and label maps on their way into and out of a project, whatever the file format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from premask.core.phases import Phases

LabelMap = NDArray[np.uint8]

Ids = dict[str, Any]
"""What stands for each phase in a file: ``{"Alpha": 1, "void": 0}``. Part of every export."""


@dataclass(frozen=True)
class ToolTime:
    """A time that another tool has measured, under its own name and rule.

    Attributes
    ----------
    tool, field : str
        ``"labelbox"``, ``"seconds_to_create"``.
    seconds : float
    rule : str
        How the tool counts.
    """

    tool: str
    field: str
    seconds: float
    rule: str

    @property
    def measure(self) -> str:
        """The name under which the study takes it: ``labelbox:seconds_to_create``."""
        return f"{self.tool}:{self.field}"


@dataclass(frozen=True)
class Layer:
    """One label map of an image on its way out: its labels, or a candidate.

    Attributes
    ----------
    read : callable
        Gives the label map, uint8 (H, W) in the frame of the export; indices into the phases
        of the export, 255 = void.
    method : str
        Of a candidate; empty for labels.
    annotator : str
        Who made the labels; empty for a candidate.
    created : str
        ISO 8601, UTC.
    seconds : float or None
        Active time of annotation of the labels, s.
    """

    read: Callable[[], LabelMap]
    method: str = ""
    annotator: str = ""
    created: str = ""
    seconds: float | None = None


@dataclass(frozen=True)
class Outgoing:
    """One image on its way out.

    Attributes
    ----------
    name : str
        Its name in the export, without a suffix; unique there, whatever the case.
    file_name : str
        The name of its file in the project.
    id : str
        Its id in the project.
    width, height : int
        In the frame of the export, px.
    layers : tuple of Layer
        At least one; more only for formats that hold several.
    read_image : callable
        Gives the picture for display: uint8 (H, W) or (H, W, 3) in the frame of the export.
    original : Path or None
        The untouched file, where the picture is just that, in 8 bit, as PNG or JPEG.
    """

    name: str
    file_name: str
    id: str
    width: int
    height: int
    layers: tuple[Layer, ...]
    read_image: Callable[[], NDArray[np.uint8]]
    original: Path | None = None
    type: str | None = None
    um_per_px: float | None = None

    @property
    def label_map(self) -> LabelMap:
        """The one label map of formats that hold one."""
        return self.layers[0].read()


@dataclass(frozen=True)
class Incoming:
    """One label map on its way in.

    Attributes
    ----------
    name : str
        What the file calls its image: a file's name with or without a suffix.
    source : str
        Where it comes from, for messages: a file, or a file and a position in it.
    read : callable
        Gives the label map, uint8 (H, W): the project's phase indices, 255 = void. Raises
        PremaskError; tells the report what it had to settle.
    id : str
        The image's id, where an export of premask tells it.
    annotator, method : str
        Who or what made it, where the file says so. With a method it is a prediction.
    times : tuple of ToolTime
    image : Path or None
        The micrograph, where it comes along.
    image_name : str
        The name that it is added under.
    type, um_per_px, crop_bottom
        Of the micrograph, where the files say so.
    """

    name: str
    source: str
    read: Callable[[], LabelMap]
    id: str = ""
    annotator: str = ""
    method: str = ""
    times: tuple[ToolTime, ...] = ()
    image: Path | None = None
    image_name: str = ""
    type: str | None = None
    um_per_px: float | None = None
    crop_bottom: int | None = None


FINDINGS: Mapping[str, str] = {
    "size": "sizes that had to be fitted",
    "unknown": "names, colours or values that are no phase of the project, read as void",
    "near": "colours that are near a phase's, and were taken for it",
    "assumed": "what the files do not say, and how they were read",
    "overlap": "pixels that several regions claim, and the rule that settled them",
    "empty": "label maps that are void alone",
    "unlabelled": "pixels without a label",
    "no label map": "images without a label map",
    "no image": "label maps without an image in the project, left out",
    "name": "names that do not match as they are",
    "unnamed": "candidates without names, exported as region indices",
    "loss": "what the format cannot hold exactly",
    "left out": "parts of the files that hold nothing for premask",
}
"""The kinds of findings of a validation report."""


@dataclass(frozen=True)
class Finding:
    """One line of a validation report.

    Attributes
    ----------
    kind : str
        A key of :data:`FINDINGS`.
    where : str
        The file or image.
    count : int
        How many pixels, or things.
    at : (int, int) or None
        An example: row and column, px.
    """

    kind: str
    where: str
    message: str
    count: int = 1
    at: tuple[int, int] | None = None

    @property
    def line(self) -> str:
        """As it is printed."""
        example = f", e.g. at row {self.at[0]}, column {self.at[1]}" if self.at else ""
        return f"{self.where}: {self.message}{example}"


@dataclass
class Report:
    """What an import or export had to settle; nothing is dropped without a line here."""

    findings: list[Finding] = field(default_factory=list)

    def add(
        self,
        kind: str,
        where: str,
        message: str,
        count: int = 1,
        at: tuple[int, int] | None = None,
    ) -> None:
        """Add a finding of one of the :data:`FINDINGS`."""
        assert kind in FINDINGS, kind
        # half characters, which JSON may hold and no terminal takes
        where, message = (text.encode("utf-8", "replace").decode() for text in (where, message))
        self.findings.append(Finding(kind, where, message, count, at))


@dataclass(frozen=True)
class Target:
    """Where an export goes, and what it goes with.

    Attributes
    ----------
    folder : Path
        Empty; the format makes its files and folders in it.
    phases : Phases
        What the indices of the label maps mean, in the order of the indices.
    report : Report
    pictures : bool
        Whether the micrographs go along.
    prefix : str
        What stands before a picture's name in the tool: the address of its folder.
    """

    folder: Path
    phases: Phases
    report: Report = field(default_factory=Report)
    pictures: bool = True
    prefix: str = ""

    @property
    def colours(self) -> list[str]:
        """``#rrggbb`` of each phase."""
        return [phase.colour for phase in self.phases.phases]


def first_position(mask: NDArray[np.bool_]) -> tuple[int, int]:
    """Row and column of the first true pixel, px; the mask must have one."""
    row, column = divmod(int(np.argmax(mask)), mask.shape[1])
    return row, column
