"""Name the regions of candidates: by hand, by prototypes, by grey order (paper, Table 5)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from premask.core.errors import PremaskError
from premask.core.phases import Phases
from premask.core.records import Candidate, ImageRecord
from premask.core.words import typed
from premask.naming.checks import check
from premask.naming.descriptors import RegionDescriptors
from premask.naming.grey_order import name_by_grey as by_grey
from premask.naming.prototypes import name_by_prototypes as by_prototypes
from premask.naming.table import UNNAME, NameTable, apply, parse
from premask.project.candidates import all_candidates, has_names, read_regions, set_names
from premask.project.images import all_images, find_image, read_pixels
from premask.project.project import Project
from premask.workflow.derive import pick
from premask.workflow.descriptors import describe_candidate
from premask.workflow.model_names import known_name

TRUSTED = ("hand", "truth")
"""Names from these are prototypes, and nothing but a person's hand changes them."""

SURE = (*TRUSTED, "model")
"""Nothing but a person's hand changes names from these; a model's phases come with theirs."""

COMMAND_LINE = "command line"
"""Stands for who named regions with ``premask name``, where people have no names."""


@dataclass(frozen=True)
class Named:
    """A candidate that got its names.

    Attributes
    ----------
    names : dict of str to str or None
        The phase of each region.
    margin : float or None
        The least sure of the names, 0 to 1; None for names by hand.
    findings : list of str
        What the label map shows and should not, in plain English.
    limits_dropped : bool
        Whether island limits went because their labels changed meaning, see
        :func:`premask.project.candidates.set_names`.
    """

    image: str
    method: str
    names: dict[str, str | None]
    margin: float | None
    findings: list[str] = field(default_factory=list)
    limits_dropped: bool = False


def name_by_hand(project: Project, image: str, method: str, names: Sequence[str]) -> Named:
    """Name regions of one candidate; those that are not mentioned stay as they are.

    Parameters
    ----------
    names : sequence of str
        ``0=Alpha``, ``1=TiB2`` ...; ``3=-`` takes a name away.

    Raises
    ------
    PremaskError
        For an unknown image, method, region or phase.
    """
    record = find_image(project, image)
    candidate = pick(project, record, method)
    if candidate is None:
        raise PremaskError(
            f"{record.name} has no candidate of {method}; make it with:"
            f" premask preannotate {typed(project.root)} --method {method}"
        )
    return _store_parsed(project, record, candidate, names, COMMAND_LINE)


def name_regions(
    project: Project,
    record: ImageRecord,
    candidate: Candidate,
    names: Mapping[int, int | None],
    annotator: str,
) -> Named:
    """Name regions of a candidate by their numbers; those not mentioned stay as they are.

    Parameters
    ----------
    annotator : str
        Who names them: kept with the names, since the time that it takes is theirs.

    Raises
    ------
    PremaskError
        For a region or a phase that there is not.
    """
    phases = project.phases.names
    for phase in names.values():
        if phase is not None and not 0 <= phase < len(phases):
            raise PremaskError(f"no phase {phase}; 0 to {len(phases) - 1} are accepted")
    texts = [
        f"{region}={UNNAME if phase is None else phases[phase]}" for region, phase in names.items()
    ]
    return _store_parsed(project, record, candidate, texts, annotator)


def _store_parsed(
    project: Project, record: ImageRecord, candidate: Candidate, texts: Sequence[str], who: str
) -> Named:
    n_regions = int(read_regions(project, candidate).max()) + 1
    had = NameTable.from_dict(candidate.table)
    table = parse(texts, project.phases, n_regions, had)
    # What another method proposed is no person's work; what a person gave stays theirs.
    before = candidate.table.get("by", []) if had.source in TRUSTED else []
    return _store(project, record, candidate, table, sorted({*before, who}))


def name_by_grey(
    project: Project,
    *,
    order: Sequence[str] = (),
    image: str | None = None,
    method: str | None = None,
) -> list[Named]:
    """Name candidates that no person has named by the grey levels of their regions.

    Parameters
    ----------
    order : sequence of str
        Phases, darkest first; those that the type may show, by index, where left out.
    """
    named = []
    for record, candidate in _to_name(project, image, method):
        phases = [project.phases.index(name) for name in order]
        table = by_grey(
            read_pixels(project, record),
            read_regions(project, candidate),
            phases or project.phases.allowed(record.type),
        )
        named.append(_store(project, record, candidate, table))
    return _least_sure_first(named)


def name_by_prototypes(
    project: Project, *, image: str | None = None, method: str | None = None
) -> list[Named]:
    """Name candidates as the regions of the images named so far that they resemble.

    Prototypes are the candidates that a person has named, of images of the same type, of
    the same method where there are any.

    Raises
    ------
    PremaskError
        If nothing has been named by hand yet.
    """
    to_name = _to_name(project, image, method)
    prototypes = _prototypes(project, [record.type for record, _ in to_name])
    named = []
    for record, candidate in to_name:
        usable = prototypes.get((record.type, candidate.parameters.method)) or [
            pair
            for (type_, _), pairs in prototypes.items()
            if type_ == record.type
            for pair in pairs
        ]
        if not usable:
            continue
        table = by_prototypes(
            usable,
            describe_candidate(project, record, candidate),
            n_phases=len(project.phases),
            allowed=project.phases.allowed(record.type),
        )
        named.append(_store(project, record, candidate, table))
    if not named:
        raise PremaskError(
            "no candidate to name, or none named by hand yet to take names from; name one first:"
            f" premask name {typed(project.root)} --image IMAGE --method METHOD"
            f" {typed(f'0={project.phases.names[0]}')} ..."
        )
    return _least_sure_first(named)


Prototypes = dict[tuple[str | None, str], list[tuple[RegionDescriptors, NameTable]]]


def _prototypes(project: Project, types: Sequence[str | None]) -> Prototypes:
    images = {record.id: record for record in all_images(project) if record.type in types}
    found: Prototypes = defaultdict(list)
    for candidate in all_candidates(project, list(images.values())):
        table = NameTable.from_dict(candidate.table)
        if table.source in TRUSTED and any(name is not None for name in table.names):
            record = images[candidate.image]
            described = describe_candidate(project, record, candidate)
            found[record.type, candidate.parameters.method].append((described, table))
    return found


def _to_name(
    project: Project, image: str | None, method: str | None
) -> list[tuple[ImageRecord, Candidate]]:
    records = [find_image(project, image)] if image else all_images(project)
    by_id = {record.id: record for record in records}
    methods = [known_name(project, method)] if method else None
    candidates = all_candidates(project, records, methods)
    pairs = [
        (by_id[candidate.image], candidate)
        for candidate in candidates
        if not has_names(candidate.table) or NameTable.from_dict(candidate.table).source not in SURE
    ]
    if not candidates:
        raise PremaskError(
            "there are no candidates to name; make them with:"
            f" premask preannotate {typed(project.root)}"
        )
    return pairs


def _store(
    project: Project,
    record: ImageRecord,
    candidate: Candidate,
    table: NameTable,
    by: Sequence[str] = (),
) -> Named:
    people = {"by": list(by)} if by else {}
    dropped = set_names(project, candidate, table.to_dict() | people)
    label_map = apply(read_regions(project, candidate), table)
    return Named(
        image=record.name,
        method=candidate.parameters.method,
        names=readable(table, project.phases),
        margin=None if table.source in SURE else min(table.margins, default=0.0),
        findings=[finding.sentence for finding in check(label_map, project.phases, record.type)],
        limits_dropped=dropped,
    )


def readable(table: NameTable, phases: Phases) -> dict[str, str | None]:
    """The table with the phases' names."""
    return {
        str(region): None if phase is None else phases.names[phase]
        for region, phase in enumerate(table.names)
    }


def _least_sure_first(named: list[Named]) -> list[Named]:
    return sorted(named, key=lambda one: 1.0 if one.margin is None else one.margin)
