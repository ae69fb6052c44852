"""One process or several: what each computes on, and what they agree on (torchrun)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from premask.core.errors import PremaskError
from premask.train.config import Config


@dataclass(frozen=True)
class Place:
    """Which of torchrun's processes this is, and what it computes on.

    Attributes
    ----------
    rank, world : int
        Its number, from 0, and how many there are.
    device : str
        As torch names it.
    """

    rank: int = 0
    world: int = 1
    device: str = "cpu"

    @property
    def first(self) -> bool:
        """Whether this is the process that validates, writes and reports."""
        return self.rank == 0

    def agree(self, value: Any) -> Any:
        """The value of the first process, in all."""
        if self.world == 1:
            return value
        from torch import distributed

        held = [value]
        distributed.broadcast_object_list(held, src=0)
        return held[0]


def is_first() -> bool:
    """Whether this is the only process, or the first that torchrun started."""
    return int(os.environ.get("RANK", "0")) == 0


def find_place(device: str) -> Place:
    """Which process this is and what it computes on, before it is connected with others.

    Parameters
    ----------
    device : str
        ``auto``: a GPU where there is one, of its own for each process.

    Raises
    ------
    PremaskError
        If the device is not there.
    """
    import torch

    world, rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("RANK", "0"))
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if world > 1 and device == "cuda":
        device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    try:
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError) as error:
        # torch says in one of these two that it was built without, or sees no, such device
        reason = str(error).splitlines()[0]
        raise PremaskError(
            f"cannot train on the device {device!r} ({reason}); cpu is always accepted"
        ) from None
    return Place(rank, world, device)


def check_machine(config: Config) -> None:
    """Refuse what this machine cannot do, before time is spent on images.

    Raises
    ------
    PremaskError
        For a device or a precision that is not to be had, and a batch too small for the processes.
    """
    check_place(config, find_place(config.device))


def check_place(config: Config, place: Place) -> None:
    """As :func:`check_machine`, where the place is known already."""
    if config.batch < 2 * place.world:
        raise PremaskError(
            f"batch is {config.batch}; at least 2 for each of {place.world} processes is accepted"
        )
    if config.precision == "mixed" and half_precision(place.device) is None:
        raise PremaskError("mixed precision needs a GPU; precision auto or full is accepted here")


@contextmanager
def processes(device: str) -> Iterator[Place]:
    """Begin as the only process, or as one of those that torchrun has started, connected.

    Parameters and errors are those of :func:`find_place`.
    """
    import torch
    from torch import distributed

    place = find_place(device)
    if place.world == 1:
        yield place
        return
    on_gpu = place.device.startswith("cuda")
    if on_gpu:
        torch.cuda.set_device(place.device)
    distributed.init_process_group("nccl" if on_gpu else "gloo")
    try:
        yield place
    finally:
        distributed.destroy_process_group()


@contextmanager
def same_every_time() -> Iterator[None]:
    """Algorithms that give the same bytes every time, where torch has them.

    On a processor it has them for all that is used here. On a GPU some have no such form; torch
    warns of them by name.
    """
    import torch

    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = torch.are_deterministic_algorithms_enabled()
    warned = torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=warned)


def half_precision(device: str) -> Any:
    """The half precision that a device is good at (a torch.dtype); None for a processor."""
    import torch

    if torch.device(device).type != "cuda":
        return None
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
