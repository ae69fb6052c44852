"""The plan of a study as a table: who does what, and how far everybody has come."""

from __future__ import annotations

from collections import Counter

from premask.core.study import StudyPlan
from premask.project.images import all_images
from premask.project.project import Project
from premask.workflow.study import UNTYPED, tasks
from premask.workflow.tables import Cell, Column, Table


def plan_table(project: Project, plan: StudyPlan) -> Table:
    """Images by annotator and type, how many are from scratch first, and what is done."""
    types = {image.id: image.type or UNTYPED for image in all_images(project)}
    rows: list[tuple[Cell, ...]] = []
    for name in plan.annotators:
        first = {one.image: one.strategy for one in reversed(plan.of(name))}
        by_type = Counter(types.get(image, "removed") for image in first)
        found = tasks(project, plan, name)
        rows.append(
            (
                name,
                len(first),
                ", ".join(f"{type_}: {n}" for type_, n in sorted(by_type.items())),
                sum(strategy == "scratch" for strategy in first.values()),
                sum(task.state == "done" for task in found),
                len(found),
            )
        )
    columns = (
        Column("Annotator"),
        Column("Images", 0),
        Column("By type"),
        Column("From scratch first", 0),
        Column("Passes done", 0),
        Column("of", 0),
    )
    return Table("Who did what", columns, tuple(rows))
