"""How far a run has come, on disk after each epoch: what a killed run goes on from."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from premask.core.errors import PremaskError
from premask.io.files import write_atomically
from premask.train.config import Config, changed

if TYPE_CHECKING:
    from torch import Tensor

    Tensors = dict[str, Tensor]

STATE_FILE = "state.pt"
"""Gone when the run has ended. Read as tensors and numbers only: code in it is never run."""

Row = dict[str, Any]
"""What ``metrics.jsonl`` holds of an epoch."""


@dataclass
class Progress:
    """How far a run has come.

    Attributes
    ----------
    epoch : int
        How many are finished.
    seconds : float
        That were spent, over all starts.
    best_score : float
        Mean IoU of the validation images, 0 to 1; -1 where nothing was validated.
    history : list of dict
        A row for each epoch.
    """

    epoch: int = 0
    seconds: float = 0.0
    best_epoch: int = 0
    best_score: float = -1.0
    history: list[Row] = field(default_factory=list)


def save_state(
    path: Path,
    config: Config,
    fingerprint: Mapping[str, Any],
    progress: Progress,
    best: Tensors,
    parts: Mapping[str, Any],
) -> None:
    """Write a state, whole or not at all.

    Parameters
    ----------
    fingerprint : mapping
        What must be the same for a run to go on.
    best : dict of str to Tensor
        The weights of the best epoch.
    parts : mapping of str to what has a ``state_dict``
        The network, the optimizer ...
    """
    import torch

    content = {
        "config": config.to_dict(),
        "fingerprint": dict(fingerprint),
        "progress": asdict(progress),
        "best": best,
        "parts": {name: part.state_dict() for name, part in parts.items()},
    }
    buffer = io.BytesIO()
    torch.save(content, buffer)
    write_atomically(path, buffer.getvalue())


def restore_state(
    path: Path,
    config: Config,
    fingerprint: Mapping[str, Any],
    parts: Mapping[str, Any],
    device: str,
) -> tuple[Progress, Tensors] | None:
    """Bring the parts to where a run stopped; None where there is no state.

    Raises
    ------
    PremaskError
        For a damaged file, and one of a run with other settings or images.
    """
    import torch

    if not path.is_file():
        return None
    try:
        content = torch.load(path, map_location=device, weights_only=True)
        before = Config(**content["config"])
    except Exception as error:  # torch reports damage by many types
        reason = " ".join(str(error).split())[:120]
        raise PremaskError(f"{path} cannot be read ({reason}); delete it to begin anew") from None
    differs = changed(config, before)
    if not differs and content["fingerprint"] != dict(fingerprint):
        differs = ["other images, label maps or first weights"]
    if differs:
        raise PremaskError(
            f"{path.parent} holds a run that was stopped, of other settings: {', '.join(differs)}"
            f" (before: in brackets); give another folder, or delete {path} to begin anew"
        )
    for name, part in parts.items():
        part.load_state_dict(content["parts"][name])
    best = {name: one.cpu() for name, one in content["best"].items()}
    return Progress(**content["progress"]), best
