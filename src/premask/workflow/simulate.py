"""A small study with simulated annotators, through the same code as people's work.

Everything that comes of it says that it is simulated: the people's names, the notes of the
versions, ``premask.toml`` and every page of the report.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.core.origins import DOUBTFUL, ORIGINS, fresh_origins
from premask.core.records import ImageRecord
from premask.core.study import Assignment, StudyPlan
from premask.core.tiles import TILE, Tile
from premask.evaluate.confusion import joint_counts
from premask.evaluate.matching import match
from premask.evaluate.study_design import assign
from premask.features.islands import remove_islands
from premask.io.files import write_atomically
from premask.naming.table import make_table
from premask.project.candidates import all_candidates, read_regions, set_names
from premask.project.events import append_events
from premask.project.images import all_images
from premask.project.project import Project, init_project, open_project
from premask.project.sessions import (
    OPEN_STATES,
    add_annotator,
    find_session,
    save_tiles,
    submit,
)
from premask.project.settings import FILE_NAME, preset
from premask.project.studies import newest_study, save_study
from premask.synthetic.annotator import Person, left_to_do, seen, strokes
from premask.synthetic.micrograph import synthesize
from premask.workflow.add import add_images
from premask.workflow.annotate import Choice, begin, choose
from premask.workflow.name import name_by_prototypes
from premask.workflow.overview import derived_of
from premask.workflow.preannotate import preannotate
from premask.workflow.simulate_review import review_and_settle
from premask.workflow.simulated_log import Log

PEOPLE = (
    Person("ana (simulated)", pace=1.0, shift_px=0.7, overlooks=0.05),
    Person("ben (simulated)", pace=1.35, shift_px=0.9, overlooks=0.12),
    Person("eva (simulated)", pace=0.85, shift_px=1.1, overlooks=0.2),
)
METHODS = ("kmeans", "superpixels", "texture")
SHAPE = (384, 512)
PER_TYPE = 4
PER_IMAGE = 2
NOTE = "simulated"

FIRST_DAY = 1_767_603_600_000  # Monday 2026-01-05, 9:00 UTC, in ms: any day would do
DAY = 86_400_000
SLOTS = (0, 5_400_000, 14_400_000, 21_600_000)
"""When a person's sessions of a day begin: 9:00, 10:30, 13:00 and 15:00."""
WASHOUT_DAYS = 14
FRAGMENT_PX = 40
SAVE_EVERY = 25
"""Strokes between two saves that the simulation makes; people's are saved one by one."""

LabelMap = NDArray[np.uint8]


@dataclass(frozen=True)
class Simulated:
    """What was made."""

    project: Project
    sessions: int
    seconds: float


def simulate_study(
    out: Path,
    *,
    seed: int = 0,
    say: Callable[[str], None] = lambda _line: None,
    on_session: Callable[[int, int], None] = lambda _done, _total: None,
) -> Simulated:
    """Make a project with a finished study in ``out``; a second run goes on with what is there.

    Parameters
    ----------
    seed : int
        Same seed: same micrographs, label maps and times.
    on_session : callable
        Told how many sessions are done, and of how many.

    Raises
    ------
    PremaskError
        If ``out`` is a folder with something else in it.
    """
    started = time.monotonic()
    if out.exists() and not (out / FILE_NAME).exists() and any(out.iterdir()):
        raise PremaskError(f"{out} is a folder with other files in it; name a new one")
    project = _project(out)
    say(f"{3 * PER_TYPE} synthetic micrographs of three steels, in {out}")
    truths = _images(project, seed)
    say(f"Making candidates with {', '.join(METHODS)} ...")
    preannotate(project, methods=list(METHODS), seed=seed)
    _name(project, truths)
    people = {person.name: person for person in PEOPLE}
    for name in people:
        add_annotator(project, name)
    images = {image.id: image for image in all_images(project)}
    pairs = [(image.id, image.type or "") for image in images.values()]
    passes = assign(pairs, list(people), per_image=PER_IMAGE, seed=seed)
    say(f"{len(people)} simulated annotators label every image under both strategies ...")
    for done, one in enumerate(passes, 1):
        _session(project, images[one.image], people[one.annotator], one, truths[one.image], seed)
        on_session(done, len(passes))
    if newest_study(project) is None:
        plan = StudyPlan(passes, min_days=WASHOUT_DAYS / 2, per_image=PER_IMAGE, seed=seed)
        save_study(project, plan)
    say("They review, verify predictions and settle what is doubtful ...")
    after = FIRST_DAY + 2 * WASHOUT_DAYS * DAY
    review_and_settle(project, PEOPLE, truths, seed=seed, start=after)
    return Simulated(project, len(passes), time.monotonic() - started)


def _project(out: Path) -> Project:
    if (out / FILE_NAME).exists():
        project = open_project(out)
        if not project.settings.simulated:
            raise PremaskError(f"{out} is a project of its own; name a new folder for the demo")
        return project
    return init_project(out, replace(preset("microsteel"), simulated=True))


def _images(project: Project, seed: int) -> dict[str, LabelMap]:
    """The micrographs, added where they are not there yet, and their truth by image."""
    truths = {}
    folder = project.root / "made"
    for type_ in project.phases.by_type:
        for i in range(PER_TYPE):
            made = synthesize(type_, seed=seed * PER_TYPE + i, shape=SHAPE)
            path = folder / f"steel-{type_}-{i + 1}.png"
            folder.mkdir(parents=True, exist_ok=True)
            write_atomically(path, cv2.imencode(".png", made.image)[1].tobytes())
            add_images(project, [path], type_=type_, crop_bottom=0, um_per_px=made.um_per_px)
            (image,) = [one for one in all_images(project) if one.name == path.name]
            truths[image.id] = made.truth
    return truths


def _name(project: Project, truths: Mapping[str, LabelMap]) -> None:
    """One person names the first micrograph of each type beforehand; prototypes the others."""
    first = {image.type: image for image in reversed(all_images(project))}
    for image in first.values():
        for candidate in all_candidates(project, [image]):
            if not candidate.table:
                regions = read_regions(project, candidate)
                joint = joint_counts(regions, truths[image.id])
                table = match(joint, len(project.phases), "many-to-one").table
                names = [table.get(region) for region in range(int(regions.max()) + 1)]
                by = {"by": [PEOPLE[0].name]}
                set_names(project, candidate, make_table(names, "hand").to_dict() | by)
    if any(not candidate.table for candidate in all_candidates(project)):
        name_by_prototypes(project)


def _session(
    project: Project,
    image: ImageRecord,
    person: Person,
    one: Assignment,
    truth: LabelMap,
    seed: int,
) -> None:
    """One pass, from opening to submitting; nothing where it was submitted before."""
    had = find_session(project, image, person.name, one.strategy)
    if had is not None and had.state not in OPEN_STATES:
        return
    key = [seed, *person.name.encode(), *image.name.encode()]
    target = seen(truth, person, np.random.default_rng(key))  # the same in both passes
    rng = np.random.default_rng([*key, *one.strategy.encode()])
    skilled = replace(person, pace=person.pace * (1 + 0.3 * np.exp(-one.position / 6)))
    ground = int(np.bincount(target.ravel()).argmax()) if one.strategy == "scratch" else None
    session = had or begin(project, image, person.name, one.strategy, ground=ground)
    log = Log(f"simulated {session.id}.{session.revision}", _start(project, one))
    log.tell("open", stage="repair" if one.strategy == "scratch" else "choose")
    revision = session.revision
    if one.strategy == "scratch":
        current = np.full(truth.shape, ground, np.uint8)
        origins = fresh_origins(current, "none")
    else:
        candidates = {
            c.id: derived_of(project, c).label_map
            # Numbers are given as candidates are finished, which is by chance.
            for c in sorted(all_candidates(project, [image]), key=lambda c: c.parameters.method)
        }
        log.look(skilled.pace * 6 * len(candidates))
        # By eye: roughly the one that leaves least to do.
        todo = {
            number: left_to_do(found, target, person.accepts_px).sum() * rng.lognormal(0, 0.2)
            for number, found in candidates.items()
        }
        best = min(todo, key=lambda number: todo[number])
        log.tell("stage", stage="name")
        log.look(skilled.pace * 8)
        revision = choose(project, session.id, Choice(best, reason=NOTE), revision=revision)
        current = candidates[best].copy()
        origins = fresh_origins(current, "candidate")
        log.tell("stage", stage="repair")
    log.look(skilled.pace * float(rng.uniform(15, 30)))
    if one.strategy == "preannotated":
        _remove_fragments(current, origins, target, skilled, log)
    _draw(project, session.id, revision, (current, origins, target), skilled, log, rng)


def _remove_fragments(
    current: LabelMap, origins: LabelMap, target: LabelMap, person: Person, log: Log
) -> None:
    """The editor's operation on the whole map, where it takes work away."""
    cleaned, _ = remove_islands(current, dict.fromkeys(range(int(current.max()) + 1), FRAGMENT_PX))
    before, after = (left_to_do(one, target, person.accepts_px).sum() for one in (current, cleaned))
    begun = log.t
    log.look(person.pace * 6)
    changed = cleaned != current
    if after >= before or not changed.any():
        return
    log.tell("tool", tool="fragments")
    px = int(np.count_nonzero(changed))
    log.tell("stroke", start=round(begun), end=round(log.t), tool="fragments", px=px)
    current[changed] = cleaned[changed]
    origins[changed] = ORIGINS["expert"]


def _draw(
    project: Project,
    number: int,
    revision: int,
    planes: tuple[LabelMap, LabelMap, LabelMap],
    person: Person,
    log: Log,
    rng: np.random.Generator,
) -> None:
    """Stroke by stroke to what the person takes for true; save, look it over, submit."""
    current, origins, target = planes
    held: tuple[str, int] = ("", -1)
    rows, columns = np.nonzero(origins == ORIGINS["expert"])
    touched = _tiles(rows, columns)
    away = rng.random() < 0.25
    for i, stroke in enumerate(list(strokes(current, target, person, rng))):
        if stroke.tool != held[0]:
            log.tell("tool", tool=stroke.tool)
        if stroke.phase != held[1]:
            log.tell("phase", phase=stroke.phase)
        held = stroke.tool, stroke.phase
        begun = log.t + 400 * stroke.seconds
        log.t += 1000 * stroke.seconds
        log.tell(
            "stroke",
            start=round(begun),
            end=round(log.t),
            tool=stroke.tool,
            phase=stroke.phase,
            px=len(stroke.rows),
            length=stroke.length,
        )
        current[stroke.rows, stroke.columns] = stroke.phase
        unsure = len(stroke.rows) > 30 and rng.random() < 0.03
        origins[stroke.rows, stroke.columns] = ORIGINS["expert"] | (DOUBTFUL if unsure else 0)
        touched |= _tiles(stroke.rows, stroke.columns)
        if i % SAVE_EVERY == SAVE_EVERY - 1:
            revision = _save(project, number, revision, current, origins, touched)
            log.tell("save")
        if away and i == 40:
            log.leave(float(rng.uniform(120, 900)))
    if touched:
        revision = _save(project, number, revision, current, origins, touched)
    log.look(person.pace * float(rng.uniform(8, 20)))
    log.tell("submit")
    append_events(project, number, log.events)
    submit(project, number, revision=revision, note=NOTE)


def _tiles(rows: NDArray[np.int64], columns: NDArray[np.int64]) -> set[tuple[int, int]]:
    """Column and row of each tile that has one of the pixels."""
    return set(zip((columns // TILE).tolist(), (rows // TILE).tolist(), strict=True))


def _save(
    project: Project,
    number: int,
    revision: int,
    current: LabelMap,
    origins: LabelMap,
    touched: set[tuple[int, int]],
) -> int:
    tiles = []
    for column, row in sorted(touched):
        box = np.s_[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE]
        tiles.append(Tile(column, row, current[box], origins[box]))
    touched.clear()
    return save_tiles(project, number, tiles, revision=revision, save=f"simulated {revision}")


def _start(project: Project, one: Assignment) -> float:
    """When a pass begins, UTC ms: four a day, the second passes two weeks later."""
    per_person = sum(i.type is not None for i in all_images(project)) * PER_IMAGE // len(PEOPLE)
    second, place = divmod(one.position - 1, per_person)
    day, slot = divmod(place, len(SLOTS))
    return FIRST_DAY + (day + second * WASHOUT_DAYS) * DAY + SLOTS[slot]
