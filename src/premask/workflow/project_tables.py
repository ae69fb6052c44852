"""The paper's tables for a project: which there are, and what each is made from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from premask.core.errors import PremaskError, nearest
from premask.core.records import Candidate, ImageRecord
from premask.core.words import count, typed, verb
from premask.evaluate.effort import effort
from premask.evaluate.policy import Policy
from premask.evaluate.scores import Measured, Scores, measure, summarise
from premask.preannotators.methods import all_methods
from premask.project.candidates import all_candidates, has_names, read_regions
from premask.project.images import all_images
from premask.project.project import Project
from premask.workflow.dataset.tables import images_table, project_classes, shares_table
from premask.workflow.derive import derive
from premask.workflow.effort_tables import effort_table, left_out_table
from premask.workflow.final_maps import ORDER_LINE
from premask.workflow.model_method import SHA256
from premask.workflow.model_names import known_name, names_of_models
from premask.workflow.paper_tables import iou_table, quality_table, runtime_table
from premask.workflow.references import (
    REFERENCE_NAMES,
    REFERENCES,
    check_reference,
    default_reference,
    reference_map,
    reference_notes,
)
from premask.workflow.seen_images import seen_notes
from premask.workflow.tables import Table
from premask.workflow.tool_times import measure_line, minutes_by

SIMULATED_LINE = "Simulated: the annotators are programs; times and label maps are no measurement."


@dataclass(frozen=True)
class TableOptions:
    """What tables of scores hang on.

    Attributes
    ----------
    policy : Policy
        ``given`` naming: the names that are stored with the candidates, and the label maps
        without their small islands; the others name the plain regions by the truth.
    method : str or None
        Of Table 6; the one with the highest mean IoU where it is None.
    measure : str
        Of time, for Table 7.
    reference : str or None
        What candidates are scored against, see :data:`premask.workflow.references.REFERENCES`;
        the one that serves most images where it is None.
    models : Path or None
        What ``premask train --per-type`` wrote, for the report's Table 8.
    """

    policy: Policy = field(default_factory=Policy)
    method: str | None = None
    measure: str = "active"
    reference: str | None = None
    models: Path | None = None


def project_tables(
    project: Project, numbers: Sequence[int] = (), options: TableOptions | None = None
) -> tuple[list[Table], list[str]]:
    """The tables that were asked for, or all that can be made.

    Parameters
    ----------
    numbers : sequence of int
        Of :data:`TABLES`; none: every one that there is something to make from.

    Returns
    -------
    tables : list of Table
    left_out : list of str
        Why the others could not be made; always empty where numbers were given.

    Raises
    ------
    PremaskError
        For another table, or where there is nothing to make one from.
    """
    for number in numbers:
        if number not in TABLES:
            raise PremaskError(
                f"there is no table {number} for a project yet;"
                f" {', '.join(map(str, TABLES))} are made"
            )
    made: list[Table] = []
    left_out: list[str] = []
    chosen = options or TableOptions()
    check_options(project, chosen)
    for number in numbers or TABLES:
        try:
            found = TABLES[number](project, chosen)
            made += [marked(project, table) for table in found]
        except PremaskError as error:
            if numbers:
                raise
            left_out.append(f"Table {number}: {error}")
    if not made:
        raise PremaskError(f"no table can be made yet. {'; '.join(left_out)}")
    return made, left_out


def check_options(project: Project, options: TableOptions) -> None:
    """Refuse options that there are not, whether or not there is something to count.

    Raises
    ------
    PremaskError
        For a reference, a measure of time or a method that there is not.
    """
    if options.reference is not None:
        check_reference(options.reference)
    measure_line(project, options.measure)
    known = list(dict.fromkeys([*all_methods(), *latest_candidates(project)]))
    if options.method is not None and known_name(project, options.method) not in known:
        raise PremaskError(
            f"the method of Table 6 is {options.method!r}; {', '.join(known)} are accepted"
            f"{nearest(options.method, known)}"
        )


def marked(project: Project, table: Table) -> Table:
    """The table, with a note beneath it where the project's annotators are no people."""
    if not project.settings.simulated or SIMULATED_LINE in table.notes:
        return table
    return replace(table, notes=(SIMULATED_LINE, *table.notes))


def _table1(project: Project, _options: TableOptions) -> list[Table]:
    found = latest_candidates(project)
    if not found:
        raise PremaskError(
            f"{project.root} has no candidates; make them with:"
            f" premask preannotate {typed(project.root)} --jobs 1"
        )
    return [runtime_table({name: [c.cost for _, c in pairs] for name, pairs in found.items()})]


def _table3(project: Project, _options: TableOptions) -> list[Table]:
    return [images_table(project_classes(project), project.phases.names, (ORDER_LINE,))]


def _table4(project: Project, _options: TableOptions) -> list[Table]:
    return [shares_table(project_classes(project), project.phases.names, (ORDER_LINE,))]


def _table5(project: Project, options: TableOptions) -> list[Table]:
    reference = options.reference or default_reference(project)
    found = latest_candidates(project)
    scores, notes = score_methods(project, options.policy, found, reference)
    table = iou_table(scores, reference=REFERENCES[reference])
    more = (*reference_notes(project, reference), *(line for own in notes.values() for line in own))
    return [replace(table, notes=(*table.notes, *more))]


def _table6(project: Project, options: TableOptions) -> list[Table]:
    reference = options.reference or default_reference(project)
    found = latest_candidates(project)
    scores, notes = score_methods(project, options.policy, found, reference)
    chosen = options.method and known_name(project, options.method)
    best = chosen or max(scores, key=lambda name: scores[name].mean_iou)
    if best not in scores:
        raise PremaskError(f"no candidate of {best!r} was scored; {', '.join(scores)} were")
    table = quality_table(
        best, scores[best], reference=REFERENCES[reference], against=REFERENCE_NAMES[reference]
    )
    more = (*reference_notes(project, reference), *notes[best])
    return [replace(table, notes=(*table.notes, *more))]


def _table7(project: Project, options: TableOptions) -> list[Table]:
    found = effort(minutes_by(project, options.measure))
    if not found.types:
        reasons = [f"{one.what}: {one.why}" for one in found.left_out[:3]]
        raise PremaskError(
            "no image was labelled under both strategies and submitted, by people who did both"
            f" (premask study plan {typed(project.root)} --annotators NAMES)"
            + "".join(f"; {reason}" for reason in reasons)
        )
    out = [left_out_table(found)] if found.left_out else []
    return [effort_table(found, measured=measure_line(project, options.measure)), *out]


TABLES: Mapping[int, Callable[[Project, TableOptions], list[Table]]] = {
    1: _table1,
    3: _table3,
    4: _table4,
    5: _table5,
    6: _table6,
    7: _table7,
}
"""The paper's tables that a project can fill. Its Table 2 lists other data sets."""


Found = dict[str, list[tuple[ImageRecord, Candidate]]]


def latest_candidates(project: Project, images: Sequence[ImageRecord] | None = None) -> Found:
    """For each method the newest candidate of each image, in the order of the methods.

    A model is one method, by its content, also where its candidates have several names.
    """
    models = names_of_models(project)
    records = {image.id: image for image in (all_images(project) if images is None else images)}
    newest = {
        (
            models.get(str(made.parameters.options.get(SHA256)), made.parameters.method),
            made.image,
        ): made
        for made in all_candidates(project, list(records.values()))
    }
    found: Found = {name: [] for name in all_methods()}
    for (name, image), candidate in newest.items():
        found.setdefault(name, []).append((records[image], candidate))
    return {name: pairs for name, pairs in found.items() if pairs}


def score_methods(
    project: Project, policy: Policy, found: Found, reference: str = "imported"
) -> tuple[dict[str, Scores], dict[str, list[str]]]:
    """Scores of each method against the references, and what must be read beside them.

    Returns
    -------
    scores : dict of str to Scores
        By method, without those of which nothing was scored.
    notes : dict of str to list of str
        By method: what was left out and why, and how many of its images a model has seen.

    Raises
    ------
    PremaskError
        Where no image has both a candidate (with names, for ``given``) and a reference.
    """
    scores: dict[str, Scores] = {}
    notes: dict[str, list[str]] = {}
    for name, pairs in found.items():
        counted: list[tuple[Measured, str | None]] = []
        scored: list[tuple[ImageRecord, Candidate]] = []
        unnamed = by_truth = 0
        for image, candidate in pairs:
            if policy.naming == "given" and not has_names(candidate.table):
                unnamed += 1
                continue
            if policy.naming == "given" and candidate.table.get("source") == "truth":
                by_truth += 1
                continue
            measured = score_candidate(project, image, candidate, policy, reference)
            if measured is not None:
                counted.append((measured, image.type))
                scored.append((image, candidate))
        notes[name] = [*_left_out(name, unnamed, by_truth), *seen_notes(name, scored)]
        if counted:
            scores[name] = summarise(counted, policy, project.phases.names)
    if not scores:
        raise PremaskError(
            "nothing can be scored: Tables 5 and 6 need a truth (premask import"
            f" {typed(project.root)} --format png FOLDER, or label maps from scratch or agreed"
            " ones) and candidates with names (premask name), or --naming many-to-one"
        )
    return scores, notes


def _left_out(name: str, unnamed: int, by_truth: int) -> Iterator[str]:
    if unnamed:
        yield (
            f"{name}: {count(unnamed, 'candidate')} without names {verb(unnamed, 'is', 'are')} left"
            " out (premask name gives names; --naming many-to-one names by the truth)."
        )
    if by_truth:
        yield (
            f"{name}: {count(by_truth, 'candidate')} that {verb(by_truth, 'its', 'their')} own"
            f" truth has named {verb(by_truth, 'is', 'are')} left out."
        )


def score_candidate(
    project: Project,
    image: ImageRecord,
    candidate: Candidate,
    policy: Policy,
    reference: str = "imported",
) -> Measured | None:
    """Counts of one candidate against the newest reference; None where there is none."""
    truth = reference_map(project, image, reference)
    if truth is None:
        return None
    if policy.naming == "given":
        label_map = derive(project, candidate).label_map
    else:
        label_map = read_regions(project, candidate)
    return measure(label_map, truth, len(project.phases), policy)
