"""Tables 1, 5 and 6 of the paper for a project."""

from __future__ import annotations

from collections.abc import Sequence

from premask.core.errors import PremaskError
from premask.core.records import Candidate, ImageRecord
from premask.core.words import count, typed, verb
from premask.evaluate.policy import Absent, NamingMode, Policy
from premask.evaluate.scores import Measured, Scores, measure, summarise
from premask.preannotators.methods import all_methods
from premask.project.candidates import all_candidates, has_names, read_regions
from premask.project.images import all_images
from premask.project.label_maps import read_version, versions
from premask.project.project import Project
from premask.workflow.derive import derive
from premask.workflow.paper_tables import iou_table, quality_table, runtime_table
from premask.workflow.tables import Table

NUMBERS = (1, 5, 6)
REFERENCE = "the imported label maps (premask import)"


def project_tables(
    project: Project,
    *,
    numbers: Sequence[int] = NUMBERS,
    method: str | None = None,
    naming: NamingMode = "given",
    absent: Absent = "skip",
    tolerance: float = 3,
) -> list[Table]:
    """The tables that were asked for.

    Parameters
    ----------
    numbers : sequence of int
        1, 5, 6.
    method : str, optional
        Of Table 6; the one with the highest mean IoU by default.
    naming : {"given", "one-to-one", "many-to-one"}
        ``given``: the names that are stored with the candidates, and the label maps
        without their small islands; the others name the plain regions by the truth.

    Raises
    ------
    PremaskError
        For another table, or where there is nothing to make one from.
    """
    for number in numbers:
        if number not in NUMBERS:
            raise PremaskError(
                f"there is no table {number} for a project yet;"
                f" {', '.join(map(str, NUMBERS))} are made"
            )
    found = latest_candidates(project)
    made = []
    if 1 in numbers:
        if not found:
            raise PremaskError(
                f"{project.root} has no candidates; make them with:"
                f" premask preannotate {typed(project.root)} --jobs 1"
            )
        costs = {name: [c.cost for _, c in pairs] for name, pairs in found.items()}
        made.append(runtime_table(costs))
    if 5 in numbers or 6 in numbers:
        scores, notes = score_methods(project, Policy(naming, absent, tolerance), found)
        if 5 in numbers:
            table = iou_table(scores, reference=REFERENCE)
            made.append(Table(table.title, table.columns, table.rows, (*table.notes, *notes)))
        if 6 in numbers:
            best = method or max(scores, key=lambda name: scores[name].mean_iou)
            if best not in scores:
                raise PremaskError(f"no candidate of {best!r} was scored; {', '.join(scores)} were")
            made.append(quality_table(best, scores[best], reference=REFERENCE))
    return made


Found = dict[str, list[tuple[ImageRecord, Candidate]]]


def latest_candidates(project: Project, images: Sequence[ImageRecord] | None = None) -> Found:
    """For each method the newest candidate of each image, in the order of the methods."""
    records = {image.id: image for image in (all_images(project) if images is None else images)}
    newest = {
        (candidate.parameters.method, candidate.image): candidate
        for candidate in all_candidates(project, list(records.values()))
    }
    found: Found = {name: [] for name in all_methods()}
    for (name, image), candidate in newest.items():
        found.setdefault(name, []).append((records[image], candidate))
    return {name: pairs for name, pairs in found.items() if pairs}


def score_methods(
    project: Project, policy: Policy, found: Found
) -> tuple[dict[str, Scores], list[str]]:
    """Scores of each method against the references, and what was left out and why.

    Raises
    ------
    PremaskError
        Where no image has both a candidate (with names, for ``given``) and a reference.
    """
    scores: dict[str, Scores] = {}
    notes: list[str] = []
    for name, pairs in found.items():
        counted: list[tuple[Measured, str | None]] = []
        unnamed = by_truth = 0
        for image, candidate in pairs:
            if policy.naming == "given" and not has_names(candidate.table):
                unnamed += 1
                continue
            if policy.naming == "given" and candidate.table.get("source") == "truth":
                by_truth += 1
                continue
            measured = score_candidate(project, image, candidate, policy)
            if measured is not None:
                counted.append((measured, image.type))
        if unnamed:
            notes.append(
                f"{name}: {count(unnamed, 'candidate')} without names"
                f" {verb(unnamed, 'is', 'are')} left out (premask name gives names;"
                " --naming many-to-one names by the truth)."
            )
        if by_truth:
            notes.append(
                f"{name}: {count(by_truth, 'candidate')} that"
                f" {verb(by_truth, 'its', 'their')} own truth has named"
                f" {verb(by_truth, 'is', 'are')} left out."
            )
        if counted:
            scores[name] = summarise(counted, policy, project.phases.names)
    if not scores:
        raise PremaskError(
            "nothing can be scored: Tables 5 and 6 need a truth (premask import"
            f" {project.root} --format png FOLDER) and candidates with names (premask name),"
            " or --naming many-to-one"
        )
    return scores, notes


def score_candidate(
    project: Project, image: ImageRecord, candidate: Candidate, policy: Policy
) -> Measured | None:
    """Counts of one candidate against the newest reference; None where there is none."""
    references = versions(project, image, "reference")
    if not references:
        return None
    truth = read_version(project, references[-1])
    if policy.naming == "given":
        label_map = derive(project, candidate).label_map
    else:
        label_map = read_regions(project, candidate)
    return measure(label_map, truth, len(project.phases), policy)
