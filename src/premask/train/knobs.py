"""What each knob of a training does, in words: the table of the documentation."""

from __future__ import annotations

from premask.train.augment import AUGMENTATIONS
from premask.train.config import PRECISIONS, PRESETS, RANGES, VALIDATIONS, make_config
from premask.train.losses import LOSSES, WEIGHTINGS
from premask.train.model import ARCHITECTURES

MEANINGS: dict[str, str] = {
    "architecture": "the form of the network",
    "encoder": "the part of the network that looks at the image; a larger one learns more and is"
    " slower",
    "encoder_weights": "what the encoder begins with",
    "loss": "what counts as an error while it learns",
    "class_weights": "how much more a rare phase counts: one over (the root of) its share",
    "balance": "share of the crops that are cut around a phase drawn with equal chances for all"
    " phases; the others are drawn by area",
    "augment": "how crops are changed, so that the network meets more than the images show",
    "crop": "side of the pieces that it learns from, px, a multiple of 32; large ones need memory",
    "batch": "crops that are looked at in one step; less where memory runs out",
    "crops_per_epoch": "crops in an epoch (one round); 0: as many as cover the training images"
    " once",
    "epochs": "the most rounds there will be",
    "patience": "rounds without a better one that end the run; 0: never",
    "minutes": "minutes after which the learning ends; 0: no limit",
    "learning_rate": "how far a step goes; lower it if the loss becomes no number",
    "encoder_rate": "times the learning rate, for an encoder that comes with weights; under 1 keeps"
    " more of them",
    "weight_decay": "pull of the weights to 0; more of it against learning by heart",
    "average": "keeps a running mean of the weights, which is calmer: the share of the old one in"
    " it at each step; 0: none",
    "validation": "which images tell the best round: the part val, a fifth of train, none; auto:"
    " hold-out for a fold, else val",
    "precision": "numbers of 16 bit where they do (mixed, GPUs alone) or 32 bit (full); auto:"
    " mixed on a GPU",
    "device": "what it computes on; auto: a GPU where there is one",
    "seed": "a number that all chance hangs on; the same seed gives the same bytes",
}

_ONE_OF: dict[str, tuple[str, ...]] = {
    "architecture": ARCHITECTURES,
    "class_weights": tuple(WEIGHTINGS),
    "validation": VALIDATIONS,
    "precision": PRECISIONS,
}

_WORDS: dict[str, str] = {
    "encoder": "a name of segmentation_models_pytorch, e.g. `resnet34`, or `tu-` and one of timm",
    "encoder_weights": "`auto`, `none`, `imagenet`, `micronet`, `lite0` or a file",
    "loss": ", ".join(f"`{name}`" for name in LOSSES) + "; `+` adds them",
    "augment": ", ".join(f"`{name}`" for name in AUGMENTATIONS) + ", with commas; or `none`",
    "device": "`auto`, `cpu`, `cuda`, `cuda:1` ...",
}


def knob_table() -> list[str]:
    """Every knob with its meaning, its values and its default in each preset, as Markdown."""
    configs = [make_config(name).to_dict() for name in PRESETS]
    lines = [
        f"| knob | means | values | {' | '.join(f'`{name}`' for name in PRESETS)} |",
        f"|---|---|---|{'---|' * len(PRESETS)}",
    ]
    for name in configs[0]:
        defaults = " | ".join(f"`{_shown(config[name])}`" for config in configs)
        lines.append(f"| `{name}` | {MEANINGS[name]} | {accepted(name)} | {defaults} |")
    return lines


def accepted(name: str) -> str:
    """What a knob takes, in words.

    Examples
    --------
    >>> accepted("balance"), accepted("precision")
    ('0 to 1', '`auto`, `mixed`, `full`')
    """
    if name in RANGES:
        low, high = RANGES[name]
        return f"{_shown(low)} to {_shown(high)}"
    if name in _ONE_OF:
        return ", ".join(f"`{value}`" for value in _ONE_OF[name])
    return _WORDS[name]


def _shown(value: object) -> str:
    return f"{value:.10g}" if isinstance(value, (int, float)) else str(value)
