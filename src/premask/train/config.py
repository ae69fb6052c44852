"""How a model is trained: every knob in one place, and the paper's recipe (section 4.2)."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, get_type_hints

from premask.core.errors import PremaskError, nearest
from premask.train.augment import chosen
from premask.train.losses import check_weighting, find_loss
from premask.train.model import check_architecture

VALIDATIONS = ("auto", "val", "hold-out", "none")
PRECISIONS = ("auto", "mixed", "full")


@dataclass(frozen=True)
class Config:
    """The knobs of a run. The defaults are the paper's recipe; what it leaves open is chosen.

    Attributes
    ----------
    architecture, encoder : str
        Names of segmentation_models_pytorch.
    encoder_weights : str
        ``auto`` (ImageNet where it is on this machine already, else none), ``none``,
        ``imagenet``, ``micronet``, ``lite0``, or a file: see :mod:`premask.train.weights`.
    loss : str
        Of :data:`premask.train.losses.LOSSES`; several are added with ``+``.
    class_weights : str
        Of :data:`premask.train.losses.WEIGHTINGS`.
    balance : float
        Share of the crops that show a phase which is drawn with equal chances for all, 0 to 1;
        the others are drawn by area.
    augment : str
        Of :data:`premask.train.augment.AUGMENTATIONS`, separated by commas; or ``none``.
    crop, batch : int
        Side of a crop, px (less where the images are smaller), and crops in a step.
    crops_per_epoch : int
        0: as many as cover the training images once.
    epochs, patience : int
        The most there will be, and how many without a better validation end the run (0: none).
    minutes : float
        Ends the learning at this time, 0: no limit; reading, export and scoring are not counted.
        The learning rate falls so as to be at its
        end then, and two runs are no longer equal to the byte.
    learning_rate, weight_decay : float
        Of AdamW; the rate rises for the first twentieth and then falls as a cosine.
    encoder_rate : float
        Times the learning rate, for an encoder that comes with weights.
    average : float
        Decay of the running mean of the weights that is validated and kept; 0 for none.
    validation : str
        What tells the best epoch: the part ``val`` of the split, a seeded fifth of ``train``
        (``hold-out``), or ``none``: the last epoch is kept. ``auto``: ``hold-out`` for a fold of
        a cross-validation, which is to be judged by what it holds out, else ``val``.
    precision : str
        ``auto`` (mixed on a GPU, 32 bit on a processor), ``mixed`` or ``full``.
    device : str
        ``auto``, ``cpu``, ``cuda`` ...
    seed : int

    Raises
    ------
    PremaskError
        For values out of range, and names of what there is not.
    """

    architecture: str = "deeplabv3plus"
    encoder: str = "efficientnet-b0"
    encoder_weights: str = "auto"
    loss: str = "cross-entropy"
    class_weights: str = "sqrt"
    balance: float = 0.5
    augment: str = "flip,turn,scale,grey,blur,noise"
    crop: int = 512
    batch: int = 8
    crops_per_epoch: int = 0
    epochs: int = 200
    patience: int = 30
    minutes: float = 0.0
    learning_rate: float = 1e-3
    encoder_rate: float = 1.0
    weight_decay: float = 1e-2
    average: float = 0.0
    validation: str = "auto"
    precision: str = "auto"
    device: str = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if not (math.isfinite(value) and low <= value <= high):
                raise PremaskError(f"{name} is {value}; {low:g} to {high:g} is accepted")
        if self.crop % 32:
            raise PremaskError(f"crop is {self.crop}; a multiple of 32 is accepted, e.g. 512")
        _check_choice("validation", self.validation, VALIDATIONS)
        _check_choice("precision", self.precision, PRECISIONS)
        check_architecture(self.architecture)
        find_loss(self.loss)
        check_weighting(self.class_weights)
        chosen(self.augment)

    def to_dict(self) -> dict[str, Any]:
        """The knobs by name, as ``config.json`` holds them."""
        return asdict(self)


RANGES: Mapping[str, tuple[float, float]] = {
    "balance": (0, 1),
    "crop": (32, 4096),
    "batch": (2, 4096),
    "crops_per_epoch": (0, 1e9),
    "epochs": (1, 1e6),
    "patience": (0, 1e6),
    "minutes": (0, 1e6),
    "learning_rate": (1e-9, 10),
    "encoder_rate": (0, 10),
    "weight_decay": (0, 10),
    "average": (0, 0.99999),
    "seed": (0, 2**31 - 1),
}

PRESETS: dict[str, dict[str, Any]] = {
    "paper": {},
    "minutes": {
        "architecture": "fpn",
        "encoder": "tu-tf_efficientnet_lite0",
        "loss": "cross-entropy+dice",
        "average": 0.98,
        "crop": 256,
        "batch": 4,
        "crops_per_epoch": 400,
    },
}
"""Knobs that differ from :class:`Config`'s: the paper's recipe, and one for a processor.

The second was chosen on UHCS (20 training images, 120 steps, one seed): FPN is cheaper than
DeepLabV3+ and was better, as were the sum of two losses and the mean of the weights.
"""


def make_config(preset: str = "paper", given: Mapping[str, Any] | None = None) -> Config:
    """A preset with some knobs turned.

    Parameters
    ----------
    given : mapping, optional
        Values by name; texts are read as the type of the knob.

    Raises
    ------
    PremaskError
        For an unknown preset or knob, and values that are not accepted.

    Examples
    --------
    >>> make_config(given={"crop": "256", "minutes": 3}).crop
    256
    """
    _check_choice("preset", preset, tuple(PRESETS))
    known = get_type_hints(Config)
    values = dict(PRESETS[preset])
    for name, value in (given or {}).items():
        key = name.replace("-", "_")
        if key not in known:
            raise PremaskError(
                f"there is no knob {name!r}; the knobs are {', '.join(known)}{nearest(key, known)}"
            )
        values[key] = _read(key, value, known[key])
    return Config(**values)


def changed(one: Config, other: Config) -> list[str]:
    """What differs between two configurations, in words: ``crop 512 (256)``."""
    names = [field.name for field in dataclasses.fields(Config)]
    return [
        f"{name} {getattr(one, name)} ({getattr(other, name)})"
        for name in names
        if getattr(one, name) != getattr(other, name)
    ]


def _read(name: str, value: Any, kind: type) -> Any:
    try:
        return kind(value)
    except (TypeError, ValueError):
        wanted = {int: "a whole number", float: "a number"}.get(kind, "a word")
        raise PremaskError(f"{name} is {value!r}; {wanted} is accepted") from None


def _check_choice(name: str, value: str, accepted: tuple[str, ...]) -> None:
    if value not in accepted:
        raise PremaskError(
            f"{name} is {value!r}; {', '.join(accepted)} are accepted{nearest(value, accepted)}"
        )
