"""Settle doubtful pixels, and pixels on which annotators differ (paper, section 3.4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError, nearest
from premask.core.origins import DOUBTFUL, ORIGIN_BITS, ORIGINS, doubtful, fresh_origins
from premask.core.phases import VOID
from premask.core.records import Agreement, Consensus, Decision, ImageRecord, LabelMapVersion
from premask.core.words import count
from premask.evaluate.consensus import AUTOMATIC, Doubts, agreed_map, regions_of_doubt
from premask.evaluate.staple import staple
from premask.evaluate.votes import majority_vote
from premask.io.label_maps import read_label_map
from premask.project import objects
from premask.project.consensus import (
    add_agreement,
    add_decisions,
    decisions_of,
    find_or_add_consensus,
    get_consensus,
)
from premask.project.images import all_images
from premask.project.label_maps import image_versions, read_version
from premask.project.project import Project
from premask.project.sessions import (
    ConflictError,
    add_annotator,
    find_session,
    get_session,
    reopen,
    replace_base,
    start_session,
    submit,
)
from premask.project.sightings import add_sighting
from premask.workflow.audited import AUDITOR, LABELS, standing_audit
from premask.workflow.independence import hindrance
from premask.workflow.quality import submitted_maps

AGREED = "agreed"
METHODS = ("majority", "staple")
MIN_PX = 20
AUTOMATICALLY = "automatic: "
"""Before a method's name: the annotator of the agreed maps that it made without people."""

LabelMap = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Sitting:
    """All that is needed to settle an image.

    Attributes
    ----------
    votes : dict of str to ndarray of uint8, shape (H, W)
        Everybody's label map, by name.
    automatic : ndarray of uint8, shape (H, W)
        What decides outside the regions of doubt; void where it cannot tell.
    origins : ndarray of uint8, shape (H, W)
        Where its labels came from, with the flags of all voters.
    """

    consensus: Consensus
    image: ImageRecord
    votes: Mapping[str, LabelMap]
    doubts: Doubts
    automatic: LabelMap
    origins: LabelMap

    @property
    def undecided(self) -> int:
        """Pixels outside the queue on which the automatic map cannot tell."""
        outside = self.doubts.regions == 0
        return int(np.count_nonzero(outside & (self.automatic == VOID)))

    @property
    def told(self) -> frozenset[int]:
        """The regions on which the automatic map can tell: it is not void on all of them."""
        found = np.unique(self.doubts.regions[self.automatic != VOID])
        return frozenset(int(number) for number in found if number)


@dataclass(frozen=True)
class Automatic:
    """What came of letting a method decide: the version's number, or why there is none."""

    version: int | None
    why: str = ""


def voters(project: Project, image: ImageRecord) -> dict[str, LabelMapVersion]:
    """The label maps that have a vote, by a name for people.

    The newest of each closed session; where an audit of the labels stands, these labels and
    what the models would have instead.
    """
    audited = standing_audit(project, image)
    if audited is not None:
        return dict(zip((LABELS, AUDITOR), audited, strict=True))
    maps = submitted_maps(project, image)
    people = [annotator for annotator, _ in maps]
    return {
        annotator if people.count(annotator) == 1 else f"{annotator}, {strategy}": version
        for (annotator, strategy), version in maps.items()
    }


def refusal(project: Project, image: ImageRecord, annotator: str) -> str:
    """Why somebody may not settle an image; empty where they may."""
    if not voters(project, image):
        return "no label map of this image was submitted yet"
    return hindrance(project, image.id, image.crop_bottom, annotator)


def open_consensus(
    project: Project,
    image: ImageRecord,
    annotator: str,
    *,
    method: str = "majority",
    min_px: int = MIN_PX,
) -> Sitting:
    """The consensus of the label maps as they stand; a new one where there is none.

    Parameters
    ----------
    method : {"majority", "staple"}
        What decides outside the regions of doubt. An audit is always by ``labels``: nothing that
        is labelled becomes void for want of a decision.
    min_px : int
        Smaller regions are not asked about, px.

    Raises
    ------
    PremaskError
        For another method, a negative area, or who may not see it.
    """
    audited = standing_audit(project, image) is not None
    if audited:
        method = LABELS
    check_rule(method, min_px, (LABELS,) if audited else METHODS)
    reason = refusal(project, image, annotator)
    if reason:
        raise PremaskError(reason)
    numbers = [version.id for version in voters(project, image).values()]
    found = find_or_add_consensus(project, image, numbers, method, min_px)
    return sitting(project, found.id, annotator)


def check_rule(method: str, min_px: int, accepted: Sequence[str] = METHODS) -> None:
    """Refuse a method or an area that there is not."""
    if method not in accepted:
        raise PremaskError(
            f"the method is {method!r}; {', '.join(accepted)} are accepted"
            f"{nearest(method, accepted)}"
        )
    if not 0 <= min_px <= 10**9:
        raise PremaskError(f"regions from {min_px} px on; 0 or more is accepted")


def sitting(project: Project, number: int, annotator: str) -> Sitting:
    """A consensus that was opened before, for somebody who may see it.

    Raises
    ------
    ConflictError
        Where label maps were submitted or sent back since.
    """
    consensus = get_consensus(project, number)
    images = [image for image in all_images(project) if image.id == consensus.image]
    if not images:
        raise PremaskError(f"the image of consensus {number} is not in the project any more")
    reason = refusal(project, images[0], annotator)
    if reason:
        raise PremaskError(reason)
    now_voting = voters(project, images[0])
    if tuple(sorted(version.id for version in now_voting.values())) != consensus.versions:
        raise ConflictError("the label maps of this image changed since; open its consensus again")
    if any(version.annotator != annotator for version in now_voting.values()):
        add_sighting(project, images[0].id, images[0].crop_bottom, annotator)
    key = project.root, number, len(project.phases), str(project.phases.merged)
    if key not in _SITTINGS:
        _SITTINGS[key] = _derived(project, consensus, images[0], now_voting)
        while len(_SITTINGS) > MOST_SITTINGS:
            _SITTINGS.pop(next(iter(_SITTINGS)), None)
    return _SITTINGS[key]


MOST_SITTINGS = 4
_SITTINGS: dict[tuple[Path, int, int, str], Sitting] = {}
"""The last few: derived from immutable versions, and asked for with every decision."""


def settle(
    project: Project, number: int, annotator: str, labels: Mapping[int, int | None]
) -> dict[int, Decision]:
    """Keep decisions on regions and return all that stand.

    Parameters
    ----------
    labels : mapping of int to int or None
        By region: a phase, 255 for void, 254 for what the automatic map has; None takes a
        decision back.

    Raises
    ------
    PremaskError
        For a region or a phase that there is not, and for {AUTOMATIC} where there is a tie.
    """
    found = sitting(project, number, annotator)
    queue, told = found.doubts.queue, found.told
    for region, label in labels.items():
        if not 1 <= region <= len(queue):
            raise PremaskError(
                f"there is no region of doubt {region}; 1 to {len(queue)} are accepted"
            )
        if label not in {None, VOID, AUTOMATIC, *range(len(project.phases))}:
            raise PremaskError(
                f"region {region} cannot be {label}; 0 to {len(project.phases) - 1} (phases),"
                f" {VOID} (void) and {AUTOMATIC} (as the automatic map) are accepted"
            )
        if label == AUTOMATIC and region not in told:
            raise PremaskError(
                f"the {found.consensus.method} cannot tell on region {region}; choose a phase, or"
                f" leave it void ({VOID})"
            )
    add_decisions(project, number, dict(labels), annotator)
    return decisions_of(project, number)


def consensus_session(project: Project, found: Sitting, annotator: str) -> int:
    """The session that somebody's time with an image's consensus is logged in."""
    had = find_session(project, found.image, annotator, AGREED)
    if had is not None:
        return had.id
    started = start_session(
        project, found.image, annotator, AGREED, found.automatic, found.origins, {}
    )
    return started.id


def finish(project: Project, number: int, annotator: str) -> int:
    """Make the agreed map a version and return its number.

    What is not settled stays void; in an audit it keeps its label.
    """
    found = sitting(project, number, annotator)
    decisions = {region: one.label for region, one in decisions_of(project, number).items()}
    settled = np.isin(found.doubts.regions, list(decisions))
    origins = np.where(settled, np.uint8(ORIGINS["consensus"]), found.origins)
    if found.consensus.method == LABELS:
        decisions = {one.number: AUTOMATIC for one in found.doubts.queue} | decisions
    else:
        left = (found.doubts.regions > 0) & ~settled
        origins = np.where(left, np.uint8(ORIGINS["none"] | DOUBTFUL), origins)
    agreed = agreed_map(found.automatic, found.doubts, decisions)
    session = consensus_session(project, found, annotator)
    reopen(project, session)
    record = {
        "consensus": number,
        "versions": list(found.consensus.versions),
        "method": found.consensus.method,
        "min_px": found.consensus.min_px,
    }
    revision = get_session(project, session).revision
    revision = replace_base(project, session, agreed, origins, record, revision=revision)
    settled_by = Counter(one.annotator for one in decisions_of(project, number).values())
    version = submit(project, session, revision=revision, note=_history(project, found, settled_by))
    void = int(np.count_nonzero(agreed == VOID))
    queue = len(found.doubts.queue)
    add_agreement(
        project, Agreement(version, found.consensus, queue, dict(sorted(settled_by.items())), void)
    )
    return version


def _history(project: Project, found: Sitting, settled_by: Mapping[str, int]) -> str:
    """What the agreed map was made from, and by whom, for its note."""
    numbers = {name: version.id for name, version in voters(project, found.image).items()}
    maps = ", ".join(f"{name} (version {numbers[name]})" for name in found.votes)
    by = ", ".join(f"{name} {n}" for name, n in sorted(settled_by.items()))
    n, method = sum(settled_by.values()), found.consensus.method
    left = "as labelled" if method == LABELS else "void"
    return (
        f"{method} of {count(len(found.votes), 'label map')}: {maps};"
        f" {count(n, 'region')} settled{f' ({by})' if by else ''},"
        f" {len(found.doubts.queue) - n} left {left};"
        f" {found.doubts.small} px in regions under {found.consensus.min_px} px decided by the"
        f" {method}, {found.undecided} px of all others void"
    )


def agree_automatically(
    project: Project, image: ImageRecord, *, method: str = "majority", min_px: int = MIN_PX
) -> Automatic:
    """Let the automatic map decide everything, without people.

    Another method, or another smallest area, makes another version, which counts from then
    on. What people have agreed on stays as long as the label maps are the same.
    """
    check_rule(method, min_px)
    if standing_audit(project, image) is not None:
        return Automatic(None, "what models contradict is for people to settle, in the browser")
    versions = {one.id for one in voters(project, image).values()}
    if len(versions) < 2:
        return Automatic(None, "there is a single label map, nothing to agree on")
    name = f"{AUTOMATICALLY}{method}"
    earlier = agreed_versions(project, image)
    session = get_session(project, earlier[-1].session) if earlier and earlier[-1].session else None
    if session and set(session.choice.get("versions", ())) == versions:
        if not session.annotator.startswith(AUTOMATICALLY):
            return Automatic(
                None, "people have agreed on these label maps; finish them in the browser again"
            )
        if (session.choice.get("method"), session.choice.get("min_px")) == (method, min_px):
            return Automatic(None, f"{method} has agreed on these label maps already")
    add_annotator(project, name)
    found = open_consensus(project, image, name, method=method, min_px=min_px)
    settle(project, found.consensus.id, name, dict.fromkeys(sorted(found.told), AUTOMATIC))
    return Automatic(finish(project, found.consensus.id, name))


def agreed_versions(project: Project, image: ImageRecord) -> list[LabelMapVersion]:
    """The agreed maps of an image, oldest first."""
    return [
        version
        for version in image_versions(project, image)
        if version.strategy == AGREED and version.crop_bottom == image.crop_bottom
    ]


def _derived(
    project: Project,
    consensus: Consensus,
    image: ImageRecord,
    versions: Mapping[str, LabelMapVersion],
) -> Sitting:
    n = len(project.phases)
    votes = {name: read_version(project, versions[name]) for name in sorted(versions)}
    planes = {
        name: read_label_map(objects.existing(project.root, version.origins))
        for name, version in versions.items()
        if version.origins
    }
    if consensus.method == LABELS:  # labels from elsewhere have no plane
        planes.setdefault(LABELS, fresh_origins(votes[LABELS], "expert"))
    shape = next(iter(votes.values())).shape
    flagged = np.zeros(shape, np.bool_)
    for plane in planes.values():
        flagged |= doubtful(plane)
    if len(votes) == 1:
        automatic = next(iter(votes.values()))
    elif consensus.method == LABELS:
        automatic = votes[LABELS]
    elif consensus.method == "staple":
        automatic = staple(votes, n).label_map
    else:
        automatic = majority_vote(votes, n)
    origins = np.full(shape, ORIGINS["consensus"], np.uint8)
    for name in sorted(votes, reverse=True):
        if name in planes:
            same = votes[name] == automatic
            origins = np.where(same, planes[name] & np.uint8(ORIGIN_BITS), origins)
    origins = np.where(automatic == VOID, np.uint8(ORIGINS["none"]), origins)
    origins |= np.where(flagged, np.uint8(DOUBTFUL), np.uint8(0))
    doubts = regions_of_doubt(votes, n, flagged=flagged, min_px=consensus.min_px)
    automatic.setflags(write=False)
    origins.setflags(write=False)
    return Sitting(consensus, image, votes, doubts, automatic, origins)
