"""Train a model on a data set: images in, a run's folder out (paper, section 4.2)."""

from __future__ import annotations

import importlib.util
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from premask import __version__
from premask.core.datasets import Dataset, Entry
from premask.core.errors import PremaskError
from premask.core.micrograph import window
from premask.core.words import count
from premask.deploy.model_card import ModelCard
from premask.deploy.predictor import MODEL_FILE
from premask.evaluate.policy import Policy
from premask.evaluate.scores import Scores, measure, summarise
from premask.io.files import check_folder, write_atomically
from premask.io.label_maps import encode_label_map
from premask.io.locks import hold
from premask.train.config import Config
from premask.train.data import Sample, Step, keep, make_index, silent
from premask.train.export import WEIGHTS_FILE, save_onnx, save_weights
from premask.train.loop import Task, Trained, fit
from premask.train.model import MULTIPLE, build, check_packages, encoder_of
from premask.train.processes import check_machine, is_first
from premask.train.scoring import OVERLAP, TILE, predictions, runner
from premask.train.state import STATE_FILE, Row
from premask.train.weights import EncoderWeights, find_weights, load_encoder
from premask.workflow.dataset.folder import read_pair
from premask.workflow.dataset.manifest import sources_of
from premask.workflow.train.parts import Parts, divide

CONFIG, METRICS, RESULT, PREDICTIONS = "config.json", "metrics.jsonl", "result.json", "predictions"
LOCK = "train.lock"
"""Only while a process is training: its number, for another that is started meanwhile."""

Watch = Callable[[Row, "Order"], None]


@dataclass(frozen=True)
class Order:
    """What is to be trained.

    Attributes
    ----------
    dataset : Dataset
    out : Path
        The folder of the run.
    config : Config
    split : str, optional
        Its name; ``default`` or the only one if left, or all images where there is none.
    type : str, optional
        Only images of this type.
    tensorboard : bool
        Write events for TensorBoard as well.
    name : str
        What lines about it begin with, where there are several.
    """

    dataset: Dataset
    out: Path
    config: Config
    split: str | None = None
    type: str | None = None
    tensorboard: bool = False
    name: str = ""


@dataclass(frozen=True, eq=False)
class Result:
    """What a run ended with.

    Attributes
    ----------
    out : Path
    summary : dict
        What ``result.json`` holds.
    scores : dict of str to Scores
        By the name of the part; empty where the run had ended before.
    """

    out: Path
    summary: Mapping[str, Any]
    scores: Mapping[str, Scores] = field(default_factory=dict)


def train(
    order: Order,
    watch: Watch = lambda _row, _order: None,
    tell: Callable[[str], None] = lambda _line: None,
    step: Step = silent,
) -> Result | None:
    """Train a model, or go on with a run that was stopped.

    The folder holds ``config.json``, ``metrics.jsonl`` (a line for each epoch),
    ``model.safetensors``, ``model.onnx``, ``predictions/PART/STEM.png``, ``report.html`` and, at
    the very end, ``result.json``: with it the run is over, and nothing is done again.

    Parameters
    ----------
    watch : callable
        Gets the row of each epoch.
    tell : callable
        Gets sentences on what was settled before training begins, and on what is being done.
    step : callable
        Is told of each image that is read or scored and each step of an epoch.

    Returns
    -------
    Result or None
        None in all processes but the first where torchrun has started several.

    Raises
    ------
    PremaskError
        For a split, knob or image that cannot be used, a folder inside the data set, one that
        holds another run, and one that another process is training in.
    """
    check_place(order)
    check_packages()
    _check_board(order)
    check_folder(order.out)
    parts = divide(order.dataset, order.split, order.config, order.type)
    described = describe(order, parts)
    if (ended := _ended(order.out, described)) is not None:
        return ended if is_first() else None
    check_machine(order.config)
    if not is_first():
        return _run(order, parts, described, watch, lambda _line: None, silent)
    with hold(order.out / LOCK, "training here"):
        if (ended := _ended(order.out, described)) is not None:  # by another, until a moment ago
            return ended
        return _run(order, parts, described, watch, tell, step)


def _run(
    order: Order,
    parts: Parts,
    described: Mapping[str, Any],
    watch: Watch,
    tell: Callable[[str], None],
    step: Step,
) -> Result | None:
    tell(f"reading {count(len(parts.training), 'image')} ...")
    task, weights = _task(order, parts, step)
    card = _card(order, task, weights)
    with _Log(order, watch) as log:

        def begun() -> None:
            known = {"encoder_weights_source": weights.source, "sources": _sources(order, parts)}
            _write_json(order.out / CONFIG, {**described, **known})
            log.open()
            for line in (*parts.notes, f"The encoder's weights: {weights.source}."):
                tell(line)

        trained = fit(task, order.config, order.out, log.row, begun, step)
    if trained is None:
        return None
    return _finish(order, parts, trained, card, tell, step)


def check_place(order: Order) -> None:
    """Refuse to write a run into the data set that it learns from."""
    root = order.dataset.root.resolve()
    if order.out.resolve().is_relative_to(root):
        raise PremaskError(
            f"{order.out} lies in the data set {order.dataset.root}, which a run must not change;"
            f" name a folder outside it, e.g. {root.name}-run"
        )


def describe(order: Order, parts: Parts) -> dict[str, Any]:
    """What ``config.json`` begins with: all that a run hangs on."""
    dataset = order.dataset
    return {
        "premask": __version__,
        "knobs": order.config.to_dict(),
        "dataset": dataset.root.resolve().name,
        "split": parts.split,
        "type": order.type,
        "phases": [{"name": one.name, "colour": one.colour} for one in dataset.phases.phases],
        "images": {name: [entry.stem for entry in own] for name, own in parts.all.items()},
        "best_epoch_told_by": parts.told_by,
        "notes": list(parts.notes),
    }


def _sources(order: Order, parts: Parts) -> dict[str, str]:
    """The micrograph that each image of the run was built from, as far as it is known."""
    stems = {entry.stem for own in parts.all.values() for entry in own}
    return {stem: id_ for stem, id_ in sources_of(order.dataset).items() if stem in stems}


def samples_of(entries: Sequence[Entry]) -> list[Sample]:
    """Entries of a data set as training takes them: 8-bit levels, kept once they are read."""

    def reading(entry: Entry) -> Callable[[], tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
        def read() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
            pixels, label_map = read_pair(entry)
            return window(pixels), label_map

        return read

    return keep([Sample(entry.stem, reading(entry), entry.type) for entry in entries])


def _ended(out: Path, described: Mapping[str, Any]) -> Result | None:
    """The result of a run that is over; an error if it was another one."""
    if not (out / RESULT).is_file():
        return None
    try:
        before = json.loads((out / CONFIG).read_text(encoding="utf-8"))
        summary = json.loads((out / RESULT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise PremaskError(
            f"{out} holds the result of a run that cannot be read; give another folder"
        ) from None
    differs = [key for key in described if before.get(key) != described[key] and key != "premask"]
    if differs:
        raise PremaskError(
            f"{out} holds the result of another run ({', '.join(differs)} differ); give another"
            " folder"
        )
    return Result(out, summary)


def _task(order: Order, parts: Parts, step: Step) -> tuple[Task, EncoderWeights]:
    import torch

    config, n_phases = order.config, len(order.dataset.phases)
    weights = find_weights(config.encoder_weights, config.encoder)
    torch.manual_seed(config.seed)
    network = build(
        config.architecture, config.encoder, n_phases, mean=weights.mean, std=weights.std
    )
    try:
        load_encoder(encoder_of(network), weights)
    except PremaskError:
        if config.encoder_weights != "auto":  # found, not asked for: they may be of another form
            raise
        weights = EncoderWeights(None, "none (ImageNet's on this machine do not fit)")
    training, validation = samples_of(parts.training), samples_of(parts.validation)
    index = make_index(training, n_phases, config.seed, step)
    channels = 3 if index.coloured else 1
    given = weights.tensors is not None
    return Task(network, given, training, validation, index, channels), weights


def _card(order: Order, task: Task, weights: EncoderWeights) -> ModelCard:
    phases = order.dataset.phases
    return ModelCard(
        names=phases.names,
        colours=tuple(phase.colour for phase in phases.phases),
        channels=task.channels,
        mean=tuple(weights.mean),
        std=tuple(weights.std),
        multiple=MULTIPLE,
        tile=TILE,
        overlap=OVERLAP,
        architecture=order.config.architecture,
        encoder=order.config.encoder,
        facts={
            "premask": __version__,
            "dataset": order.dataset.root.resolve().name,
            "type": order.type,
            "training_images": len(task.training),
            "levels": "8 bit as they are; 16 bit spread between the percentiles 0.1 and 99.9",
        },
    )


class _Log:
    """Rows of epochs to where they are wanted: ``metrics.jsonl``, TensorBoard, the watcher."""

    def __init__(self, order: Order, watch: Watch) -> None:
        self.order, self.watch, self.rows = order, watch, list[Row]()
        self.board: Any = None

    def __enter__(self) -> _Log:
        return self

    def __exit__(self, *_: object) -> None:
        if self.board is not None:
            self.board.close()

    def open(self) -> None:
        """Begin to write; until then nothing is made."""
        if self.order.tensorboard:
            from torch.utils.tensorboard import SummaryWriter

            self.board = SummaryWriter(str(self.order.out / "tensorboard"))

    def row(self, row: Row) -> None:
        self.rows.append(row)
        lines = "".join(f"{json.dumps(one)}\n" for one in self.rows)
        write_atomically(self.order.out / METRICS, lines.encode())
        for name in ("loss", "mean_iou", "learning_rate"):
            if self.board is not None and row.get(name) is not None:
                self.board.add_scalar(name, row[name], row["epoch"])
        self.watch(row, self.order)


def _check_board(order: Order) -> None:
    if order.tensorboard and importlib.util.find_spec("tensorboard") is None:
        raise PremaskError(
            "TensorBoard is not installed: pip install tensorboard, or leave --tensorboard out"
        )


def _finish(
    order: Order,
    parts: Parts,
    trained: Trained,
    card: ModelCard,
    tell: Callable[[str], None],
    step: Step,
) -> Result:
    """Write the model, score it on what it was not trained on, and say that the run is over."""
    from premask.workflow.train.page import write_page

    progress, out = trained.progress, order.out
    save_weights(trained.network, card, out / WEIGHTS_FILE)
    tell("exporting the model to ONNX ...")
    difference = save_onnx(trained.network, card, out / MODEL_FILE)
    scores = {}
    for part, entries in parts.held_out.items():
        if entries:
            tell(f"scoring {count(len(entries), 'image')} of the part {part} ...")
            scores[part] = _score(order, trained, card, part, entries, step)
    summary = {
        "epochs": progress.epoch,
        "best_epoch": progress.best_epoch,
        "validation_mean_iou": progress.best_score if progress.best_score >= 0 else None,
        "reason": trained.reason,
        "seconds": round(progress.seconds, 1),
        "onnx_difference": difference,
        "scores": {part: found.to_dict() for part, found in scores.items()},
    }
    write_page(order, parts, progress, scores, trained.reason)
    _write_json(out / RESULT, _plain(summary))
    (out / STATE_FILE).unlink(missing_ok=True)
    return Result(out, summary, scores)


def predicted_file(out: Path, part: str, stem: str) -> Path:
    """Where the label map of an image that was held out is kept."""
    return out / PREDICTIONS / part / f"{stem}.png"


def _score(
    order: Order,
    trained: Trained,
    card: ModelCard,
    part: str,
    entries: Sequence[Entry],
    step: Step,
) -> Scores:
    measured = []
    run, policy = runner(trained.network), Policy()
    for sample, labels, truth in predictions(run, samples_of(entries), card.channels, step):
        path = predicted_file(order.out, part, sample.stem)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, encode_label_map(labels, card.colours))
        measured.append((measure(labels, truth, len(card.names), policy), sample.type))
    return summarise(measured, policy, card.names)


def _plain(value: Any) -> Any:
    """Numbers that are none as null: JSON has no form for them."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    write_atomically(path, (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode())
