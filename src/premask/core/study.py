"""The plan of a study: who labels which image under which strategy, and when."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Assignment:
    """One pass of one annotator over one image.

    Attributes
    ----------
    strategy : str
        ``scratch`` or ``preannotated``.
    position : int
        Its place in the annotator's list, from 1.
    """

    image: str
    annotator: str
    strategy: str
    position: int


@dataclass(frozen=True)
class StudyPlan:
    """All passes of a study, and the rules under which they are done.

    Attributes
    ----------
    assignments : tuple of Assignment
        By annotator, then position.
    arm : str
        What the pre-annotated passes begin with: ``choice`` (the expert's own, image by
        image) or ``uniform:METHOD`` (one method for all; ``uniform:cnn`` is the paper's).
    min_days : float
        Days between the two passes of one annotator over one image, at least.
    per_image : int
        Annotators for each image; 1 shares the images out, as in the paper.
    seed : int
    created : str
        When it was stored, ISO 8601 in UTC; empty before.
    """

    assignments: tuple[Assignment, ...]
    arm: str = "choice"
    min_days: float = 7.0
    per_image: int = 1
    seed: int = 0
    created: str = ""

    @property
    def method(self) -> str | None:
        """The method of the pre-annotated arm where it is uniform."""
        kind, _, name = self.arm.partition(":")
        return name if kind == "uniform" else None

    @property
    def annotators(self) -> tuple[str, ...]:
        """Everybody who has a pass, by name."""
        return tuple(sorted({one.annotator for one in self.assignments}))

    def of(self, annotator: str) -> tuple[Assignment, ...]:
        """The passes of one annotator, in their order."""
        mine = [one for one in self.assignments if one.annotator == annotator]
        return tuple(sorted(mine, key=lambda one: one.position))
