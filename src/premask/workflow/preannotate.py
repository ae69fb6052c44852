"""Make candidates: methods x images, side by side, resumable (paper, section 2)."""

from __future__ import annotations

import itertools
import multiprocessing
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from premask.core.errors import PremaskError
from premask.core.records import ImageRecord, Parameters
from premask.core.words import typed
from premask.deploy.predictor import holds_model
from premask.preannotators.methods import all_methods, check_options, find, not_ready
from premask.project.candidates import has_candidate, save_candidate
from premask.project.images import all_images
from premask.project.objects import sweep
from premask.project.project import Project
from premask.workflow.hardware import cores
from premask.workflow.model_method import (
    PREFIX,
    SHA256,
    is_model,
    model_parameters,
    model_table,
    strangers,
)
from premask.workflow.model_names import known_name
from premask.workflow.worker import Result, make_regions, start_worker

DEFAULT_REGIONS = 8
"""More regions than phases, named many-to-one, are worth 5 to 15 points of mean IoU."""


@dataclass(frozen=True)
class Task:
    """One candidate to make; ``method`` as it was asked for, which says where a model is."""

    image: ImageRecord
    parameters: Parameters
    method: str


@dataclass
class Progress:
    """How far a run has come, for those who watch it.

    Attributes
    ----------
    seconds_left : float or None
        From the seconds that each method has taken so far; None until there are any.
    """

    total: int
    done: int = 0
    seconds_left: float | None = None
    last: str = ""


@dataclass
class Summary:
    """What a run did."""

    made: int = 0
    present: int = 0
    failed: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    """Why a method that was not asked for by name cannot run here; phases without a name."""
    known: list[str] = field(default_factory=list)
    """Models that the project knows by another name, which they keep."""
    stopped: bool = False


def preannotate(
    project: Project,
    *,
    methods: Sequence[str] = (),
    n_regions: int | None = None,
    seed: int = 0,
    jobs: int | None = None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    images: Sequence[ImageRecord] | None = None,
    on_progress: Callable[[Progress], None] = lambda _progress: None,
) -> Summary:
    """Make the candidates that are not there yet.

    A candidate is kept as soon as it is made; a run that was stopped goes on where it
    stopped when it is started again.

    Parameters
    ----------
    methods : sequence of str
        Every method that can run here by default. ``model:PATH`` is a trained model.
    n_regions : int, optional
        8, or the number of phases if that is larger.
    jobs : int, optional
        Candidates made side by side; one per core by default. Table 1 needs 1.
    options : mapping of str to mapping, optional
        ``{"multi-otsu": {"sigma": 1.5}}``, over those of ``premask.toml``.
    images : sequence of ImageRecord, optional
        All of the project by default.
    on_progress : callable
        Called at the start and after each candidate.

    Raises
    ------
    PremaskError
        Before anything is computed: an unknown method or option, a method asked for by
        name that cannot run here, a project without images.
    """
    records = list(all_images(project) if images is None else images)
    if not records:
        raise PremaskError(
            f"{project.root} has no images; add some with: premask add {typed(project.root)} FOLDER"
        )
    merged = method_options(project, options or {})
    summary = Summary()
    names = _runnable(methods, merged, summary)
    count = n_regions or max(DEFAULT_REGIONS, len(project.phases))
    wanted: dict[str, Parameters] = {}
    first: dict[str, str] = {}  # name of each model by its content
    for name in names:
        made = Parameters(name, count, seed, dict(merged.get(name, {})))
        if is_model(name):
            made = model_parameters(name, merged.get(name, {}), known_name(project, name))
            made = replace(made, method=first.setdefault(made.options[SHA256], made.method))
            if made.method != name:
                summary.known.append(f"{name} is the model that the project knows as {made.method}")
        if made not in wanted.values():
            wanted[name] = made
    _tell_strangers(project, wanted, summary)
    tasks = []
    for image, (name, parameters) in itertools.product(records, wanted.items()):
        if has_candidate(project, image, parameters):
            summary.present += 1
        else:
            tasks.append(Task(image, parameters, name))
    sweep(project.root)
    workers = max(1, min(jobs or cores(), len(tasks)))
    _run(project, tasks, workers, summary, on_progress)
    return summary


def method_options(
    project: Project, given: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, dict[str, Any]]:
    """The options of each method: those of ``premask.toml``, then those given.

    Raises
    ------
    PremaskError
        For options of a method that there is not.
    """
    merged: dict[str, dict[str, Any]] = {}
    for source in (project.settings.methods, given or {}):
        for method, values in source.items():
            if not is_model(method):
                find(method)
            merged.setdefault(method, {}).update(values)
    return merged


def _runnable(
    methods: Sequence[str], options: Mapping[str, Mapping[str, Any]], summary: Summary
) -> list[str]:
    names = []
    for name in dict.fromkeys(methods or all_methods()):
        own = options.get(name, {})
        if is_model(name):  # asked for by name; refused where it is resolved, if it cannot run
            names.append(name)
            continue
        if name not in all_methods() and holds_model(Path(name)):
            raise PremaskError(
                f"no method {name!r}; a trained model is told by --method {typed(PREFIX + name)}"
            )
        reason = not_ready(name, own)
        if reason and methods:
            raise PremaskError(reason)
        if reason:
            summary.left_out.append(reason)
            continue
        check_options(name, own)
        names.append(name)
    return names


def _tell_strangers(project: Project, wanted: dict[str, Parameters], summary: Summary) -> None:
    for name, parameters in wanted.items():
        if is_model(name) and (unknown := strangers(name, parameters, project.phases)):
            summary.left_out.append(
                f"{name}: the project has no phase {', '.join(unknown)}; regions of it are without"
                " a name"
            )


def _run(
    project: Project,
    tasks: list[Task],
    workers: int,
    summary: Summary,
    on_progress: Callable[[Progress], None],
) -> None:
    progress = Progress(len(tasks))
    clock = _Clock(tasks, workers)
    on_progress(progress)
    if not tasks:
        return
    context = multiprocessing.get_context("spawn")
    threads = max(1, cores() // workers)
    pool = ProcessPoolExecutor(
        workers, mp_context=context, initializer=start_worker, initargs=(threads,)
    )
    waiting: dict[Future[Result], Task] = {}
    queue = iter(tasks)
    try:
        while True:
            # A short queue, so that a stop loses little and memory stays flat.
            for task in itertools.islice(queue, 2 * workers - len(waiting)):
                future = pool.submit(
                    make_regions, project.root, task.image, task.parameters, workers, task.method
                )
                waiting[future] = task
            if not waiting:
                break
            finished, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in finished:
                task = waiting.pop(future)
                seconds = _keep(project, task, future, summary)
                clock.finished(task.parameters.method, seconds)
                progress.done += 1
                progress.seconds_left = clock.seconds_left()
                progress.last = f"{task.image.name}: {task.parameters.method}"
                on_progress(progress)
    except KeyboardInterrupt:
        summary.stopped = True
    finally:
        _end(pool)


def _keep(project: Project, task: Task, future: Future[Result], summary: Summary) -> float | None:
    where = f"{task.image.name}: {task.parameters.method}"
    try:
        result = future.result()
    except PremaskError as error:
        summary.failed.append(f"{where}: {error}")
        return None
    except MemoryError:
        summary.failed.append(f"{where}: not enough memory; try --jobs 1")
        return None
    except BrokenProcessPool:
        raise PremaskError(
            f"a worker process died while {where} was made, most likely for want of memory;"
            " what was finished is kept: run the command again with --jobs 1"
        ) from None
    table = None if result.names is None else model_table(result.names, project.phases).to_dict()
    if save_candidate(project, task.image, task.parameters, result.regions, result.cost, table):
        summary.made += 1
    else:
        summary.present += 1
    return result.cost.seconds


def _end(pool: ProcessPoolExecutor) -> None:
    # Before Python 3.14 there is no public way to stop workers at once.
    processes = list((pool._processes or {}).values())  # noqa: SLF001
    results = pool._result_queue  # noqa: SLF001
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()
    for process in processes:
        process.join()
    # A worker that ended in the middle of sending leaves half a message; the pool's thread,
    # and with it the whole process, would wait for the rest as long as our end is open.
    results._writer.close()  # type: ignore[attr-defined]  # noqa: SLF001


class _Clock:
    """The time left, from the seconds that each method has taken so far."""

    def __init__(self, tasks: Sequence[Task], workers: int) -> None:
        self.left = Counter(task.parameters.method for task in tasks)
        self.spent: dict[str, list[float]] = {}
        self.workers = workers

    def finished(self, method: str, seconds: float | None) -> None:
        self.left[method] -= 1
        if seconds is not None:
            self.spent.setdefault(method, []).append(seconds)

    def seconds_left(self) -> float | None:
        if not self.spent:
            return None
        mean = {name: sum(times) / len(times) for name, times in self.spent.items()}
        usual = sum(mean.values()) / len(mean)
        return sum(n * mean.get(name, usual) for name, n in self.left.items()) / self.workers
