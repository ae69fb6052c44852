"""What simulated people do after their passes: review, verify predictions, settle what is doubtful.

A part of the images each, so that every part of the report is seen; all of it through the code
that serves people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from premask.core.origins import ORIGINS
from premask.core.records import ImageRecord
from premask.core.sessions import STRATEGIES
from premask.evaluate.consensus import AUTOMATIC, DoubtRegion
from premask.project.events import append_events
from premask.project.images import all_images
from premask.project.label_maps import session_versions
from premask.project.project import Project
from premask.project.reviews import newest_reviews
from premask.project.sessions import all_sessions, get_session, replace_base, submit, working_copy
from premask.project.verdicts import newest_verdicts
from premask.synthetic.annotator import Person, left_to_do, seen
from premask.workflow.consensus import (
    Sitting,
    agreed_versions,
    consensus_session,
    finish,
    open_consensus,
    settle,
)
from premask.workflow.method_scores import latest_candidates
from premask.workflow.overview import derived_of
from premask.workflow.review import review
from premask.workflow.simulated_log import Log
from premask.workflow.verify import give_verdict

LabelMap = NDArray[np.uint8]

DECIDE_S = 3.5
"""To look at a region of doubt and its votes, and press a key; paces multiply it."""
UNDECIDED = 0.08
"""Share of the regions that nobody can tell."""
WRONG = 0.1
"""Share of an image's pixels from which on its prediction is rejected."""
NOTE = "simulated"


def review_and_settle(
    project: Project,
    people: Sequence[Person],
    truths: Mapping[str, LabelMap],
    *,
    seed: int,
    start: float,
) -> None:
    """One image of each type is settled, one map of each is reviewed, all predictions verified.

    Parameters
    ----------
    truths : mapping of str to ndarray of uint8, shape (H, W)
        By image.
    start : float
        When it begins, UTC ms.
    """
    first = {image.type: image for image in reversed(all_images(project))}
    for turn, image in enumerate(first.values()):
        _review(project, people[(turn + 1) % len(people)], image, truths[image.id], turn == 0)
        _settle(project, people[turn % len(people)], image, truths[image.id], seed, start)
    _verify(project, people[:2], truths)


def _review(
    project: Project, reviewer: Person, image: ImageRecord, truth: LabelMap, returns: bool
) -> None:
    """Look at the first map of somebody else; send it back once, and see it repaired."""
    others = [
        one
        for one in all_sessions(project, image)
        if one.strategy in STRATEGIES and one.annotator != reviewer.name
    ]
    session = min(others, key=lambda one: one.id)
    if session.id in newest_reviews(project):
        return
    if returns:
        version = _newest(project, session.id)
        note = f"{NOTE}: a part along the upper edge is another phase"
        review(project, session.id, version, reviewer.name, "returned", note)
        _repair(project, session.id, truth)
    version = _newest(project, session.id)
    review(project, session.id, version, reviewer.name, "accepted", NOTE)


def _newest(project: Project, session: int) -> int:
    return session_versions(project, session)[-1].id


def _repair(project: Project, number: int, truth: LabelMap) -> None:
    """The upper edge as it is."""
    copy = working_copy(project, number)
    labels, origins = copy.labels.copy(), copy.origins.copy()
    edge = np.zeros(labels.shape, np.bool_)
    edge[: len(edge) // 8] = True
    changed = edge & (labels != truth)
    labels[changed], origins[changed] = truth[changed], ORIGINS["expert"]
    choice = get_session(project, number).choice
    revision = replace_base(project, number, labels, origins, choice, revision=copy.revision)
    submit(project, number, revision=revision, note=NOTE)


def _settle(
    project: Project,
    person: Person,
    image: ImageRecord,
    truth: LabelMap,
    seed: int,
    start: float,
) -> None:
    if agreed_versions(project, image):
        return
    rng = np.random.default_rng([seed, *person.name.encode(), *image.name.encode(), 1])
    target = seen(truth, person, rng)
    found = open_consensus(project, image, person.name)
    session = consensus_session(project, found, person.name)
    log = Log(f"simulated {session}.consensus", start)
    log.tell("open", stage="consensus")
    log.look(person.pace * 10)
    decisions = {}
    for region in found.doubts.queue:
        log.look(person.pace * DECIDE_S * float(rng.lognormal(0, 0.3)))
        if rng.random() >= UNDECIDED:
            decisions[region.number] = _answer(found, region, target)
    settle(project, found.consensus.id, person.name, decisions)
    log.tell("submit")
    append_events(project, session, log.events)
    finish(project, found.consensus.id, person.name)


def _answer(found: Sitting, region: DoubtRegion, target: LabelMap) -> int:
    """What the person takes most of the region for; the key M where the majority says the same."""
    inside = found.doubts.regions == region.number
    label = int(np.bincount(target[inside]).argmax())
    return AUTOMATIC if (found.automatic[inside] == label).all() else label


def _verify(project: Project, people: Sequence[Person], truths: Mapping[str, LabelMap]) -> None:
    given = newest_verdicts(project)
    for pairs in latest_candidates(project).values():
        for image, candidate in pairs:
            label_map = derived_of(project, candidate).label_map
            for person in people:
                if person.name in given.get(candidate.id, {}):
                    continue
                wrong = left_to_do(label_map, truths[image.id], person.accepts_px + 1)
                # Who works slowly looks closely.
                bad = wrong.mean() > WRONG / person.pace
                give_verdict(
                    project,
                    candidate.id,
                    person.name,
                    "rejected" if bad else "accepted",
                    f"{NOTE}: {_reason(label_map, truths[image.id])}" if bad else "",
                )


def _reason(label_map: LabelMap, truth: LabelMap) -> str:
    """Whether a phase is missing as a whole, or parts are taken for another one."""
    missing = set(np.unique(truth).tolist()) - set(np.unique(label_map).tolist())
    return "a phase is missing" if missing else "phases are confused in many places"
