"""Label maps to and from running labelling servers; nothing is ever deleted there."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from premask.core.errors import PremaskError, nearest
from premask.core.exchange import Finding, Layer, Outgoing, Report
from premask.core.phases import Phases
from premask.interchange.formats import find_format
from premask.interchange.remote import OccupiedError, Remote, RemoteTask
from premask.interchange.vocabulary import Vocabulary
from premask.io.files import write_atomically
from premask.io.json_parts import json_lines
from premask.project.project import Project
from premask.workflow.exchange import refuse_if_strict
from premask.workflow.export_labels import plan_export
from premask.workflow.import_labels import Imported, check_kind, import_label_maps

MEMORY = "servers.ndjson"
"""In a project: a line for each label map that was uploaded or brought back."""

PULLING = "pulling"
"""In a project: tasks that were downloaded and are not imported yet."""

OnTask = Callable[[int, int], None]


@dataclass(frozen=True)
class Server:
    """A kind of server.

    Attributes
    ----------
    module : str
        In ``premask.interchange``, with ``connect_NAME`` and ``open_NAME``.
    name : str
        NAME.
    title : str
        For messages.
    url, token : str
        The environment variables that hold them, those of the server's own tools.
    default : str
        The URL where nothing else is said.
    """

    module: str
    name: str
    title: str
    url: str
    token: str
    default: str = ""

    def open(
        self,
        url: str | None,
        token: str | None,
        wanted: str,
        phases: Phases,
        *,
        create: bool,
        **how: Any,
    ) -> Remote:
        """A project on a server, by its number or name.

        Parameters
        ----------
        url, token : str or None
            Of the environment where they are not given.
        create : bool
            Whether the project is made where there is none, and must have every phase.

        Raises
        ------
        PremaskError
            Where one is missing, the extra ``servers`` is not installed, or the server refuses.
        """
        address = url or os.environ.get(self.url) or self.default
        secret = token or os.environ.get(self.token)
        if not address or not secret:
            option, variable = ("--token", self.token) if address else ("--url", self.url)
            raise PremaskError(
                f"{self.title} needs a {option[2:]}; give {option}, or set {variable}"
            )
        try:
            module = import_module(f"premask.interchange.{self.module}")
        except ModuleNotFoundError as error:
            raise PremaskError(
                f"{error.name} is not installed; install it with: pip install 'premask[servers]'"
            ) from None
        connection = getattr(module, f"connect_{self.name}")(address, secret, **how)
        opened: Remote = getattr(module, f"open_{self.name}")(
            connection, wanted, phases, create=create
        )
        return opened


SERVERS: Mapping[str, Server] = {
    "label-studio": Server(
        "label_studio_server",
        "label_studio",
        "Label Studio",
        "LABEL_STUDIO_URL",
        "LABEL_STUDIO_API_KEY",
    ),
    "cvat": Server("cvat_server", "cvat", "CVAT", "CVAT_URL", "CVAT_ACCESS_TOKEN"),
    "labelbox": Server(
        "labelbox_server",
        "labelbox",
        "Labelbox",
        "LABELBOX_URL",
        "LABELBOX_API_KEY",
        "https://api.labelbox.com",
    ),
}


def find_server(name: str) -> Server:
    """A kind of server by its name.

    Raises
    ------
    PremaskError
        For an unknown one.
    """
    if name not in SERVERS:
        raise PremaskError(
            f"the server {name!r} is not known; {', '.join(SERVERS)} are accepted"
            f"{nearest(name, SERVERS)}"
        )
    return SERVERS[name]


@dataclass
class Pushed:
    """What went to a server."""

    address: str
    created: list[str] = field(default_factory=list)
    """Images that have a task now, and had none before."""
    added: int = 0
    """Label maps that were added to tasks that were there."""
    present: int = 0
    """Label maps that were there already."""
    findings: list[Finding] = field(default_factory=list)


def push(
    project: Project,
    server: str,
    *,
    url: str | None = None,
    token: str | None = None,
    remote_project: str = "",
    what: str = "candidates",
    method: str | None = None,
    frame: str = "crop",
    strict: bool = False,
    on_image: OnTask = lambda _done, _total: None,
    **how: Any,
) -> Pushed:
    """Upload the images with their candidates or labels, a task an image.

    What is there is not uploaded again, and is never changed or deleted: after an
    interruption the same call goes on where it stopped.

    Parameters
    ----------
    server : str
        A key of :data:`SERVERS`.
    url, token : str, optional
        Of the server; of the environment by default.
    remote_project : str
        Number or name of the project there; the project's folder by default. It is made
        where there is none of the name.
    what, method, frame, strict
        As in :func:`premask.workflow.export_labels.export_label_maps`.
    **how
        For the connection, as ``on_wait``: see
        :class:`premask.interchange.connection.Connection`.

    Raises
    ------
    PremaskError
        For an unknown server or choice, and where the server refuses or does not answer. What
        was uploaded by then stays, and is remembered.
    """
    found = find_server(server)
    report = Report()
    plan = plan_export(project, find_format(server), report, what=what, method=method, frame=frame)
    refuse_if_strict(strict, report, "nothing was uploaded")
    wanted = remote_project or project.root.resolve().name
    remote = found.open(url, token, wanted, plan.phases, create=True, **how)
    memory = _Memory(project, remote.key)
    tasks = remote.known(plan.images)
    done = Pushed(remote.address, findings=report.findings)
    for number, image in enumerate(plan.images):
        on_image(number, len(plan.images))
        _push_image(image, plan.phases, remote, tasks, memory, done)
    on_image(len(plan.images), len(plan.images))
    return done


def _push_image(
    image: Outgoing,
    phases: Phases,
    remote: Remote,
    tasks: Mapping[str, str],
    memory: _Memory,
    done: Pushed,
) -> None:
    task = tasks.get(image.id)
    keys = [_key(image, layer, phases) for layer in image.layers]
    if task is None:
        remote.create(image)
        done.created.append(image.file_name)
        memory.add(*keys)
        return
    for key, layer in zip(keys, image.layers, strict=True):
        if key in memory or remote.has(task, layer):
            done.present += 1
        else:
            try:
                remote.add(task, layer)
            except OccupiedError as occupied:
                done.findings.append(Finding("left out", image.file_name, str(occupied)))
                continue
            done.added += 1
        memory.add(key)


def _key(image: Outgoing, layer: Layer, phases: Phases) -> str:
    """Tells a label map from every other."""
    label_map = layer.read()
    what = json.dumps([layer.annotator, phases.names, label_map.shape])
    digest = hashlib.sha256(what.encode() + label_map.tobytes()).hexdigest()[:32]
    return f"{image.id} {digest} {layer.method}"


def pull(
    project: Project,
    server: str,
    *,
    url: str | None = None,
    token: str | None = None,
    remote_project: str = "",
    kind: str = "reference",
    renames: Mapping[str, str] | None = None,
    strict: bool = False,
    on_task: OnTask = lambda _done, _total: None,
    **how: Any,
) -> Imported:
    """Bring back what was annotated on a server since the last time: all of it, or nothing.

    Tasks that were downloaded before an interruption are not downloaded again.

    Parameters
    ----------
    kind : str
        What the label maps are taken as: a key of
        :data:`premask.workflow.import_labels.KINDS`. With ``candidate``, predictions come, of
        methods other than those that were pushed.
    renames, strict
        As in :func:`premask.workflow.import_labels.import_label_maps`.
    **how
        As in :func:`push`.

    Raises
    ------
    PremaskError
        For an unknown server, kind or meaning, before the server is asked; where it refuses or
        does not answer, where nothing has changed since the last
        time, and as an import. The project is as it was then.
    """
    found = find_server(server)
    check_kind(kind)
    Vocabulary(project.phases, renames=renames or {})  # refuses what no name can mean
    wanted = remote_project or project.root.resolve().name
    remote = found.open(url, token, wanted, project.phases, create=False, **how)
    memory = _Memory(project, remote.key)
    new = {f"{kind} {one.id} {one.changed}": one for one in remote.tasks()}
    new = {key: one for key, one in new.items() if key not in memory}
    if not new:
        raise PremaskError(
            f"{remote.address} has nothing that is new since the last time (as {kind})"
        )
    folder = project.root / PULLING / hashlib.sha256(remote.key.encode()).hexdigest()[:16]
    get = partial(_predictions, remote, memory) if kind == "candidate" else remote.annotations
    files = _download(list(new.values()), folder, kind, remote.suffix, get, on_task)
    for file in folder.iterdir():
        if file not in files:  # of an earlier, interrupted time; it has changed since
            file.unlink()
    done = import_label_maps(project, remote.form, folder, kind=kind, renames=renames,
        strict=strict, finished=kind != "candidate")  # fmt: skip
    memory.add(*new)
    shutil.rmtree(folder)
    return done


def _predictions(remote: Remote, memory: _Memory, task: RemoteTask) -> bytes:
    """The predictions that others made: those that were pushed are in the project."""
    pushed = {key.split(" ", 2)[2] for key in memory.keys if key.startswith(f"{task.image} ")}
    return remote.predictions(task, pushed)


def _download(
    tasks: list[RemoteTask],
    folder: Path,
    kind: str,
    suffix: str,
    get: Callable[[RemoteTask], bytes],
    on_task: OnTask,
) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for number, task in enumerate(tasks):
        on_task(number, len(tasks))
        stamp = hashlib.sha256(f"{task.changed} {kind}".encode()).hexdigest()[:16]
        files.append(folder / f"task-{task.id}-{stamp}{suffix}")
        if not files[-1].exists():
            write_atomically(files[-1], get(task))
    on_task(len(tasks), len(tasks))
    return files


class _Memory:
    """What was exchanged with one project of one server; it survives a crash at any moment."""

    def __init__(self, project: Project, remote: str):
        self.path, self.remote = project.root / MEMORY, remote
        self.keys: set[str] = set()
        if self.path.exists():
            self._repair()
            for _, line in json_lines(self.path):
                if isinstance(line, dict) and line.get("server") == remote:
                    self.keys.add(str(line.get("key")))

    def _repair(self) -> None:
        """Cut off a last line that was not written to its end."""
        data = self.path.read_bytes()
        if not data.endswith(b"\n"):
            write_atomically(self.path, data[: data.rfind(b"\n") + 1])

    def __contains__(self, key: str) -> bool:
        return key in self.keys

    def add(self, *keys: str) -> None:
        """Remember, on the disk."""
        new = [key for key in keys if key not in self.keys]
        if not new:
            return
        lines = [json.dumps({"server": self.remote, "key": key}) + "\n" for key in new]
        with self.path.open("a", encoding="utf-8", newline="\n") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        self.keys.update(new)
