"""Where models contradict the labels of images that they never saw: for people to settle.

The paper names noisy labels of TiN as a cause of failure (section 4.2). What is contradicted
becomes a version of the label map, with a vote in the consensus of its image.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.core.records import ImageRecord, LabelMapVersion
from premask.core.words import count
from premask.evaluate.consensus import regions_of_doubt
from premask.evaluate.label_audit import Confidence, confidence, contradicted
from premask.project.images import all_images
from premask.project.label_maps import read_version, save_label_map
from premask.project.project import Project
from premask.workflow.audit_runs import Run, mean_probabilities, read_run
from premask.workflow.audited import AUDIT, AUDITOR, LABELS, standing_audit
from premask.workflow.final_maps import final_version
from premask.workflow.tables import Cell, Column, Table

LabelMap = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class AuditedImage:
    """What came of one image.

    Attributes
    ----------
    labels : LabelMapVersion
        Its final label map.
    runs : tuple of Run
        Those that have not seen it.
    contradicted : int
        Pixels.
    regions : int
        Contradicted regions that are large enough to be asked about.
    version : int or None
        The label map with the models' phases; None where nothing is contradicted.
    """

    image: ImageRecord
    labels: LabelMapVersion
    runs: tuple[Run, ...]
    contradicted: int = 0
    regions: int = 0
    version: int | None = None


@dataclass(frozen=True)
class PhaseAudit:
    """What came of one phase, over all audited images.

    Attributes
    ----------
    usual : float or None
        Mean probability of the phase where it is labelled; None where it is nowhere.
    labelled : int
        Pixels.
    regions : int
        As in :class:`AuditedImage`.
    suggested : dict of str to int
        Contradicted pixels by the phase that the models would have, most first.
    """

    name: str
    usual: float | None
    labelled: int
    regions: int
    suggested: Mapping[str, int]

    @property
    def contradicted(self) -> int:
        """Pixels."""
        return sum(self.suggested.values())


@dataclass(frozen=True, eq=False)
class Audit:
    """An audit of a project.

    Attributes
    ----------
    seen : tuple of str
        Images that every run has seen, or whose type no run is of; by name.
    unlabelled : tuple of str
        Images without a label map.
    min_px : int
        Area of the smallest region that is counted, px.
    """

    images: tuple[AuditedImage, ...]
    phases: tuple[PhaseAudit, ...]
    runs: tuple[Run, ...]
    seen: tuple[str, ...]
    unlabelled: tuple[str, ...]
    min_px: int


@dataclass(eq=False)
class _Tally:
    pixels: NDArray[np.int64]  # (labelled, suggested)
    regions: NDArray[np.int64]
    images: list[AuditedImage] = field(default_factory=list)


def audit(
    project: Project,
    folders: Sequence[Path],
    *,
    min_px: int = 20,
    threads: int | None = None,
    watch: Callable[[int, int], None] = lambda _done, _total: None,
) -> Audit:
    """Audit the final label maps of a project.

    The usual confidence is taken over all audited images, then each is compared with it. One
    image is held at a time: about 20 bytes for each pixel and phase.

    Parameters
    ----------
    folders : sequence of Path
        Runs of ``premask train``; on each image those speak that have not seen it.
    min_px : int
        Area of the smallest region that is counted, px.
    watch : callable
        Gets how many images were predicted, of how many.

    Raises
    ------
    PremaskError
        For a folder that is no run of this project's phases, where there is no image to audit,
        and a label map that does not fit its image.
    """
    runs = [read_run(folder, project.phases, threads=threads) for folder in folders]
    chosen, seen, unlabelled = _choose(project, runs)
    if not chosen:
        raise PremaskError(
            f"no image can be audited: {count(len(seen), 'image')} trained every run or told its"
            f" best epoch, {count(len(unlabelled), 'image')} without a label map; give the runs of"
            " a cross-validation: premask train DATASET RUN --split folds/0, folds/1 ..."
        )
    n = len(project.phases)

    def pairs() -> Iterator[tuple[LabelMap, NDArray[np.float32]]]:
        for done, one in enumerate(chosen):
            watch(done, len(chosen))
            yield _labels(project, one), mean_probabilities(project, one.image, one.runs)
        watch(len(chosen), len(chosen))

    usual = confidence(pairs(), n)
    tally = _Tally(np.zeros((n, n), np.int64), np.zeros(n, np.int64))
    for one in chosen:  # from the cache by now
        labels = _labels(project, one)
        found = mean_probabilities(project, one.image, one.runs)
        suggested, _ = contradicted(labels, found, usual)
        tally.images.append(_enter(project, one, labels, suggested, usual, min_px, tally))
    phases = _phases(project, usual, tally)
    return Audit(tuple(tally.images), phases, tuple(runs), seen, unlabelled, min_px)


def _choose(
    project: Project, runs: Sequence[Run]
) -> tuple[list[AuditedImage], tuple[str, ...], tuple[str, ...]]:
    chosen: list[AuditedImage] = []
    seen: list[str] = []
    unlabelled: list[str] = []
    for image in all_images(project):
        final = final_version(project, image)
        judges = tuple(run for run in runs if run.judges(image))
        if final is None:
            unlabelled.append(image.name)
        elif not judges:
            seen.append(image.name)
        else:
            chosen.append(AuditedImage(image, final, judges))
    return chosen, tuple(seen), tuple(unlabelled)


def _labels(project: Project, one: AuditedImage) -> LabelMap:
    labels = read_version(project, one.labels)
    if labels.shape != (one.image.view_height, one.image.width):
        raise PremaskError(
            f"{one.image.name}: its {one.labels.strategy} label map has the shape {labels.shape},"
            f" the image {(one.image.view_height, one.image.width)}; import it again"
        )
    return labels


def _enter(
    project: Project,
    one: AuditedImage,
    labels: LabelMap,
    suggested: LabelMap,
    usual: Confidence,
    min_px: int,
    tally: _Tally,
) -> AuditedImage:
    """Count what is contradicted in an image, and keep it as a version."""
    n = len(project.phases)
    wrong = labels != suggested
    np.add.at(tally.pixels, (labels[wrong], suggested[wrong]), 1)
    doubts = regions_of_doubt({LABELS: labels, AUDITOR: suggested}, n, min_px=min_px)
    for region in doubts.queue:
        (phase,) = region.votes[LABELS]  # regions end where a vote changes
        tally.regions[phase] += 1
    return AuditedImage(
        one.image,
        one.labels,
        one.runs,
        int(np.count_nonzero(wrong)),
        len(doubts.queue),
        _keep(project, one, labels, suggested, usual),
    )


def _keep(
    project: Project,
    one: AuditedImage,
    labels: LabelMap,
    suggested: LabelMap,
    usual: Confidence,
) -> int | None:
    """The version with the models' phases: the one that says the same, else a new one."""
    found = standing_audit(project, one.image)
    stands = found[1] if found is not None and found[0].id == one.labels.id else None
    before = labels if stands is None else read_version(project, stands)
    if np.array_equal(before, suggested):
        return None if stands is None else stands.id
    thresholds = ", ".join(
        f"{name} {value:.3f}"
        for name, value in zip(project.phases.names, usual.thresholds, strict=True)
        if np.isfinite(value)
    )
    runs = ", ".join(f"{run.folder.name} ({run.model.sha256[:8]})" for run in one.runs)
    return save_label_map(
        project,
        one.image,
        suggested,
        annotator=AUDITOR,
        strategy=AUDIT,
        parent=one.labels.id,
        note=f"runs that have not seen the image: {runs}; usual confidence: {thresholds}",
    )


def _phases(project: Project, usual: Confidence, tally: _Tally) -> tuple[PhaseAudit, ...]:
    names = project.phases.names
    found = []
    for phase, name in enumerate(names):
        row = tally.pixels[phase]
        order = [i for i in np.argsort(-row, kind="stable").tolist() if row[i]]
        found.append(
            PhaseAudit(
                name,
                float(usual.thresholds[phase]) if usual.pixels[phase] else None,
                int(usual.pixels[phase]),
                int(tally.regions[phase]),
                {names[i]: int(row[i]) for i in order},
            )
        )
    return tuple(found)


def audit_table(found: Audit) -> Table:
    """What is contradicted, phase by phase."""
    columns = (
        Column("Phase"),
        Column("Labelled px", 0),
        Column("Usual confidence", 3),
        Column("Contradicted px", 0),
        Column("Contradicted %", 3),
        Column(f"Regions >= {found.min_px} px", 0),
        Column("Mostly taken for"),
    )
    rows: list[tuple[Cell, ...]] = []
    for one in found.phases:
        share = 100 * one.contradicted / one.labelled if one.labelled else None
        most = next(iter(one.suggested.items()), None)
        said = f"{most[0]} ({100 * most[1] / one.contradicted:.0f} %)" if most else None
        rows.append((one.name, one.labelled, one.usual, one.contradicted, share, one.regions, said))
    note = (
        f"{count(len(found.images), 'image')}; each was judged by the runs that have not seen it,"
        " known by the content of the file"
    )
    stems = [run.folder.name for run in found.runs if not run.seen.by_content]
    if stems:
        note += f" (by the name of the image: {', '.join(stems)})"
    return Table("Labels that the models contradict", columns, tuple(rows), (f"{note}.",))
