"""Scores of every method of a project against its references (paper, Tables 5 and 6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from premask.core.errors import PremaskError
from premask.core.records import Candidate, ImageRecord
from premask.core.words import count, typed, verb
from premask.evaluate.policy import Policy
from premask.evaluate.scores import Measured, Scores, measure, summarise
from premask.preannotators.methods import all_methods
from premask.project.candidates import all_candidates, has_names, read_regions
from premask.project.images import all_images
from premask.project.project import Project
from premask.workflow.derive import derive
from premask.workflow.model_method import SHA256
from premask.workflow.model_names import names_of_models
from premask.workflow.references import reference_map
from premask.workflow.seen_images import exposure

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


@dataclass(frozen=True)
class MethodScores:
    """Scores of methods against the references, and what must be read beside them.

    Attributes
    ----------
    scores : dict of str to Scores
        By method, without those of which nothing was scored.
    notes : dict of str to list of str
        By method: what was left out and why, and how many of its images a model has seen.
    flattered : frozenset of str
        Models that have seen images that they were scored on, or may have.
    """

    scores: Mapping[str, Scores]
    notes: Mapping[str, Sequence[str]]
    flattered: frozenset[str]

    @property
    def best(self) -> str:
        """The method with the highest mean IoU; of flattered ones only where there is no other."""
        fair = [name for name in self.scores if name not in self.flattered]
        return max(fair or self.scores, key=lambda name: self.scores[name].mean_iou)

    @property
    def passed_over(self) -> list[str]:
        """A sentence on each method with a higher mean IoU than the best."""
        least = self.scores[self.best].mean_iou
        return [
            f"{name} has a higher mean IoU, but has seen images that it was scored on, or may"
            " have: it was not chosen (--method chooses it)."
            for name, found in self.scores.items()
            if found.mean_iou > least
        ]


def score_methods(
    project: Project, policy: Policy, found: Found, reference: str = "imported"
) -> MethodScores:
    """Score each method against the references.

    Raises
    ------
    PremaskError
        Where no image has both a candidate (with names, for ``given``) and a reference.
    """
    scores: dict[str, Scores] = {}
    notes: dict[str, list[str]] = {}
    flattered: set[str] = set()
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
        seen = exposure(name, scored)
        notes[name] = [*_left_out(name, unnamed, by_truth), *seen.notes]
        if seen.flatters:
            flattered.add(name)
        if counted:
            scores[name] = summarise(counted, policy, project.phases.names)
    if not scores:
        raise PremaskError(
            "nothing can be scored: Tables 5 and 6 need a truth (premask import"
            f" {typed(project.root)} --format png FOLDER, or label maps from scratch or agreed"
            " ones) and candidates with names (premask name), or --naming many-to-one"
        )
    return MethodScores(scores, notes, frozenset(flattered))


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
