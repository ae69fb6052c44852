"""What the routes take and answer; the front end's types are generated from these."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Strategy = Literal["scratch", "preannotated"]
State = Literal["new", "pre-annotated", "in progress", "submitted", "doubtful", "agreed"]
Name = Annotated[str, Field(min_length=1, max_length=64)]
Number = Annotated[int, Field(ge=1, le=2**53)]
Index = Annotated[int, Field(ge=0, le=254)]
Revision = Annotated[int, Field(ge=0, le=2**53)]


class Body(BaseModel):
    """A request's body: no field that is not known."""

    model_config = ConfigDict(extra="forbid")


class PhaseOut(BaseModel):
    """A phase of the project."""

    index: int
    name: str
    colour: str
    merged_into: int | None
    """The phase that it counts as; it is offered no more."""


class ProjectOut(BaseModel):
    """What the page needs to know of the project."""

    name: str
    version: str
    phases: list[PhaseOut]
    types: dict[str, list[str]]
    inside: dict[str, list[str]]
    annotators: list[str]
    settings: str
    """Names the state of the settings: a change says what it was based on."""


class AnnotatorIn(Body):
    """Somebody signs in."""

    name: str = Field(max_length=200)


class AnnotatorOut(BaseModel):
    """The name as it is kept."""

    name: str


class ReviewOut(BaseModel):
    """What a reviewer said."""

    reviewer: str
    verdict: Literal["accepted", "returned"]
    note: str
    created: str


class SessionOut(BaseModel):
    """A session, as its annotator sees it."""

    id: int
    image: str
    annotator: str
    strategy: Strategy | Literal["agreed"]
    """``agreed``: settling doubtful pixels."""
    state: Literal["open", "submitted", "returned", "accepted"]
    revision: int
    created: str
    choice: dict[str, Any]
    minutes: float
    """Active minutes so far."""
    review: ReviewOut | None
    """The last one."""


class ImageOut(BaseModel):
    """An image in the overview."""

    id: str
    name: str
    type: str | None
    width: int
    height: int
    um_per_px: float | None
    state: State
    candidates: int
    named: int
    sessions: list[SessionOut]
    """Of the annotator who asks."""
    annotators: list[str]
    """Everybody who works or worked on it."""
    uniform: int | None
    """The candidate of the method that the one who asks takes for all images of its type."""
    nameable: bool
    """Whether names can carry over to it: somebody named regions of its type."""
    seen: bool
    """Whether the one who asks has seen another's label map of it, and begins none any more."""


class CandidateOut(BaseModel):
    """A candidate's facts for the gallery."""

    id: int
    method: str
    n_regions: int
    content: str
    """The same for candidates of the same regions."""
    seconds: float
    names: list[int | None]
    margins: list[float]
    source: str | None
    fractions: list[float]
    """Share of each phase (of each region while there are no names), 0 to 1."""
    fragments: int
    islands_removed: int
    findings: list[str]


class ImageDetailOut(ImageOut):
    """An image and all that there is to choose from."""

    channels: Literal[1, 3]
    bits: Literal[8, 16]
    window: tuple[int, int]
    """Grey levels that are shown black and white at first."""
    allowed: list[int]
    """Phases that its type may show."""
    details: list[CandidateOut]


class NamesIn(Body):
    """The phase of each region, by its number; none for a region without a name."""

    names: dict[Annotated[str, Field(pattern=r"^\d{1,3}$")], Index | None]


class ChoiceIn(Body):
    """What a pre-annotated map is begun with."""

    candidate: Number
    phases: dict[Annotated[str, Field(pattern=r"^\d{1,3}$")], Number] = {}
    reason: str = Field("", max_length=2000)
    uniform: bool = False


class BeginIn(Body):
    """An annotator opens an image under a strategy."""

    image: str = Field(max_length=100)
    strategy: Strategy
    choice: ChoiceIn | None = None
    ground: Index | None = None


class ChooseIn(Body):
    """Another choice for a session that has begun."""

    choice: ChoiceIn
    revision: Revision


class RestoreIn(Body):
    """Back to an earlier version."""

    version: Number
    revision: Revision


class SubmitIn(Body):
    """The map is finished as it stands."""

    revision: Revision
    note: str = Field("", max_length=2000)


class EventsIn(Body):
    """Lines of the session's log, see :mod:`premask.core.sessions`."""

    events: list[dict[str, Any]] = Field(max_length=5000)


class EventsOut(BaseModel):
    """How many of them were new."""

    new: int


class TimeOut(BaseModel):
    """Minutes of a session so far, by each measure."""

    active: float
    strict60: float
    gap100: float
    wall: float


class RevisionOut(BaseModel):
    """The state that the next save is made on."""

    revision: int


class VersionOut(BaseModel):
    """A label map that was submitted."""

    id: int
    created: str
    parent: int | None
    note: str


class SessionVersionOut(VersionOut):
    """A version among those of its session."""

    minutes: float
    """Active minutes of the session until then."""
    review: ReviewOut | None
    """What was last said of it."""


class PhaseIn(Body):
    """A phase as it is to be; without an index a new one."""

    index: Index | None
    name: str = Field(max_length=200)
    colour: str = Field(max_length=20)


class SettingsIn(Body):
    """Every phase, in order, and the phases of each type by their names."""

    phases: list[PhaseIn] = Field(max_length=100)
    types: dict[str, list[str]]
    merged: dict[str, str] = {}
    """Phases that count as another one, by their names as they are to be."""
    based_on: str = Field(max_length=100)


class ConcernedOut(BaseModel):
    """What a merge would change in one image."""

    image: str
    name: str
    drafts: int
    """Pixels in the label maps that somebody is at work on."""
    submitted: int
    """Pixels in the newest submitted versions."""
    agreed: int
    imported: int
    candidates: int


class TypeIn(Body):
    """The processing type of an image."""

    type: str | None = Field(max_length=200)


class CalibrationIn(Body):
    """The scale of an image; none takes it away."""

    um_per_px: float | None
    alike: bool = False
    """Also for the images of the same frame that have no scale."""


class CalibrationOut(BaseModel):
    """How many images have the scale now."""

    images: int


class HoldingsOut(BaseModel):
    """What hangs on an image."""

    candidates: int
    sessions: int
    versions: int


class RemoveIn(Body):
    """Which image is meant, so that none goes by mistake."""

    name: str = Field(max_length=2000)


class WaitingOut(BaseModel):
    """A submitted label map, in the list of reviewers."""

    session: SessionOut
    name: str
    """Of the image."""
    version: int
    """What a verdict on it names."""
    submitted: str
    note: str
    """The annotator's, with the version."""
    refusal: str
    """Why the one who asks may not review it; empty where they may."""
    seen: bool
    """Whether the one who asks has seen a label map of the image; a first one ends their own."""


class VerdictIn(Body):
    """A reviewer's verdict."""

    version: Number
    """The one that was looked at."""
    verdict: Literal["accepted", "returned"]
    note: str = Field("", max_length=2000)


class TaskOut(BaseModel):
    """One pass of a study."""

    image: str
    name: str
    strategy: str
    position: int
    state: Literal["done", "begun", "ready", "waiting", "later", "removed"]
    due: str | None
    """When it can begin, ISO 8601 in UTC; for ``waiting``."""
    session: int | None


class StudyOut(BaseModel):
    """A study as one annotator sees it."""

    arm: str
    min_days: float
    next: int | None
    """Position of the pass to go on with."""
    tasks: list[TaskOut]


class SettleRowOut(BaseModel):
    """An image whose label maps can be settled."""

    image: str
    name: str
    type: str | None
    votes: int
    """Submitted label maps."""
    agreed: int
    """Agreed versions so far."""
    refusal: str
    """Why the one who asks may not settle it."""


class DoubtOut(BaseModel):
    """A region of doubt."""

    number: int
    box: list[int]
    """Left, top, right, bottom, px; the last two are just outside."""
    px: int
    flagged: int
    votes: list[dict[int, int]]
    """Of each voter, the pixels of each label, most first."""


class DecisionOut(BaseModel):
    """What was decided on a region: a phase, 255 void, 254 as the automatic map has it."""

    region: int
    label: int
    annotator: str
    created: str


class ConsensusOut(BaseModel):
    """The settling of one image."""

    id: int
    image: str
    session: int
    """Where the time is logged."""
    method: str
    min_px: int
    voters: list[str]
    regions: list[DoubtOut]
    small: int
    """Doubtful pixels in regions that are too small to be asked about."""
    undecided: int
    """Pixels outside the regions on which the automatic map cannot tell."""
    decisions: list[DecisionOut]


class DecisionIn(Body):
    """A decision; null takes the one that is there back."""

    region: Annotated[int, Field(ge=1, le=2**31)]
    label: Annotated[int, Field(ge=0, le=255)] | None


class DecisionsIn(Body):
    """Decisions on regions of one image."""

    decisions: Annotated[list[DecisionIn], Field(min_length=1, max_length=100_000)]


class VerdictOut(BaseModel):
    """What an expert said of a prediction."""

    annotator: str
    verdict: Literal["accepted", "rejected"]
    reason: str
    created: str


class PredictionOut(BaseModel):
    """A candidate to be verified."""

    candidate: int
    method: str
    image: str
    name: str
    """Of the image."""
    type: str | None
    verdicts: list[VerdictOut]
    """The last of each expert."""
    refusal: str
    """Why the one who asks may not see it; empty where they may."""


class PredictionVerdictIn(Body):
    """An expert's verdict on a prediction."""

    verdict: Literal["accepted", "rejected"]
    reason: str = Field("", max_length=2000)
    """Needed for a rejection."""
