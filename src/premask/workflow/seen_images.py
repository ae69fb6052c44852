"""The images that a trained model has seen: its figures over them are no test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from premask.core.errors import PremaskError
from premask.core.records import Candidate, ImageRecord
from premask.core.words import count
from premask.deploy.predictor import find_model
from premask.io.images import image_stem
from premask.io.pins import checksum
from premask.io.structured import read_json
from premask.workflow.model_method import SHA256, is_model, model_path
from premask.workflow.train.run import CONFIG


@dataclass(frozen=True)
class Seen:
    """What trained a model or told its best epoch.

    Attributes
    ----------
    names : frozenset of str
        Ids of images, or stems in lower case.
    by_content : bool
        Whether these are ids, from the manifest of its data set.
    type : str or None
        The type that it was trained on alone.
    """

    names: frozenset[str]
    by_content: bool
    type: str | None

    def __contains__(self, image: ImageRecord) -> bool:
        name = image.id if self.by_content else image_stem(image.name).casefold()
        return name in self.names

    @property
    def rule(self) -> str:
        """How its images are known again."""
        return "content" if self.by_content else "stem"


def read_seen(folder: Path) -> Seen:
    """What the run in a folder that ``premask train`` wrote has seen.

    Raises
    ------
    PremaskError
        For another folder.
    """
    if not (folder / CONFIG).is_file():
        raise PremaskError(
            f"{folder} has no {CONFIG}; give the folder of a run that premask train has written"
        )
    config = read_json(folder / CONFIG)
    try:
        parts, sources = _stems(config), dict(config.get("sources", {}))
        type_ = None if config["type"] is None else str(config["type"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PremaskError(
            f"{folder / CONFIG} does not tell the images of a run ({error!r}); give the folder of"
            " a run that premask train has written"
        ) from None
    by_content = all(stem in sources for stem in parts)
    return Seen(
        frozenset(str(sources[stem]) if by_content else stem.casefold() for stem in parts),
        by_content,
        type_,
    )


def _stems(config: Mapping[str, Any]) -> set[str]:
    """Stems that trained a run or told its best epoch."""
    parts = ["train", "hold-out"]
    if config["best_epoch_told_by"] == "val":
        parts.append("val")
    images = {"train": config["images"]["train"]} | config["images"]  # every run has that one
    return {str(stem) for part in parts for stem in images.get(part, ())}


@dataclass(frozen=True)
class Exposure:
    """What a method has seen of the images that it was scored on.

    Attributes
    ----------
    notes : tuple of str
        Sentences that must be read beside its figures; none for methods that do not learn.
    flatters : bool
        Whether it has seen any of them, or nobody knows: its figures are no test.
    """

    notes: tuple[str, ...] = ()
    flatters: bool = False


def exposure(method: str, pairs: Sequence[tuple[ImageRecord, Candidate]]) -> Exposure:
    """How many of the images that a model was scored on it has seen.

    Parameters
    ----------
    method : str
    pairs : sequence of (ImageRecord, Candidate)
        What was scored.

    Notes
    -----
    The run is looked for where the method's name says. Where it is gone, or has another model by
    now, nobody knows, and this is said too.
    """
    if not is_model(method):
        return Exposure()
    runs = {
        made: _run_of(method, made)
        for made in {str(one.parameters.options.get(SHA256)) for _, one in pairs}
    }
    told = [(image, runs[str(one.parameters.options.get(SHA256))]) for image, one in pairs]
    known = [(image, seen) for image, seen in told if seen is not None]
    n = sum(image in seen for image, seen in known)
    left = len(told) - len(known)
    notes = []
    if known:
        rules = " or ".join(sorted({seen.rule for _, seen in known}))
        of = count(len(known), "scored image")
        notes.append(
            f"{method}: {n or 'none'} of {of} trained it or told its best epoch (known by {rules})"
            + (": figures over these flatter and are no test." if n else ".")
        )
    if left:
        notes.append(
            f"{method}: whether it was trained on {count(left, 'scored image')} is not known, as"
            f" {CONFIG} of its run is not beside the model, or that is another one by now: figures"
            " may flatter."
        )
    return Exposure(tuple(notes), bool(n or left))


def _run_of(method: str, sha256: str) -> Seen | None:
    try:
        model = find_model(model_path(method))
        return read_seen(model.parent) if checksum(model) == sha256 else None
    except (PremaskError, OSError):
        return None
