"""The paper's tables for a project: which there are, and what each is made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from premask.core.errors import PremaskError, nearest
from premask.core.words import typed
from premask.evaluate.dataset import Classes
from premask.evaluate.effort import Effort, effort
from premask.evaluate.policy import Policy
from premask.preannotators.methods import all_methods
from premask.project.project import Project
from premask.workflow.dataset.tables import images_table, project_classes, shares_table
from premask.workflow.effort_tables import effort_table, left_out_table
from premask.workflow.final_maps import ORDER_LINE
from premask.workflow.method_scores import Found, MethodScores, latest_candidates, score_methods
from premask.workflow.model_names import known_name
from premask.workflow.paper_tables import iou_table, quality_table, runtime_table
from premask.workflow.references import (
    REFERENCE_NAMES,
    REFERENCES,
    check_reference,
    default_reference,
    reference_notes,
)
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
        Of Table 6; see :attr:`premask.workflow.method_scores.MethodScores.best`
        where it is None.
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
    chosen = options or TableOptions()
    check_options(project, chosen)
    made, left_out = tables_there_are(Source(project, chosen), list(numbers or TABLES))
    if numbers and left_out:
        raise next(iter(left_out.values()))
    if not made:
        raise PremaskError(f"no table can be made yet. {'; '.join(why_not(left_out))}")
    return made, why_not(left_out)


def tables_there_are(
    source: Source, numbers: Sequence[int]
) -> tuple[list[Table], dict[int, PremaskError]]:
    """Those of some tables that can be made, and for each of the others why not."""
    made: list[Table] = []
    left_out: dict[int, PremaskError] = {}
    for number in numbers:
        try:
            made += [marked(source.project, table) for table in TABLES[number](source)]
        except PremaskError as error:
            left_out[number] = error
    return made, left_out


def why_not(left_out: Mapping[int, PremaskError]) -> list[str]:
    """A line for each table that could not be made."""
    return [f"Table {number}: {error}" for number, error in left_out.items()]


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


@dataclass(frozen=True, eq=False)
class Source:
    """What tables that are made together share; each is found once."""

    project: Project
    options: TableOptions

    @cached_property
    def reference(self) -> str:
        """What candidates are scored against."""
        return self.options.reference or default_reference(self.project)

    @cached_property
    def candidates(self) -> Found:
        """The newest of each method and image."""
        return latest_candidates(self.project)

    @cached_property
    def scores(self) -> MethodScores:
        """How good they are."""
        return score_methods(self.project, self.options.policy, self.candidates, self.reference)

    @cached_property
    def classes(self) -> Classes:
        """The phases of the final label maps."""
        return project_classes(self.project)

    @cached_property
    def effort(self) -> Effort:
        """Minutes from scratch and pre-annotated."""
        return effort(minutes_by(self.project, self.options.measure))


def _table1(source: Source) -> list[Table]:
    if not source.candidates:
        root = source.project.root
        raise PremaskError(
            f"{root} has no candidates; make them with: premask preannotate {typed(root)} --jobs 1"
        )
    costs = {name: [made.cost for _, made in pairs] for name, pairs in source.candidates.items()}
    return [runtime_table(costs)]


def _table3(source: Source) -> list[Table]:
    return [images_table(source.classes, source.project.phases.names, (ORDER_LINE,))]


def _table4(source: Source) -> list[Table]:
    return [shares_table(source.classes, source.project.phases.names, (ORDER_LINE,))]


def _table5(source: Source) -> list[Table]:
    found, reference = source.scores, source.reference
    table = iou_table(found.scores, reference=REFERENCES[reference])
    own = (line for lines in found.notes.values() for line in lines)
    more = (*reference_notes(source.project, reference), *own)
    return [replace(table, notes=(*table.notes, *more))]


def _table6(source: Source) -> list[Table]:
    found, reference = source.scores, source.reference
    wanted = source.options.method
    best = found.best if wanted is None else known_name(source.project, wanted)
    if best not in found.scores:
        raise PremaskError(f"no candidate of {best!r} was scored; {', '.join(found.scores)} were")
    table = quality_table(
        best,
        found.scores[best],
        reference=REFERENCES[reference],
        against=REFERENCE_NAMES[reference],
    )
    more = [*reference_notes(source.project, reference), *found.notes[best]]
    if wanted is None:
        more += found.passed_over
    return [replace(table, notes=(*table.notes, *more))]


def _table7(source: Source) -> list[Table]:
    project, found = source.project, source.effort
    if not found.types:
        reasons = [f"{one.what}: {one.why}" for one in found.left_out[:3]]
        raise PremaskError(
            "no image was labelled under both strategies and submitted, by people who did both"
            f" (premask study plan {typed(project.root)} --annotators NAMES)"
            + "".join(f"; {reason}" for reason in reasons)
        )
    out = [left_out_table(found)] if found.left_out else []
    return [effort_table(found, measured=measure_line(project, source.options.measure)), *out]


TABLES: Mapping[int, Callable[[Source], list[Table]]] = {
    1: _table1,
    3: _table3,
    4: _table4,
    5: _table5,
    6: _table6,
    7: _table7,
}
"""The paper's tables that a project can fill. Its Table 2 lists other data sets."""
