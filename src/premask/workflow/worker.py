"""What runs in a worker process: one candidate at a time, timed."""

from __future__ import annotations

import contextlib
import functools
import json
import multiprocessing
import os
import signal
import threading
import time
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.core.micrograph import Image
from premask.core.records import Cost, ImageRecord, Parameters
from premask.io.images import read_micrograph
from premask.preannotators.methods import run
from premask.project import objects
from premask.workflow.hardware import (
    cores,
    forget_peak_memory,
    hardware,
    memory_mb,
    peak_memory_mb,
)
from premask.workflow.model_method import is_model, model_regions


@dataclass(frozen=True)
class Result:
    """A candidate on its way back to the process that keeps it.

    Attributes
    ----------
    names : tuple of str or None
        The phase of each region, where the method is a model that knows them.
    """

    regions: NDArray[np.uint8]
    cost: Cost
    names: tuple[str, ...] | None = None


def start_worker(threads: int) -> None:
    """Prepare a worker: its share of the cores, and an end when the parent ends."""
    # Ctrl-C reaches the whole group; the parent alone decides what becomes of the run.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for library in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
        os.environ[f"{library}_NUM_THREADS"] = str(threads)
    import cv2

    cv2.setNumThreads(threads)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    # A parent that was killed cannot tell its workers to stop.
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def make_regions(
    root: Path, image: ImageRecord, parameters: Parameters, jobs: int, method: str = ""
) -> Result:
    """Read one image from the project and divide it into regions.

    A trained model is where ``method`` says, whatever its name in the project.

    The time of reading and of the first compilation of a method's loops is not counted,
    nor the memory that the process held before: the worker does many candidates.
    """
    pixels = _pixels(root, image)
    threads = max(1, cores() // jobs)
    if is_model(parameters.method):
        model_regions(pixels[:64, :64], parameters, threads, method)  # loads it
    else:
        options = json.dumps(parameters.options, sort_keys=True)
        _warm_up(parameters.method, pixels.ndim, str(pixels.dtype), parameters.n_regions, options)
    forget_peak_memory()
    held = memory_mb()
    started, cpu_started = time.perf_counter(), time.process_time()
    names = None
    if is_model(parameters.method):
        regions, names = model_regions(pixels, parameters, threads, method)
    else:
        method, n_regions = parameters.method, parameters.n_regions
        regions = run(pixels, method, n_regions, seed=parameters.seed, **parameters.options)
    cost = Cost(
        seconds=time.perf_counter() - started,
        cpu_seconds=time.process_time() - cpu_started,
        peak_mb=round(max(peak_memory_mb() - held, 0.0), 1),
        jobs=jobs,
        hardware=hardware(),
    )
    return Result(regions, cost, names)


@functools.lru_cache(maxsize=2)
def _pixels(root: Path, image: ImageRecord) -> Image:
    path = objects.existing(root, image.content)
    return read_micrograph(path, page=image.page).pixels[: image.view_height]


@functools.cache
def _warm_up(method: str, ndim: int, dtype: str, n_regions: int, options: str) -> None:
    # Compile the loops and load the libraries on a small picture, so that the seconds of
    # Table 1 are those of the method.
    if method == "sam":  # loads the user's weights: nothing to compile, much to read
        return
    with contextlib.suppress(PremaskError):  # the image itself will tell
        run(_patches(ndim, np.dtype(dtype)), method, min(n_regions, 5), **json.loads(options))


def _patches(ndim: int, dtype: np.dtype[Any]) -> Image:
    """16 squares of different grey levels: more to group than there are regions.

    Noise alone is one superpixel, and what groups superpixels is then not compiled.
    """
    rng = np.random.default_rng(0)
    levels = rng.permutation(16).reshape(4, 4).repeat(16, 0).repeat(16, 1)[..., None]
    grey = (levels + rng.uniform(0.4, 0.6, (64, 64, 1 if ndim == 2 else 3))) / 16
    picture: Image = (grey * np.iinfo(dtype).max).astype(dtype)
    return picture[..., 0] if ndim == 2 else picture
