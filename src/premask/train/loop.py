"""The training loop: the paper's recipe (section 4.2) in plain torch.

All that is random hangs on the seed and on the numbers of the epoch and the crop, never on what
was drawn before. A run that was killed goes on from the last finished epoch, and ends with the
same bytes as one that was not.
"""

from __future__ import annotations

import copy
import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from premask.core.errors import PremaskError
from premask.train.augment import chosen
from premask.train.config import Config
from premask.train.data import Index, Sample, Step, crop_side, make_crop, silent
from premask.train.losses import class_weights, find_loss
from premask.train.model import copy_of, encoder_of, move_mean
from premask.train.processes import Place, check_place, half_precision, processes, same_every_time
from premask.train.scoring import runner, score_samples
from premask.train.state import STATE_FILE, Progress, Row, restore_state, save_state

if TYPE_CHECKING:
    from torch import Tensor, nn

    State = dict[str, Tensor]

WARM_UP = 0.05
"""Share of a run in which the learning rate rises."""


@dataclass(frozen=True, eq=False)
class Task:
    """What is to be learned, and from what.

    Attributes
    ----------
    network : torch.nn.Module
        From :func:`premask.train.model.build`, with the weights that it starts from.
    pretrained : bool
        Whether its encoder has weights already.
    training, validation : sequence of Sample
        The latter may be empty.
    index : Index
        Of the training images.
    channels : int
        1 for grey images, 3 for coloured ones.
    """

    network: nn.Module
    pretrained: bool
    training: Sequence[Sample]
    validation: Sequence[Sample]
    index: Index
    channels: int

    def fingerprint(self) -> dict[str, Any]:
        """What must be the same for a run to go on."""
        return {
            "training": [sample.stem for sample in self.training],
            "validation": [sample.stem for sample in self.validation],
            "pixels": self.index.pixels.tolist(),
            "weights": sum(float(one.double().sum()) for one in self.network.state_dict().values()),
        }


@dataclass(frozen=True, eq=False)
class Trained:
    """What a run ended with.

    Attributes
    ----------
    network : torch.nn.Module
        With the weights of the best epoch, on the processor, ready to predict.
    reason : str
        Why it ended: ``epochs``, ``patience`` or ``minutes``.
    """

    network: nn.Module
    progress: Progress
    reason: str


@dataclass(eq=False)
class _Run:
    task: Task
    config: Config
    place: Place
    network: nn.Module
    model: nn.Module  # the network, or what shares its gradients with other processes
    average: nn.Module | None
    optimizer: Any
    scaler: Any
    loss: Callable[[Tensor, Tensor], Tensor]
    half: Any  # torch.dtype of mixed precision, or None
    steps: int
    best: State
    progress: Progress
    started: float
    fingerprint: dict[str, Any]
    step: Step = silent

    @property
    def kept(self) -> nn.Module:
        return self.network if self.average is None else self.average

    @property
    def parts(self) -> dict[str, Any]:
        parts = {"network": self.network, "optimizer": self.optimizer, "scaler": self.scaler}
        return parts if self.average is None else parts | {"average": self.average}


def fit(
    task: Task,
    config: Config,
    folder: Path,
    watch: Callable[[Row], None],
    begun: Callable[[], None] = lambda: None,
    step: Step = silent,
) -> Trained | None:
    """Train, from the beginning or from where the run in this folder stopped.

    Parameters
    ----------
    folder : Path
        Keeps the state after each epoch in :data:`STATE_FILE`.
    watch : callable
        Gets the row of each finished epoch, those of an earlier start as well.
    begun : callable
        Called in the first process when nothing can be refused any more; until then nothing
        is written.
    step : callable
        Is told of each step of an epoch and each validated image, in the first process.

    Returns
    -------
    Trained or None
        None in all processes but the first where torchrun has started several.

    Raises
    ------
    PremaskError
        If the folder holds the state of another run, the loss is no number any more, or the
        device is not there.
    """
    import torch

    with processes(config.device) as place, same_every_time():
        run = _begin(task, config, place)
        run.step = step if place.first else silent
        stopped = restore_state(
            folder / STATE_FILE, config, run.fingerprint, run.parts, place.device
        )
        if stopped is not None:
            run.progress, run.best = stopped
            run.started = time.monotonic() - run.progress.seconds
        if place.first:
            begun()
        for row in run.progress.history if place.first else ():
            watch(row)
        with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
            while (reason := _reason_to_end(run)) is None:
                loss = _epoch(run, pool)
                if not place.first:
                    run.progress.epoch += 1
                    continue
                _close_epoch(run, loss)
                save_state(
                    folder / STATE_FILE, config, run.fingerprint, run.progress, run.best, run.parts
                )
                watch(run.progress.history[-1])
        if not place.first:
            return None
        network = task.network.to("cpu").to(memory_format=torch.contiguous_format)
        network.load_state_dict(run.best)
        return Trained(network.eval(), run.progress, reason)


def _begin(task: Task, config: Config, place: Place) -> _Run:
    import torch
    from torch.nn.parallel import DistributedDataParallel

    check_place(config, place)
    fingerprint = task.fingerprint()
    network = task.network.to(place.device).to(memory_format=torch.channels_last)
    several = place.world > 1
    half = None if config.precision == "full" else half_precision(place.device)
    counted = class_weights(task.index.pixels, config.class_weights)
    weights = torch.tensor(counted, dtype=torch.float32, device=place.device)
    total = find_loss(config.loss)
    return _Run(
        task,
        config,
        place,
        network,
        DistributedDataParallel(network) if several else network,
        copy.deepcopy(network).requires_grad_(False) if config.average else None,
        torch.optim.AdamW(_groups(task, config), weight_decay=config.weight_decay),
        torch.amp.GradScaler(place.device, enabled=half == torch.float16),
        lambda logits, target: total(logits.float(), target, weights),
        half,
        steps_of_epoch(task.index, config),
        copy_of(network),
        Progress(),
        time.monotonic(),
        fingerprint,
    )


def _groups(task: Task, config: Config) -> list[dict[str, Any]]:
    """The encoder and the rest, each with the learning rate that it reaches."""
    encoder = list(encoder_of(task.network).parameters())
    in_encoder = {id(one) for one in encoder}
    rest = [one for one in task.network.parameters() if id(one) not in in_encoder]
    rate = config.learning_rate
    slower = rate * (config.encoder_rate if task.pretrained else 1)
    return [
        {"params": rest, "lr": rate, "top": rate},
        {"params": encoder, "lr": rate, "top": slower},
    ]


def steps_of_epoch(index: Index, config: Config) -> int:
    """Steps in an epoch: as many as cover the training images once, if not told."""
    side = crop_side(index, config.crop)
    covering = sum(math.ceil(height * width / side**2) for height, width in index.shapes)
    return max(1, math.ceil((config.crops_per_epoch or covering) / config.batch))


def _epoch(run: _Run, pool: Executor) -> float:
    """One epoch, or what fits into the time that is left; the mean of the losses."""
    import torch

    config, epoch = run.config, run.progress.epoch
    # Dropout is drawn anew in each epoch and process, from nothing but their numbers.
    torch.manual_seed((config.seed * 100_003 + epoch) * run.place.world + run.place.rank)
    run.model.train()
    losses: list[Tensor] = []
    what = f"steps of epoch {epoch + 1}"
    run.step(what, 0, run.steps, math.inf)
    for step, (levels, labels) in enumerate(_batches(run, pool)):
        done = _share_done(run, step)
        if done >= 1 and losses:
            break
        for group in run.optimizer.param_groups:
            group["lr"] = group["top"] * rate(done)
        losses.append(_step(run, levels.to(run.place.device), labels.to(run.place.device)))
        if run.average is not None:
            move_mean(run.average, run.network, config.average, epoch * run.steps + step)
        run.step(what, step + 1, run.steps, _seconds_left(run))
    run.step(what, run.steps, run.steps, 0)  # also where the time was up before
    mean = float(torch.stack(losses).mean())
    if not math.isfinite(mean):
        raise PremaskError(
            f"the loss of epoch {epoch + 1} is {mean}; a lower learning_rate than"
            f" {config.learning_rate:g}, or precision full, is needed"
        )
    return mean


def _step(run: _Run, levels: Tensor, labels: Tensor) -> Tensor:
    import torch

    device = torch.device(run.place.device).type
    with nullcontext() if run.half is None else torch.autocast(device, run.half):
        logits = run.model(levels)
    loss = run.loss(logits, labels)
    run.optimizer.zero_grad(set_to_none=True)
    run.scaler.scale(loss).backward()
    run.scaler.step(run.optimizer)
    run.scaler.update()
    return loss.detach()


def rate(done: float) -> float:
    """The learning rate as a share of its top: a line upwards, then half a cosine.

    Examples
    --------
    >>> [round(rate(done), 2) for done in (0, 0.025, 0.05, 0.525, 1)]
    [0.02, 0.5, 1.0, 0.5, 0.0]
    """
    if done < WARM_UP:
        return max(done / WARM_UP, 0.02)
    return 0.5 * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP)))


def _batches(run: _Run, pool: Executor) -> Iterator[tuple[Tensor, Tensor]]:
    """The share of this process in each batch of an epoch, made two steps ahead."""
    import torch

    config, place, task = run.config, run.place, run.task
    crop, augment = crop_side(task.index, config.crop), chosen(config.augment)

    def one(number: int) -> tuple[Any, Any]:
        return make_crop(
            task.training,
            task.index,
            crop=crop,
            channels=task.channels,
            balance=config.balance,
            augment=augment,
            rng=np.random.default_rng([config.seed, run.progress.epoch, number]),
        )

    def ask(step: int) -> list[Future[tuple[Any, Any]]]:
        numbers = range(place.rank, config.batch, place.world)
        return [pool.submit(one, step * config.batch + number) for number in numbers]

    asked = [ask(step) for step in range(min(2, run.steps))]
    try:
        for step in range(run.steps):
            crops = [future.result() for future in asked.pop(0)]
            if step + 2 < run.steps:
                asked.append(ask(step + 2))
            levels, labels = (torch.from_numpy(np.stack(part)) for part in zip(*crops, strict=True))
            yield levels.contiguous(memory_format=torch.channels_last), labels
    finally:
        for future in (one for batch in asked for one in batch):
            future.cancel()


def _share_done(run: _Run, step: int) -> float:
    """How much of the run is behind, 0 to 1, by steps or by time."""
    config = run.config
    share = (run.progress.epoch * run.steps + step) / (config.epochs * run.steps)
    if config.minutes:
        spent = (time.monotonic() - run.started) / 60
        share = float(run.place.agree(max(share, spent / config.minutes)))
    return share


def _seconds_left(run: _Run) -> float:
    """Until the time of the whole run is up."""
    minutes = run.config.minutes
    return 60 * minutes - (time.monotonic() - run.started) if minutes else math.inf


def _reason_to_end(run: _Run) -> str | None:
    config, progress = run.config, run.progress
    reason = None
    if progress.epoch >= config.epochs:
        reason = "epochs"
    elif progress.best_score >= 0 and 0 < config.patience <= progress.epoch - progress.best_epoch:
        reason = "patience"
    elif (
        config.minutes and progress.epoch and time.monotonic() - run.started >= 60 * config.minutes
    ):
        reason = "minutes"
    # The first process alone validates, and its clock is the one that counts.
    agreed: str | None = run.place.agree(reason)
    return agreed


def _close_epoch(run: _Run, loss: float) -> None:
    """Validate, and keep the weights if they are the best so far."""
    progress, task = run.progress, run.task
    progress.epoch += 1
    row: Row = {"epoch": progress.epoch, "loss": loss}
    row["learning_rate"] = run.optimizer.param_groups[0]["lr"]
    better = True
    if task.validation:
        counts = score_samples(
            runner(run.kept.eval(), run.place.device),
            task.validation,
            len(task.index.pixels),
            task.channels,
            run.step,
        )
        score = counts.mean_iou()
        row["mean_iou"] = score
        row["iou"] = [None if math.isnan(one) else float(one) for one in counts.iou()]
        better = score > progress.best_score
    if better:
        run.best = copy_of(run.kept)
        progress.best_epoch = progress.epoch
        progress.best_score = row.get("mean_iou", -1.0)
    progress.seconds = time.monotonic() - run.started
    row["seconds"] = round(progress.seconds, 2)
    progress.history.append(row)
