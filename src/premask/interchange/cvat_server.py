"""A running CVAT: projects, tasks and their masks over its REST API."""

from __future__ import annotations

import re
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import httpx
import numpy as np

from premask.core.errors import PremaskError, nearest
from premask.core.exchange import Layer, Outgoing
from premask.core.phases import Phases
from premask.interchange.connection import Connection
from premask.interchange.cvat_tasks import task_xml
from premask.interchange.overlay import masks_of
from premask.interchange.palette import BLACK, distinct
from premask.interchange.pictures import picture_bytes, picture_name
from premask.interchange.remote import OccupiedError, RemoteTask
from premask.interchange.rle import encode_cvat
from premask.interchange.runs import shown

PAGE = 100
"""Entries of one page."""

LONGEST_JOB = 600
"""How often the server is asked whether it has made a task of a picture: once a second."""

PATIENCE = 10
"""After so many of them it is said what is waited for."""

NAME = re.compile(r"\(premask (\S+)\)$")
"""The end of a task's name: the image's id, by which it is known again."""

KEY = re.compile(r"[0-9a-f]{40}")
"""Of a login, as older servers give them; other tokens are personal access tokens."""

QUALITY = 100
"""Of the JPEG that the page shows, in percent; CVAT takes 70 by itself, which blurs phases."""


class Token(httpx.Auth):
    """Both kinds of CVAT's tokens: personal access tokens, and the key of a login."""

    def __init__(self, token: str):
        kind = "Token" if KEY.fullmatch(token) else "Bearer"
        self.authorization = f"{kind} {token}"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send the request with the token, for the second version of the API."""
        request.headers["Authorization"] = self.authorization
        request.headers["Accept"] = "application/vnd.cvat+json"
        yield request


def connect_cvat(url: str, token: str, **how: Any) -> Connection:
    """A connection to a server; the rest is for :class:`Connection`."""
    return Connection(url, Token(token.strip()), title="CVAT", **how)


class CvatProject:
    """A project on a server, see :class:`premask.interchange.remote.Remote`.

    A task holds one image and one label map. What is annotated there already is left alone.
    """

    form = "cvat-xml"
    suffix = ".xml"

    def __init__(self, connection: Connection, content: Mapping[str, Any], phases: Phases):
        self.connection, self.phases = connection, phases
        self.number = _field(content, "id", int)
        organization = content.get("organization_id") or content.get("organization")
        self.context = {"org_id": organization} if isinstance(organization, int) else {}
        self.key = f"cvat {connection.url} {self.number}"
        self.address = f"{connection.url}/projects/{self.number}"
        self.labels = {
            _field(one, "id", int): _field(one, "name", str)
            for one in self._pages("/api/labels", {"project_id": self.number})
        }
        self._started: dict[str, str] = {}

    def _pages(self, path: str, parameters: Mapping[str, Any]) -> Iterator[Any]:
        yield from pages(self.connection, path, {**self.context, **parameters})

    def _tasks(self) -> Iterator[dict[str, Any]]:
        yield from self._pages("/api/tasks", {"project_id": self.number})

    def known(self, images: Sequence[Outgoing]) -> dict[str, str]:  # noqa: ARG002
        """The images that have a task with their picture: their ids, and its number."""
        found: dict[str, str] = {}
        self._started = {}
        for task in self._tasks():
            own = NAME.search(_field(task, "name", str))
            if own:
                whole = _field(task, "size", int) > 0
                (found if whole else self._started).setdefault(own[1], str(_field(task, "id", int)))
        return found

    def create(self, image: Outgoing) -> str:
        """Make a task of an image with its label map, or finish one that was begun."""
        task = self._started.get(image.id) or self._make(image)
        self._upload(task, image)
        self.add(task, image.layers[0])
        return task

    def _make(self, image: Outgoing) -> str:
        name = f"{image.file_name[:150]} (premask {image.id})"
        reply = self.connection.post(
            "/api/tasks",
            json={"name": name, "project_id": self.number},
            params=self.context,
            done=lambda: next((one for one in self._tasks() if one.get("name") == name), None),
        )
        return str(_field(reply, "id", int))

    def _upload(self, task: str, image: Outgoing) -> None:
        path = f"/api/tasks/{task}/data/"
        quality = {"image_quality": QUALITY}
        files = {"client_files[0]": (picture_name(image), picture_bytes(image))}
        self.connection.post(path, headers={"Upload-Start": ""})
        self.connection.post(path, headers={"Upload-Multiple": ""}, data=quality, files=files)
        reply = self.connection.post(
            path,
            headers={"Upload-Finish": ""},
            json=quality,
            done=lambda: {} if self._task(task).get("size") else None,
        )
        if reply:
            self._wait(_field(reply, "rq_id", str))

    def _wait(self, request: str) -> None:
        """Until the server has done what it was asked for."""
        for asked in range(LONGEST_JOB):
            reply = self.connection.get(f"/api/requests/{quote(request, safe='')}")
            status = _field(reply, "status", str)
            if status == "finished":
                return
            if status == "failed":
                raise PremaskError(
                    f"{self.connection.url} could not make a task of a picture:"
                    f" {' '.join(str(reply.get('message')).split())[:200]}"
                )
            if asked == PATIENCE:
                self.connection.on_wait(
                    f"waiting for {self.connection.url} to make a task of a picture ({status}), up"
                    f" to {LONGEST_JOB // 60} min"
                )
            self.connection.sleep(1)
        raise PremaskError(
            f"{self.connection.url} has not made a task of a picture in {LONGEST_JOB} s; run the"
            " command again later"
        )

    def has(self, task: str, layer: Layer) -> bool:
        """Whether a task has just this label map already."""
        found = self._annotations(task)
        masks = [one for one in _field(found, "shapes", list) if isinstance(one, dict)]
        return sorted(map(_drawn, masks)) == sorted(map(_drawn, self._shapes(layer)))

    def add(self, task: str, layer: Layer) -> None:
        """Add a label map to a task without any annotation.

        Raises
        ------
        OccupiedError
            Where there is one: the task holds one label map, and nothing there is replaced.
        """
        found = self._annotations(task)
        if any(found.get(kind) for kind in ("shapes", "tags", "tracks")):
            raise OccupiedError(
                f"the task {self.connection.url}/tasks/{task} has annotations already, which are"
                " left as they are; push to another project there for another label map"
                " (--remote-project)"
            )
        self.connection.patch(
            f"/api/tasks/{task}/annotations/",
            params={"action": "create"},
            json={"shapes": self._shapes(layer)},
            done=lambda: self.has(task, layer) or None,
        )

    def _annotations(self, task: str) -> dict[str, Any]:
        content: dict[str, Any] = _typed(
            self.connection.get(f"/api/tasks/{task}/annotations/"), dict
        )
        return content

    def _shapes(self, layer: Layer) -> list[dict[str, Any]]:
        numbers = {name: number for number, name in self.labels.items()}
        return [
            {
                "type": "mask",
                "frame": 0,
                "label_id": numbers[self.phases.names[index]],
                "points": encode_cvat(np.ascontiguousarray(mask)).points,
                "occluded": False,
                "z_order": 0,
                "source": "auto" if layer.method else "manual",
            }
            for index, mask in masks_of(layer.read())
        ]

    def _task(self, task: str) -> dict[str, Any]:
        content: dict[str, Any] = _typed(self.connection.get(f"/api/tasks/{task}"), dict)
        return content

    def tasks(self) -> list[RemoteTask]:
        """The tasks whose jobs are all completed, with the time of their last change."""
        found = []
        for one in self._tasks():
            jobs = _field(one, "jobs", dict)
            if jobs.get("count") and jobs.get("count") == jobs.get("completed"):
                own = NAME.search(_field(one, "name", str))
                changed = str(one.get("updated_date"))
                number = str(_field(one, "id", int))
                found.append(RemoteTask(number, changed, own[1] if own else ""))
        return found

    def annotations(self, task: RemoteTask) -> bytes:
        """A task with all that is drawn in it, as CVAT for images 1.1."""
        jobs = self._pages("/api/jobs", {"task_id": task.id})
        people = [one["assignee"] for one in jobs if isinstance(one.get("assignee"), dict)]
        meta = self.connection.get(f"/api/tasks/{task.id}/data/meta")
        return task_xml(
            task.id,
            str(people[0].get("username", "")) if people else "",
            _field(meta, "frames", list),
            self._annotations(task.id),
            self.labels,
        )

    def predictions(self, task: RemoteTask, without: Collection[str]) -> bytes:  # noqa: ARG002
        """Nothing: CVAT does not tell predictions from what was drawn.

        Raises
        ------
        PremaskError
            Always.
        """
        raise PremaskError(
            "CVAT holds no predictions, only what is drawn; pull it with --as preannotated,"
            " scratch or reference"
        )


def open_cvat(connection: Connection, wanted: str, phases: Phases, *, create: bool) -> CvatProject:
    """A project on the server.

    Parameters
    ----------
    wanted : str
        Its number or its name.
    phases : Phases
        That it must have as labels.
    create : bool
        Whether it is made where there is none of the name, and must have every phase.

    Raises
    ------
    PremaskError
        For a project that is not there, two of one name, one without a label for each phase.
    """
    project = CvatProject(connection, _project(connection, wanted, phases, create), phases)
    missing = [name for name in phases.names if name not in project.labels.values()]
    if create and missing:
        raise PremaskError(
            f"{project.address} has no label {', '.join(missing)}; add"
            f" {'it' if len(missing) == 1 else 'them'} there, or name another project"
        )
    return project


def _project(
    connection: Connection, wanted: str, phases: Phases, create: bool
) -> Mapping[str, Any]:
    if wanted.isdecimal():
        content: dict[str, Any] = _typed(connection.get(f"/api/projects/{int(wanted)}"), dict)
        return content
    projects = list(pages(connection, "/api/projects", {}))
    found = [one for one in projects if one.get("name") == wanted]
    if len(found) > 1:
        numbers = [str(one.get("id")) for one in found]
        raise PremaskError(
            f"{connection.url} has {len(found)} projects of the name {wanted!r} (numbers"
            f" {', '.join(numbers)}); give a number: --remote-project {numbers[0]}"
        )
    if found:
        return found[0]
    if not create:
        names = [str(one.get("name")) for one in projects]
        raise PremaskError(
            f"{connection.url} has no project {wanted!r}; it has"
            f" {', '.join(names[:10]) or 'none'}{nearest(wanted, names)}"
        )
    colours = distinct((phase.colour for phase in phases.phases), [BLACK])
    labels = [
        {"name": name, "color": "#{:02x}{:02x}{:02x}".format(*colour), "type": "any"}
        for name, colour in zip(phases.names, colours, strict=True)
    ]
    made: dict[str, Any] = connection.post(
        "/api/projects",
        json={"name": wanted, "labels": labels},
        done=lambda: next(
            (one for one in pages(connection, "/api/projects", {}) if one.get("name") == wanted),
            None,
        ),
    )
    return made


def pages(
    connection: Connection, path: str, parameters: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """The entries of a list, page by page."""
    number, more = 1, True
    while more:
        reply = connection.get(path, {**parameters, "page": number, "page_size": PAGE})
        for one in _field(reply, "results", list):
            yield _typed(one, dict)
        number, more = number + 1, bool(reply.get("next"))


def _drawn(shape: Mapping[str, Any]) -> str:
    """What tells the shapes of two label maps apart."""
    points = shape.get("points")
    told = points if isinstance(points, list) else []
    numbers = [float(x) for x in told if isinstance(x, int | float) and abs(x) < 1 << 53]
    return repr((shape.get("type"), shape.get("frame"), shape.get("label_id"), numbers))


def _field(content: object, key: str, kind: type) -> Any:
    value = content.get(key) if isinstance(content, dict) else None
    return _typed(value, kind, key)


def _typed(value: object, kind: type, key: str = "an answer") -> Any:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise PremaskError(
            f"the server answers with {key} = {shown(value)}; is it a CVAT of 2024 or later?"
        )
    return value
