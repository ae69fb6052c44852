"""Labelbox over its API: pre-labels for data rows that are there, labels with masks back.

The requests are those of Labelbox's SDK 7.17.0. They are tested against exchanges that were made
with the SDK, not against Labelbox itself.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from premask.core.errors import PremaskError
from premask.core.exchange import Layer, Outgoing, Report
from premask.core.phases import Phases
from premask.interchange.connection import Connection
from premask.interchange.labelbox import mask_rows
from premask.interchange.labelbox_masks import StoredMask, encode_mask, read_mask
from premask.interchange.labelbox_queries import (
    EXPORT,
    INCLUDED,
    PART,
    PROJECT,
    PROJECTS,
    SIZE,
    TASK,
    USER,
    ask,
    create_import,
    data_of,
    find_import,
    inner,
    lines_of,
    number,
)
from premask.interchange.labelbox_rows import export_labels, stored_masks
from premask.interchange.pictures import picture_name
from premask.interchange.remote import RemoteTask
from premask.interchange.runs import shown

ID = re.compile(r"c[a-z0-9]{24}")
"""Of a project, as in the address of its page."""

CHECKS, PAUSE = 1800, 2.0
"""How often Labelbox is asked whether a job is done, and how many seconds lie between."""

PATIENCE = 5
"""After so many of them it is said what is waited for."""


class Token(httpx.Auth):
    """An API key, which goes to Labelbox and not to where it keeps its files."""

    def __init__(self, key: str, host: str):
        self.key, self.host = key, host

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send the request, with the key where it belongs."""
        if request.url.host == self.host:
            request.headers["Authorization"] = f"Bearer {self.key}"
        yield request


def connect_labelbox(url: str, token: str, **how: Any) -> Connection:
    """A connection to the API; the rest is for :class:`Connection`."""
    try:
        host = httpx.URL(url).host
    except httpx.InvalidURL:
        host = ""  # Connection says what is wrong
    return Connection(url, Token(token.strip(), host), title="Labelbox", **how)


class LabelboxProject:
    """A project, see :class:`premask.interchange.remote.Remote`; its tasks are its data rows.

    Data rows are not made: that the pictures are there is left to who sets the project up.
    """

    form = "labelbox"
    suffix = ".ndjson"

    def __init__(self, connection: Connection, id_: str, phases: Phases):
        self.connection, self.id, self.phases = connection, id_, phases
        self.key = f"labelbox {connection.url} {id_}"
        self.address = f"https://app.labelbox.com/projects/{id_}"
        self._exported: dict[str, dict[str, Any]] | None = None

    @property
    def rows(self) -> dict[str, dict[str, Any]]:
        """The rows of an export of the project, by the ids of the data rows; asked for once."""
        if self._exported is None:
            self._exported = {str(inner(row, "data_row", "id")): row for row in self._export()}
        return self._exported

    def known(self, images: Sequence[Outgoing]) -> dict[str, str]:
        """The images that have a data row, by its global key or external id, and its id."""
        names: dict[str, str] = {}
        for id_, row in self.rows.items():
            for key in ("global_key", "external_id"):
                names.setdefault(str(row["data_row"].get(key)), id_)
        # A file name that several images have tells none of them.
        often = Counter(one.file_name for one in images)
        found: dict[str, str] = {}
        for one in images:
            alone = one.file_name if often[one.file_name] == 1 else ""
            id_of_row = names.get(picture_name(one)) or names.get(alone)
            if id_of_row:
                found[one.id] = id_of_row
        return found

    def create(self, image: Outgoing) -> str:
        """Refuse: there is no data row of the image."""
        raise PremaskError(
            f"{self.address} has no data row with the global key {picture_name(image)}; make the"
            " data rows first: premask export --format labelbox writes a list of them"
        )

    def has(self, task: str, layer: Layer) -> bool:
        """Whether just this label map was imported."""
        rows = self._masks(task, layer)
        job = self._job(_name(task, rows), _kind(layer))
        return not rows or (job is not None and job.get("state") == "FINISHED")

    def add(self, task: str, layer: Layer) -> None:
        """Import one label map: a candidate as pre-labels, labels as labels."""
        rows, kind = self._masks(task, layer), _kind(layer)
        name = _name(task, rows)
        content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
        variables = {"file": None, "contentLength": len(content), "projectId": self.id,
                     "name": name}  # fmt: skip
        operations = {"variables": variables, "query": create_import(kind)}
        file = f"{self.id}__{name}.ndjson"
        reply = self.connection.post(
            "/graphql",
            data={"operations": json.dumps(operations), "map": f'{{"{file}": ["variables.file"]}}'},
            files={file: (file, content, "application/x-ndjson")},
            done=lambda: {"data": {}} if self._job(name, kind) else None,
        )
        data_of(reply, self.connection.url)
        job = self._wait(lambda: self._job(name, kind), "state", {"RUNNING", "None"})
        refused = self._refusals(job)
        if job.get("state") != "FINISHED" or refused:
            raise PremaskError(
                f"{self.address}: {len(refused) or 'all'} of {len(rows)} masks of the data row"
                f" {task} were refused ({refused[0] if refused else job.get('state')})"
            )

    def _masks(self, task: str, layer: Layer) -> list[dict[str, Any]]:
        return list(mask_rows(layer.read(), self.phases, {"id": task}))

    def _job(self, name: str, kind: str) -> dict[str, Any] | None:
        found = ask(self.connection, find_import(kind), {"projectId": self.id, "name": name})
        content = found.get(f"{kind[0].lower()}{kind[1:]}")
        return content if isinstance(content, dict) else None

    def _refusals(self, job: Mapping[str, Any]) -> list[str]:
        """What Labelbox says of each mask that it did not take."""
        url = job.get("errorFileUrl")
        data = self.connection.download(url) if isinstance(url, str) else b""
        said = []
        for row in lines_of(data, self.connection.url):
            errors = row.get("errors")
            first = errors[0] if isinstance(errors, list) and errors else row
            told = first.get("message") if isinstance(first, dict) else None
            said.append(" ".join(str(told or shown(first)).split())[:200])
        return said

    def tasks(self) -> list[RemoteTask]:
        """All data rows, with what tells their labels apart."""
        return [RemoteTask(id_, _changed(row)) for id_, row in self.rows.items()]

    def annotations(self, task: RemoteTask) -> bytes:
        """A row of the export with its masks in it, so that no address is needed any more."""
        row = json.loads(json.dumps(self.rows[task.id]))
        where = f"{self.address}: data row {task.id}"
        list(export_labels(row, where, Report()))  # refuses what is of another form
        with tempfile.TemporaryDirectory(prefix="premask-") as folder:
            files: dict[str, Path] = {}
            for owner, mask in stored_masks(row):
                if mask.url not in files:
                    files[mask.url] = Path(folder) / f"{len(files)}.png"
                    files[mask.url].write_bytes(self.connection.download(mask.url))
                stored = StoredMask("mask", colour=mask.colour)
                pixels = read_mask(stored, {"mask": files[mask.url]}, where)
                owner.pop("composite_mask", None)
                owner["mask"] = {"png": base64.b64encode(encode_mask(pixels)).decode("ascii")}
        return (json.dumps(row) + "\n").encode()

    def predictions(self, task: RemoteTask, without: Collection[str]) -> bytes:  # noqa: ARG002
        """Refuse: an export has none."""
        raise PremaskError(
            f"{self.address}: Labelbox exports labels and no pre-labels; take them as another kind"
            f" (data row {task.id})"
        )

    def _export(self) -> Iterator[dict[str, Any]]:
        """Let Labelbox export the project, and give its rows."""
        filters = {"projectId": self.id, "searchQuery": {"scope": None, "query": []}}
        what = {"taskName": None, "isStreamableReady": True, "filters": filters,
                "params": INCLUDED, "streamable": True}  # fmt: skip
        started = ask(self.connection, EXPORT, {"input": what})
        id_ = str(inner(started, "exportDataRowsInProject", "taskId"))
        user = {"userId": inner(ask(self.connection, USER, {}), "user", "id"), "taskId": id_}
        task = self._wait(lambda: self._task(user), "status", {"IN_PROGRESS"})
        if task.get("status") != "COMPLETE":
            raise PremaskError(f"{self.address}: the export ended as {shown(task.get('status'))}")
        yield from lines_of(b"".join(self._parts(id_)), self.connection.url)

    def _task(self, user: Mapping[str, Any]) -> dict[str, Any] | None:
        tasks = inner(ask(self.connection, TASK, user), "user", "createdTasks")
        first = tasks[0] if isinstance(tasks, list) and tasks else None
        return first if isinstance(first, dict) else None

    def _parts(self, task: str) -> Iterator[bytes]:
        """The bytes of an export, in pieces."""
        what: dict[str, Any] = {"where": {"id": task}, "streamType": "RESULT"}
        header = inner(ask(self.connection, SIZE, what), "task", "exportMetadataHeader")
        size, at = (number(header, "totalSize") if header else 0), 0
        while at < size:
            told = ask(self.connection, PART, {**what, "offset": str(at)})
            part = inner(told, "task", "exportFileFromOffset")
            data = self.connection.download(str(inner(part, "file")))
            end = number(part, "offsets", "end") + 1
            if len(data) != end - at or not data:
                raise PremaskError(
                    f"{self.connection.url}: a part of the export has {len(data)} bytes of"
                    f" {end - at}; run the command again"
                )
            yield data
            at = end

    def _wait(
        self, look: Callable[[], dict[str, Any] | None], key: str, running: set[str]
    ) -> dict[str, Any]:
        """What a job is in the end."""
        for asked in range(CHECKS):
            content = look() or {}
            if str(content.get(key)) not in running:
                return content
            if asked == PATIENCE:
                self.connection.on_wait(
                    f"waiting for Labelbox to finish a job of {self.address}, up to"
                    f" {CHECKS * PAUSE / 60:.0f} min"
                )
            self.connection.sleep(PAUSE)
        raise PremaskError(
            f"{self.address}: a job is not done after {CHECKS * PAUSE / 60:.0f} min; run the"
            " command again later"
        )


def _kind(layer: Layer) -> str:
    """Candidates are pre-labels, which the annotator repairs."""
    return "ModelAssistedLabelingPredictionImport" if layer.method else "LabelImport"


def _name(task: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """Of an import: the same masks have the same."""
    return f"premask {task} {hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16]}"


def _changed(row: Mapping[str, Any]) -> str:
    """Tells the labels of a row from others: their ids, and when they were changed."""
    labels = [[label.id, label.changed] for label in export_labels(row, "Labelbox", Report())]
    return hashlib.sha256(json.dumps(labels).encode()).hexdigest()[:32]


def open_labelbox(
    connection: Connection,
    wanted: str,
    phases: Phases,
    *,
    create: bool,  # noqa: ARG001 - projects are set up in Labelbox
) -> LabelboxProject:
    """A project by its id or name.

    Raises
    ------
    PremaskError
        For a project that is not there, or two of one name.
    """
    if ID.fullmatch(wanted):
        found = ask(connection, PROJECT, {"param_0": wanted}).get("project")
        projects = [found] if found else []
    else:
        variables = {"param_0": wanted, "param_1": False}
        projects = inner(ask(connection, PROJECTS, variables), "projects") or []
    if not isinstance(projects, list):
        raise PremaskError(f"Labelbox answers projects = {shown(projects)}; its API has changed")
    ids = [str(inner(one, "id")) for one in projects]
    if len(ids) != 1:
        raise PremaskError(
            f"Labelbox has {len(ids)} projects {wanted!r}{': ' if ids else ''}{', '.join(ids)};"
            " give the id that is in the address of its page: --remote-project c..."
        )
    return LabelboxProject(connection, ids[0], phases)
