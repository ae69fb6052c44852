"""Settings of a project while it is in use: phases, types, scale, images that go."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.core.phases import Phases, make_phases
from premask.core.records import ImageRecord, LabelMapVersion
from premask.core.sessions import STRATEGIES
from premask.project import settings as settings_file
from premask.project.images import all_images, update_image
from premask.project.label_maps import image_versions, read_version
from premask.project.project import Project
from premask.project.sessions import OPEN_STATES, ConflictError, working_copy
from premask.workflow.add import check_scale
from premask.workflow.audited import AUDIT
from premask.workflow.overview import overview


@dataclass(frozen=True)
class PhaseEntry:
    """A phase as it is to be.

    Attributes
    ----------
    index : int or None
        The phase that this is now; None for a new one.
    """

    index: int | None
    name: str
    colour: str


def settings_digest(project: Project) -> str:
    """Names the content of ``premask.toml``, so that nobody changes what they have not seen."""
    content = (project.root / settings_file.FILE_NAME).read_bytes()
    return hashlib.sha256(content).hexdigest()[:16]


def change_phases(
    project: Project,
    entries: Sequence[PhaseEntry],
    types: Mapping[str, Sequence[str]],
    *,
    based_on: str,
    merged: Mapping[str, str] | None = None,
) -> Project:
    """Rename, recolour, add and merge phases, and say which of them each type may show.

    Label maps hold indices: a phase keeps its own for ever, new ones come behind the last,
    and none goes.

    Parameters
    ----------
    entries : sequence of PhaseEntry
        Every phase that there is, in its order, then the new ones.
    types : mapping of str to sequence of str
        Names, as they are to be, of the phases that each type may show.
    based_on : str
        :func:`settings_digest` of the settings that were looked at.
    merged : mapping of str to str, optional
        Phases that count as another one from now on, by their names as they are to be. Nothing
        that is stored changes: without the entry they are themselves again.

    Returns
    -------
    project : Project
        With the new settings.

    Raises
    ------
    PremaskError
        For a phase that is left out or moved, a name that is empty or there twice, no colour.
    ConflictError
        Where ``premask.toml`` was changed meanwhile.
    """
    if settings_digest(project) != based_on:
        raise ConflictError("the settings were changed elsewhere since; load the page again")
    old = settings_file.read(project.root)
    kept = [entry.index for entry in entries[: len(old.phases)]]
    if kept != list(range(len(old.phases))) or any(
        entry.index is not None for entry in entries[len(old.phases) :]
    ):
        raise PremaskError(
            f"the phases are {', '.join(old.phases.names)} and stay in this order: label maps"
            " hold their numbers; new ones come behind them"
        )
    made = make_phases([entry.name for entry in entries], [entry.colour for entry in entries])
    renamed = dict(zip(old.phases.names, made.names, strict=False))
    phases = Phases(
        made.phases,
        by_type={_type(name): tuple(allowed) for name, allowed in types.items()},
        inside={
            renamed[name]: tuple(renamed[one] for one in outer)
            for name, outer in old.phases.inside.items()
        },
        merged=dict(merged or {}),
    )
    changed = replace(old, phases=phases)
    settings_file.write(project.root, changed)
    return replace(project, settings=changed)


def _type(name: str) -> str:
    clean = " ".join(name.split())
    if not clean or len(clean) > 64 or not clean.isprintable():
        raise PremaskError(f"{name!r} cannot be a type; 1 to 64 printable characters are accepted")
    return clean


def calibrate(
    project: Project, image: ImageRecord, um_per_px: float | None, *, alike: bool = False
) -> int:
    """Store the scale of an image; returns how many images have it now.

    Parameters
    ----------
    um_per_px : float or None
        µm per px; None takes the scale away.
    alike : bool
        Also of those that :func:`of_same_frame` names.

    Raises
    ------
    PremaskError
        For a scale that is no positive number.
    """
    check_scale(um_per_px)
    source = None if um_per_px is None else "calibrated"
    others = of_same_frame(project, image) if alike else []
    for one in (image, *others):
        update_image(project, replace(one, um_per_px=um_per_px, scale_source=source))
    return 1 + len(others)


def of_same_frame(project: Project, image: ImageRecord) -> list[ImageRecord]:
    """The other images of an image's frame (width and height) that have no scale yet."""
    return [
        one
        for one in all_images(project)
        if one.id != image.id
        and (one.width, one.height) == (image.width, image.height)
        and one.um_per_px is None
    ]


@dataclass(frozen=True)
class Concerned:
    """What a merge would change in one image.

    Attributes
    ----------
    drafts : int
        Pixels of the phase in the label maps that somebody is at work on.
    submitted, agreed, imported : int
        Pixels in the newest version of each session, of each agreed map, and of each map that
        came from elsewhere.
    candidates : int
        How many candidates have regions of the phase.
    """

    image: ImageRecord
    drafts: int
    submitted: int
    agreed: int
    imported: int
    candidates: int


def concerned(project: Project, phase: int) -> list[Concerned]:
    """Where a phase is labelled: what would count as another one after a merge.

    Raises
    ------
    PremaskError
        For a phase that there is not.
    """
    if not 0 <= phase < len(project.phases):
        raise PremaskError(f"no phase {phase}; 0 to {len(project.phases) - 1} are accepted")
    rows = []
    for one in overview(project):
        stored = Counter[str]()
        newest = {(v.annotator, v.strategy): v for v in image_versions(project, one.image)}
        for version in newest.values():
            if version.strategy == AUDIT:
                continue
            stored[_kind(version)] += _px(read_version(project, version), phase)
        row = Concerned(
            one.image,
            drafts=sum(
                _px(working_copy(project, s.id).labels, phase)
                for s in one.sessions
                if s.state in OPEN_STATES
            ),
            submitted=stored["submitted"],
            agreed=stored["agreed"],
            imported=stored["imported"],
            candidates=sum(phase in c.table.get("names", []) for c in one.candidates),
        )
        if row.drafts or stored.total() or row.candidates:
            rows.append(row)
    return rows


def _kind(version: LabelMapVersion) -> str:
    if version.strategy not in STRATEGIES and version.session is not None:
        return "agreed"
    return "imported" if version.session is None else "submitted"


def _px(labels: NDArray[np.uint8], phase: int) -> int:
    return int(np.count_nonzero(labels == phase))
