"""A running Label Studio: projects, tasks, predictions and annotations over its API."""

from __future__ import annotations

import json
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from typing import Any

import httpx

from premask.core.errors import PremaskError, nearest
from premask.core.exchange import Layer, Outgoing
from premask.core.phases import Phases
from premask.interchange.connection import REFUSED, UNCLEAR, Connection, NotAskedError
from premask.interchange.label_studio import annotation_of, label_config, prediction_of, task_of
from premask.interchange.label_studio_regions import LABELS, Control
from premask.interchange.label_studio_tasks import OWN
from premask.interchange.pictures import picture_bytes, picture_name
from premask.interchange.remote import RemoteTask
from premask.interchange.runs import shown

PAGE = 100
"""Tasks of one request."""


class Token(httpx.Auth):
    """Both kinds of Label Studio's tokens: legacy ones, and personal access tokens.

    The latter are exchanged for one that lives some minutes, as often as it is needed.
    """

    requires_response_body = True

    def __init__(self, token: str, url: str):
        self.token, self.url = token, url.rstrip("/")
        self.access = ""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send the request with a token, and once more with a fresh one."""
        if self.token.count(".") != 2:  # no JSON web token
            request.headers["Authorization"] = f"Token {self.token}"
            yield request
            return
        if self.access:
            request.headers["Authorization"] = f"Bearer {self.access}"
            if (yield request).status_code != httpx.codes.UNAUTHORIZED:
                return
        reply = yield httpx.Request(
            "POST", f"{self.url}/api/token/refresh", json={"refresh": self.token}
        )
        if reply.status_code in REFUSED | UNCLEAR:
            reason = f"no access token: {reply.status_code}"
            raise NotAskedError(reason, request=request)
        self.access = _access(reply)
        request.headers.pop("Authorization", None)
        if self.access:
            request.headers["Authorization"] = f"Bearer {self.access}"
        yield request  # without one the server says that the token is not good


def _access(reply: httpx.Response) -> str:
    try:
        content = reply.json() if reply.is_success else {}
    except (ValueError, RecursionError):
        content = {}
    return str(content.get("access", "")) if isinstance(content, dict) else ""


def connect_label_studio(url: str, token: str, **how: Any) -> Connection:
    """A connection to a server; the rest is for :class:`Connection`."""
    return Connection(url, Token(token.strip(), url), title="Label Studio", **how)


class LabelStudioProject:
    """A project on a server, see :class:`premask.interchange.remote.Remote`."""

    form = "label-studio"
    suffix = ".json"

    def __init__(self, connection: Connection, number: int, phases: Phases, control: Control):
        self.connection, self.number = connection, number
        self.phases, self.control = phases, control
        self.key = f"label-studio {connection.url} {number}"
        self.address = f"{connection.url}/projects/{number}/"
        self._last: tuple[str, dict[str, Any]] = ("", {})

    def _tasks(self) -> Iterator[dict[str, Any]]:
        page, total = 1, 1
        while (page - 1) * PAGE < total:
            parameters = {"project": self.number, "page": page, "page_size": PAGE,
                          "include": "id,data,updated_at"}  # fmt: skip
            reply = self.connection.get("/api/tasks", parameters)
            total = _field(reply, "total", int)
            yield from _field(reply, "tasks", list)
            page += 1

    def known(self, images: Sequence[Outgoing]) -> dict[str, str]:
        """Those of some images that have a task: their ids, and its number."""
        numbers = {one.image: one.id for one in reversed(self.tasks())}
        return {one.id: numbers[one.id] for one in images if one.id in numbers}

    def create(self, image: Outgoing) -> str:
        """Upload an image's picture, and make a task with all its label maps."""
        path = f"/api/projects/{self.number}/import"
        files = {"file": (picture_name(image), picture_bytes(image))}
        reply = self.connection.post(path, params={"commit_to_project": "false"}, files=files)
        (upload,) = _field(reply, "file_upload_ids", list) or [None]
        stored = _field(self.connection.get(f"/api/import/file-upload/{upload}"), "file", str)
        task = task_of(image, f"/data/{stored.lstrip('/')}", self.phases, self.control)
        reply = self.connection.post(
            path,
            json=[task],
            params={"return_task_ids": "true"},
            done=lambda: (own := self.known([image]).get(image.id)) and {"task_ids": [own]},
        )
        return str(*_field(reply, "task_ids", list))

    def has(self, task: str, layer: Layer) -> bool:
        """Whether a task has just this label map already."""
        if self._last[0] != task:
            self._last = (task, self._task(task))
        content = self._content(layer)
        made = self._last[1].get("predictions" if layer.method else "annotations") or []
        return any(
            one.get("result") == content["result"]
            and one.get("model_version") == content.get("model_version")
            for one in made
            if isinstance(one, dict)
        )

    def add(self, task: str, layer: Layer) -> None:
        """Add one label map to a task."""
        content = self._content(layer)
        path = f"/api/tasks/{task}/annotations"
        if layer.method:
            path, content = "/api/predictions", {"task": int(task), **content}
        self._last = ("", {})
        self.connection.post(path, json=content, done=lambda: self._arrived(task, layer))

    def _arrived(self, task: str, layer: Layer) -> bool | None:
        self._last = ("", {})
        return self.has(task, layer) or None

    def _content(self, layer: Layer) -> dict[str, Any]:
        make = prediction_of if layer.method else annotation_of
        return make(layer, self.phases, self.control)

    def _task(self, task: str) -> dict[str, Any]:
        content: dict[str, Any] = _typed(self.connection.get(f"/api/tasks/{task}"), dict)
        return content

    def tasks(self) -> list[RemoteTask]:
        """All tasks, with the time of their last change."""
        return [
            RemoteTask(str(_field(one, "id", int)), str(one.get("updated_at")), _image_id(one))
            for one in self._tasks()
        ]

    def annotations(self, task: RemoteTask) -> bytes:
        """A task with its annotations, as a file of the format."""
        return json.dumps([{**self._task(task.id), "predictions": []}]).encode()

    def predictions(self, task: RemoteTask, without: Collection[str]) -> bytes:
        """A task with its predictions but for those of some methods, as a file of the format."""
        content = self._task(task.id)
        kept = [
            one
            for one in _field(content, "predictions", list)
            if isinstance(one, dict) and one.get("model_version") not in without
        ]
        return json.dumps([{**content, "annotations": [], "predictions": kept}]).encode()


def _image_id(task: Mapping[str, Any]) -> str:
    own = _field(task, "data", dict).get(OWN)
    found = own.get("id") if isinstance(own, dict) else ""
    return found if isinstance(found, str) else ""


def open_label_studio(
    connection: Connection, wanted: str, phases: Phases, *, create: bool
) -> LabelStudioProject:
    """A project on the server.

    Parameters
    ----------
    wanted : str
        Its number or its title.
    phases : Phases
        That its labelling interface must have.
    create : bool
        Whether it is made where no project has the title; and whether its interface must have
        every phase, because Label Studio takes other labels and shows nothing.

    Raises
    ------
    PremaskError
        For a project that is not there, two of one title, an interface without masks or without
        one of the phases.
    """
    content = _project(connection, wanted, phases, create)
    found = _control(content, connection.url)
    number = _field(content, "id", int)
    project = LabelStudioProject(connection, number, phases, found[0])
    missing = [name for name in phases.names if name not in found[1]]
    if create and missing:
        raise PremaskError(
            f"the labelling interface of {project.address} has no label {', '.join(missing)}; add"
            f" {'it' if len(missing) == 1 else 'them'} there (Settings, Labeling interface), or"
            " name another project"
        )
    return project


def _project(
    connection: Connection, wanted: str, phases: Phases, create: bool
) -> Mapping[str, Any]:
    if wanted.isdecimal():
        content: dict[str, Any] = _typed(connection.get(f"/api/projects/{int(wanted)}"), dict)
        return content
    numbers = _numbers(connection, wanted)
    if len(numbers) > 1:
        raise PremaskError(
            f"{connection.url} has {len(numbers)} projects of the title {wanted!r} (numbers"
            f" {', '.join(map(str, numbers))}); give a number: --remote-project {numbers[0]}"
        )
    if not numbers and not create:
        titles = [str(one.get("title")) for one in _projects(connection)]
        raise PremaskError(
            f"{connection.url} has no project {wanted!r}; it has"
            f" {', '.join(titles[:10]) or 'none'}{nearest(wanted, titles)}"
        )
    if not numbers:
        made = connection.post(
            "/api/projects",
            json={"title": wanted, "label_config": label_config(phases, Control("bitmasklabels"))},
            done=lambda: next(iter({"id": n} for n in _numbers(connection, wanted)), None),
        )
        numbers = [_field(made, "id", int)]
    return _project(connection, str(numbers[0]), phases, create)


def _numbers(connection: Connection, title: str) -> list[int]:
    found = [one for one in _projects(connection) if one.get("title") == title]
    return [_field(one, "id", int) for one in found]


def _projects(connection: Connection) -> list[dict[str, Any]]:
    reply = connection.get("/api/projects", {"page_size": 10_000, "include": "id,title"})
    projects: list[dict[str, Any]] = _field(reply, "results", list)
    return projects


def _control(project: Mapping[str, Any], url: str) -> tuple[Control, list[str]]:
    """What draws masks in the interface of a project, and the labels that it has."""
    kinds = {tag: kind for kind, tag in LABELS.items()}
    for name, tag in _field(project, "parsed_label_config", dict).items():
        if isinstance(tag, dict) and tag.get("type") in kinds:
            (image, *_), (source, *_) = _field(tag, "to_name", list), _field(tag, "inputs", list)
            key = _field(source, "value", str)
            return Control(kinds[tag["type"]], name, str(image), key), _field(tag, "labels", list)
    raise PremaskError(
        f"the labelling interface of {url}/projects/{project.get('id')}/ has neither"
        f" {' nor '.join(kinds)}; add one there (Settings, Labeling interface), or name another"
        " project"
    )


def _field(content: object, key: str, kind: type) -> Any:
    value = content.get(key) if isinstance(content, dict) else None
    return _typed(value, kind, key)


def _typed(value: object, kind: type, key: str = "an answer") -> Any:
    if not isinstance(value, kind):
        raise PremaskError(
            f"the server answers with {key} = {shown(value)}; is it a Label Studio"
            " of 2024 or later?"
        )
    return value
