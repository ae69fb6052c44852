"""Settings of a project while it is in use: phases, types, scale, images that go."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from premask.core.errors import PremaskError
from premask.core.phases import Phases, make_phases
from premask.core.records import ImageRecord
from premask.project import settings as settings_file
from premask.project.images import all_images, update_image
from premask.project.project import Project
from premask.project.sessions import ConflictError
from premask.workflow.add import check_scale


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
) -> Project:
    """Rename, recolour and add phases, and say which of them each type may show.

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
        Also of the images of the same frame (width and height) that have no scale yet.

    Raises
    ------
    PremaskError
        For a scale that is no positive number.
    """
    check_scale(um_per_px)
    source = None if um_per_px is None else "calibrated"
    others = [
        one
        for one in all_images(project)
        if alike
        and one.id != image.id
        and (one.width, one.height) == (image.width, image.height)
        and one.um_per_px is None
    ]
    for one in (image, *others):
        update_image(project, replace(one, um_per_px=um_per_px, scale_source=source))
    return 1 + len(others)
