"""What a project remembers: images, candidates and versions of label maps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class ImageRecord:
    """One micrograph of a project. The file is kept as it came; the crop is a view of it.

    Attributes
    ----------
    id : str
        The SHA-256 of the file's bytes, with ``-PAGE`` behind it for a later page.
    name : str
        The file's name, for people; it may repeat.
    content : str
        Key of the untouched file in the project's objects.
    type : str or None
        Processing type (paper, Table 3).
    width, height : int
        Of the original frame, px.
    crop_bottom : int
        Rows at the bottom that are left out (the information bar), px.
    um_per_px : float or None
        Scale; ``scale_source`` says where it came from.
    page : int
        Page of a multi-page file.
    """

    id: str
    name: str
    content: str
    width: int
    height: int
    type: str | None = None
    crop_bottom: int = 0
    um_per_px: float | None = None
    scale_source: str | None = None
    page: int = 0

    @property
    def view_height(self) -> int:
        """Height of the crop, px."""
        return self.height - self.crop_bottom


@dataclass(frozen=True)
class Parameters:
    """What a candidate hangs on; the same parameters on the same image: the same candidate."""

    method: str
    n_regions: int
    seed: int = 0
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Cost:
    """What a candidate cost to make (paper, Table 1).

    Attributes
    ----------
    seconds : float
        Wall clock, without the compilation of loops on their first use.
    cpu_seconds : float
        Processor time of all threads.
    peak_mb : float
        Most memory that was held at once for it, on top of the idle process, MB; 0 where
        it is not known (elsewhere than on Linux).
    jobs : int
        How many candidates were made side by side; Table 1 counts those made alone.
    hardware : str
        Processor, cores, memory.
    """

    seconds: float
    cpu_seconds: float
    peak_mb: float
    jobs: int
    hardware: str


@dataclass(frozen=True)
class Candidate:
    """A proposal for one micrograph: regions, and a table that names them.

    Its label map is derived from the two and never stored.

    Attributes
    ----------
    content : str
        Key of the regions (index PNG) in the project's objects.
    crop_bottom : int
        The crop of the image that the regions belong to, px.
    table : dict
        The names given so far; empty for a fresh candidate. See :mod:`premask.naming.table`.
    islands : dict
        How small islands are removed from the derived label map.
    """

    id: int
    image: str
    parameters: Parameters
    cost: Cost
    content: str
    crop_bottom: int
    created: str
    table: dict[str, Any] = field(default_factory=dict)
    islands: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class LabelMapVersion:
    """One version of a label map; never overwritten.

    Attributes
    ----------
    strategy : str
        ``scratch``, ``preannotated``, ``agreed``, ``reference`` for a map that was imported as
        the truth, or ``audit`` for its parent with the phases of models where they contradict it.
    parent : int or None
        The version that it was made from.
    session : int or None
        The session that submitted it; None where it was imported.
    origins : str or None
        Key of the plane that says where each pixel's label came from.
    """

    id: int
    image: str
    annotator: str
    strategy: str
    content: str
    crop_bottom: int
    created: str
    parent: int | None = None
    note: str = ""
    session: int | None = None
    origins: str | None = None


@dataclass(frozen=True)
class SessionRecord:
    """One annotator's work on one image under one strategy.

    Attributes
    ----------
    strategy : str
        ``scratch`` or ``preannotated``.
    crop_bottom : int
        The crop of the image that the label map belongs to, px.
    state : str
        ``open``, ``submitted``, ``returned`` (sent back with a note) or ``accepted``.
    revision : int
        Counts the saves. A save names the revision that it was made on.
    base, base_origins : str
        Keys of the label map that the work began with, and of where its labels came from.
    choice : dict
        What the base was made of, and why: see :mod:`premask.workflow.annotate`.
    """

    id: int
    image: str
    annotator: str
    strategy: str
    crop_bottom: int
    state: str
    created: str
    revision: int
    base: str
    base_origins: str
    choice: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Review:
    """What a reviewer said of a version.

    Attributes
    ----------
    version : int
        The label map that was looked at.
    verdict : str
        ``accepted`` or ``returned``.
    """

    id: int
    version: int
    reviewer: str
    verdict: str
    note: str
    created: str


@dataclass(frozen=True)
class Verdict:
    """What an expert said of a prediction (paper, section 4.2).

    Attributes
    ----------
    candidate : int
        The prediction that was looked at.
    verdict : str
        ``accepted`` or ``rejected``.
    """

    candidate: int
    annotator: str
    verdict: str
    reason: str
    created: str


@dataclass(frozen=True)
class Consensus:
    """The settling of one image, for certain versions of its label maps.

    Attributes
    ----------
    versions : tuple of int
        The label maps that have a vote; with others it is another consensus.
    method : str
        ``majority`` or ``staple``: what decides outside the regions of doubt. ``labels``: the
        labels that are audited, there and where nobody decides.
    min_px : int
        Area of the smallest region that people settle, px.
    """

    id: int
    image: str
    crop_bottom: int
    versions: tuple[int, ...]
    method: str
    min_px: int
    created: str


@dataclass(frozen=True)
class Decision:
    """What somebody decided on a region of doubt.

    Attributes
    ----------
    label : int
        A phase, 255 for void, or 254: as the automatic map has it.
    """

    region: int
    label: int
    annotator: str
    created: str


@dataclass(frozen=True)
class Agreement:
    """How an agreed label map came about.

    Attributes
    ----------
    version : int
        The agreed label map.
    consensus : Consensus
        With the versions that had a vote: its parents.
    regions : int
        Regions of doubt that there were.
    settled : dict of str to int
        Regions that each person, or the automatic map without people, decided on.
    void_px : int
        Pixels that are void in it.
    """

    version: int
    consensus: Consensus
    regions: int
    settled: dict[str, int]
    void_px: int
