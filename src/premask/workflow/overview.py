"""The state of each image, and the facts of its candidates, as the application shows them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from premask.core.micrograph import Image
from premask.core.origins import doubtful
from premask.core.phases import phase_fractions
from premask.core.records import Candidate, ImageRecord, SessionRecord
from premask.core.sessions import STRATEGIES
from premask.io.images import read_micrograph
from premask.io.label_maps import read_label_map
from premask.naming.checks import check
from premask.naming.table import NameTable
from premask.preannotators.methods import rank
from premask.project import objects
from premask.project.candidates import all_candidates, has_names
from premask.project.images import all_images
from premask.project.label_maps import session_versions, versions
from premask.project.project import Project
from premask.project.sessions import all_sessions
from premask.workflow.derive import Derived, derive
from premask.workflow.project_gallery import fragments


@dataclass(frozen=True)
class Overview:
    """An image, how far it has come, and who works on it.

    Attributes
    ----------
    state : str
        The furthest of: new, pre-annotated, in progress, submitted, doubtful, agreed.
    """

    image: ImageRecord
    state: str
    candidates: list[Candidate]
    sessions: list[SessionRecord]

    @property
    def named(self) -> int:
        """How many candidates have names."""
        return sum(has_names(candidate.table) for candidate in self.candidates)


def overview(project: Project, images: Sequence[ImageRecord] | None = None) -> list[Overview]:
    """Every image of the project (or those given) and its state."""
    records = list(all_images(project) if images is None else images)
    candidates: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in all_candidates(project):
        candidates[candidate.image].append(candidate)
    sessions: dict[str, list[SessionRecord]] = defaultdict(list)
    crops = {record.id: record.crop_bottom for record in records}
    for session in all_sessions(project):
        if session.strategy in STRATEGIES and crops.get(session.image) == session.crop_bottom:
            sessions[session.image].append(session)
    return [
        Overview(
            record,
            _state(project, record, candidates[record.id], sessions[record.id]),
            in_order(candidates[record.id]),
            sessions[record.id],
        )
        for record in records
    ]


def in_order(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Candidates by method and number: a method has the same number key on every image."""
    return sorted(
        candidates, key=lambda one: (rank(one.parameters.method), one.parameters.method, one.id)
    )


def _state(
    project: Project,
    image: ImageRecord,
    candidates: Sequence[Candidate],
    sessions: Sequence[SessionRecord],
) -> str:
    if versions(project, image, "agreed"):
        return "agreed"
    done = [session for session in sessions if session.state in {"submitted", "accepted"}]
    if any(_has_doubt(project, session) for session in done):
        return "doubtful"
    if done:
        return "submitted"
    if sessions:
        return "in progress"
    return "pre-annotated" if candidates else "new"


def _has_doubt(project: Project, session: SessionRecord) -> bool:
    submitted = session_versions(project, session.id)
    return (
        bool(submitted and submitted[-1].origins)
        and _doubtful_px(project.root, str(submitted[-1].origins)) > 0
    )


@lru_cache(maxsize=4096)
def _doubtful_px(root: Path, content: str) -> int:
    return int(np.count_nonzero(doubtful(read_label_map(objects.existing(root, content)))))


@dataclass(frozen=True)
class CandidateFacts:
    """What the gallery says of a candidate."""

    candidate: Candidate
    table: NameTable
    fractions: list[float]
    fragments: int
    islands_removed: int
    findings: list[str]


def candidate_facts(project: Project, image: ImageRecord, candidate: Candidate) -> CandidateFacts:
    """Facts of a candidate as it is named now."""
    derived = derived_of(project, candidate)
    n_labels = len(project.phases) if derived.named else int(derived.label_map.max()) + 1
    return CandidateFacts(
        candidate=candidate,
        table=NameTable.from_dict(candidate.table),
        fractions=phase_fractions(derived.label_map, n_labels).tolist(),
        fragments=fragments(derived.label_map),
        islands_removed=sum(one.count for one in derived.removed),
        findings=[f.sentence for f in check(derived.label_map, project.phases, image.type)]
        if derived.named
        else [],
    )


def derived_of(project: Project, candidate: Candidate) -> Derived:
    """The label map of a candidate, not to be written to; the last few are kept at hand."""
    key = json.dumps([candidate.content, candidate.table, candidate.islands], sort_keys=True)
    found = _DERIVED.get((project.root, key))
    if found is None:
        found = derive(project, candidate)
        found.label_map.setflags(write=False)
        _DERIVED[project.root, key] = found
        while len(_DERIVED) > MOST_DERIVED:
            _DERIVED.pop(next(iter(_DERIVED)), None)
    return found


MOST_DERIVED = 12
"""The candidates of an image or two: the gallery asks for their facts, then for their maps."""
_DERIVED: dict[tuple[Path, str], Derived] = {}


def pixels_of(project: Project, image: ImageRecord) -> Image:
    """The pixels of an image in its crop; the last few are kept at hand."""
    path = objects.existing(project.root, image.content)
    return _pixels(path, image.page)[: image.view_height]


@lru_cache(maxsize=4)
def _pixels(path: Path, page: int) -> Image:
    return read_micrograph(path, page=page).pixels


def grey_window(pixels: Image, low: float = 0.1, high: float = 99.9) -> tuple[int, int]:
    """The grey levels that are shown black and white: all of 8 bit, percentiles of 16 bit."""
    if pixels.dtype == np.uint8:
        return 0, 255
    sample = pixels[:: max(1, len(pixels) // 1000)]
    bottom, top = np.percentile(sample, [low, high])
    return int(bottom), max(int(np.ceil(top)), int(bottom) + 1)
