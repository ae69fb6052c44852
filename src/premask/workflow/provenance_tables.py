"""Where the labels of finished maps came from, and what of the candidates survived."""

from __future__ import annotations

from typing import TypeVar

from premask.core.origins import ORIGINS
from premask.core.records import LabelMapVersion
from premask.evaluate.provenance import Provenance, Survival, provenance, survival
from premask.io.label_maps import read_label_map
from premask.project import objects
from premask.project.candidates import all_candidates
from premask.project.images import all_images
from premask.project.label_maps import read_version, versions
from premask.project.project import Project
from premask.workflow.overview import derived_of
from premask.workflow.paper_tables import percent
from premask.workflow.quality import closed_sessions
from premask.workflow.tables import Column, Table

AGREED = "agreed maps"
ALWAYS = ("candidate", "expert")
"""Origins that are shown though nothing came from them; the others are where something did."""

ORIGIN_NOTES = (
    (
        "Of the labelled pixels of the finished maps, by what each map was begun with. Candidate:"
        " nobody touched the pixel since; expert: somebody painted it, also with the label that it"
        " had; model: a learned proposal; consensus: settled from several label maps;"
        " none: the ground that a map from scratch was begun with."
    ),
    (
        "So the share of the candidate is no measure of how right it was: a polygon around a"
        " particle makes what was right already the expert's. That is told by what survived."
    ),
)
SURVIVED_LINE = (
    "Survived: share of the candidate's pixels of the phase that have it still. Foreseen: share of"
    " the finished map's pixels of the phase that the candidate had. Labels are compared, whoever"
    " gave them, so that both are larger than the share of pixels that nobody touched. The map was"
    " repaired from the candidate: this tells what there was to repair, not how right the candidate"
    " was."
)

One = TypeVar("One", Provenance, Survival)


def provenance_tables(project: Project) -> list[Table]:
    """Origins of repaired and agreed maps, and what of each method's candidates survived."""
    origins: dict[str, Provenance] = {}
    survived: dict[str, Survival] = {}
    n = len(project.phases)
    candidates = {one.id: one for one in all_candidates(project)}
    for image in all_images(project):
        for session, version in closed_sessions(project, image):
            chosen = candidates.get(session.choice.get("candidate", -1))
            if session.strategy != "preannotated" or chosen is None:
                continue
            method = chosen.parameters.method
            _add(origins, method, _origins(project, version))
            final = read_version(project, version)
            _add(survived, method, survival(derived_of(project, chosen).label_map, final, n))
        agreed = versions(project, image, "agreed")
        if agreed:
            _add(origins, AGREED, _origins(project, agreed[-1]))
    # The agreed maps come last: they are made of the others.
    ordered = sorted(origins.items(), key=lambda item: item[0] == AGREED)
    return [_shares(project, dict(ordered)), _kept(project, survived)]


def _origins(project: Project, version: LabelMapVersion) -> Provenance | None:
    if version.origins is None:
        return None
    plane = read_label_map(objects.existing(project.root, version.origins))
    return provenance(plane, read_version(project, version), len(project.phases))


def _shares(project: Project, origins: dict[str, Provenance]) -> Table:
    shown = [
        name
        for name in ORIGINS
        if name in ALWAYS or any(found.share(name) > 0 for found in origins.values())
    ]
    rows = tuple(
        (begun, phase, *(percent(float(x)) for x in row))
        for begun, found in origins.items()
        for phase, row in [
            *(
                (name, [found.share_of_phases(origin)[i] for origin in shown])
                for i, name in enumerate(project.phases.names)
            ),
            ("all phases", [found.share(origin) for origin in shown]),
        ]
    )
    columns = (Column("Begun with"), Column("Phase"), *(Column(f"{name} %", 1) for name in shown))
    return Table("Where the labels came from", columns, rows, ORIGIN_NOTES)


def _kept(project: Project, survived: dict[str, Survival]) -> Table:
    rows = tuple(
        (method, phase, percent(a), percent(b))
        for method, found in survived.items()
        for phase, a, b in [
            *(
                (name, float(found.survived[i]), float(found.foreseen[i]))
                for i, name in enumerate(project.phases.names)
            ),
            ("all phases", found.total_survived, found.total_foreseen),
        ]
    )
    columns = (
        Column("Method"),
        Column("Phase"),
        Column("Survived %", 1),
        Column("Foreseen %", 1),
    )
    return Table("What of the candidates survived", columns, rows, (SURVIVED_LINE,))


def _add(sums: dict[str, One], key: str, one: One | None) -> None:
    if one is not None:
        sums[key] = sums[key] + one if key in sums else one
