"""Which small islands a candidate's label map leaves out: shown, changed, undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from premask.core.errors import PremaskError
from premask.core.records import Candidate, ImageRecord
from premask.core.words import typed
from premask.project.candidates import all_candidates, has_names, set_islands
from premask.project.images import all_images, find_image
from premask.project.project import Project
from premask.workflow.derive import derive
from premask.workflow.model_names import known_name


@dataclass(frozen=True)
class IslandRow:
    """What is removed of one phase (or region) of one candidate.

    Attributes
    ----------
    label : str
        The phase's name, or ``region N`` while there are no names.
    rule : str
        ``default``, ``off``, or ``areas``.
    islands, px : int
        How many are removed, and their area.
    share : float
        Of the phase's area, 0 to 1.
    """

    image: str
    method: str
    label: str
    rule: str
    islands: int
    px: int
    share: float


def island_rows(
    project: Project, *, image: str | None = None, method: str | None = None
) -> list[IslandRow]:
    """What is removed, phase by phase, of the candidates asked for."""
    return [
        IslandRow(
            record.name,
            candidate.parameters.method,
            project.phases.names[removed.label] if derived.named else f"region {removed.label}",
            candidate.islands.get("rule", "default"),
            removed.count,
            removed.px,
            removed.share,
        )
        for record, candidate in _chosen(project, image, method)
        for derived in [derive(project, candidate)]
        for removed in derived.removed
    ]


def change_islands(
    project: Project,
    *,
    limits: Sequence[str] = (),
    off: bool = False,
    image: str | None = None,
    method: str | None = None,
) -> int:
    """Set the rule of the candidates asked for; the regions themselves stay as they are.

    Parameters
    ----------
    limits : sequence of str
        ``TiN=5``: islands of TiN under 5 px go. Phases that are not named keep all of
        theirs. A number stands for the phase of that index, and before a candidate has
        names for the region; a phase's name is for candidates that have names.
    off : bool
        Remove none. With neither, back to the default rule.

    Returns
    -------
    int
        How many candidates were left as they are, because they have no names and a limit
        names a phase.

    Raises
    ------
    PremaskError
        For a limit that cannot be read, a phase that the project does not have, or limits
        of phases where no candidate has names.
    """
    rule: dict[str, Any] = {}
    if off:
        rule = {"rule": "off"}
    elif limits:
        rule = {"rule": "areas", "areas": dict(_limit(project, text) for text in limits)}
    chosen = [candidate for _, candidate in _chosen(project, image, method)]
    by_phase = [text for text in limits if not text.partition("=")[0].isdecimal()]
    fitting = [one for one in chosen if not by_phase or has_names(one.table)]
    if not fitting:
        raise PremaskError(
            f"{by_phase[0]!r} is a limit of a phase, and the regions have no names yet; name"
            " them first (premask name), or give the limit of a region: 2=5"
        )
    for candidate in fitting:
        set_islands(project, candidate, rule)
    return len(chosen) - len(fitting)


def _limit(project: Project, text: str) -> tuple[str, int]:
    name, equals, area = text.partition("=")
    if not equals or not area.isdecimal():
        raise PremaskError(f"{text!r} is no limit; PHASE=PIXELS is accepted, e.g. TiN=5")
    label = int(name) if name.isdecimal() else project.phases.index(name)
    return str(label), int(area)


def _chosen(
    project: Project, image: str | None, method: str | None
) -> list[tuple[ImageRecord, Candidate]]:
    records = [find_image(project, image)] if image else all_images(project)
    by_id = {record.id: record for record in records}
    found = all_candidates(project, records, [known_name(project, method)] if method else None)
    if not found:
        raise PremaskError(
            "there are no such candidates; make them with:"
            f" premask preannotate {typed(project.root)}"
        )
    return [(by_id[candidate.image], candidate) for candidate in found]
