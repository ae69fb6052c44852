"""The paper's Tables 1, 5 and 6 on three real data sets, through the product itself."""

from __future__ import annotations

import tempfile
from pathlib import Path

from common import DATA, SETS, report, stems
from premask.core.phases import make_phases
from premask.evaluate.policy import Policy
from premask.project.project import init_project
from premask.project.settings import Settings
from premask.workflow.add import add_images
from premask.workflow.import_labels import import_label_maps
from premask.workflow.preannotate import preannotate
from premask.workflow.project_tables import TableOptions, project_tables
from premask.workflow.tables import render

N_REGIONS = (0, 8)
"""As many regions as phases, as the paper seems to have done, and the default of premask."""


def main() -> None:
    """Make the projects in a temporary folder, fill them, print their tables."""
    parts = []
    for name, n_phases in SETS.items():
        for n_regions in N_REGIONS:
            count = n_regions or n_phases
            with tempfile.TemporaryDirectory() as folder:
                parts += [
                    f"## {name}: {len(stems(name))} images, {n_phases} phases, {count} regions",
                    "```text\n" + tables_of(name, n_phases, count, Path(folder)) + "\n```",
                ]
    report(
        "paper",
        "Tables 1, 5 and 6 on real micrographs",
        "Every method that can run here, default parameters. Regions are named many-to-one by"
        " the truth of each image: an upper bound of what somebody who names each region gets."
        " SAM needs a weights file and is left out where there is none.",
        *parts,
    )


def tables_of(name: str, n_phases: int, n_regions: int, folder: Path) -> str:
    """The three tables of one set."""
    phases = make_phases([f"phase {i}" for i in range(n_phases)])
    project = init_project(folder / "project", Settings(phases))
    add_images(project, [DATA / name / "images"])
    import_label_maps(project, "png", DATA / name / "masks")
    preannotate(project, n_regions=n_regions, jobs=1)
    return render(project_tables(project, (1, 5, 6), TableOptions(Policy("many-to-one")))[0])


if __name__ == "__main__":
    main()
