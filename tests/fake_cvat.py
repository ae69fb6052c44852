"""What premask asks of CVAT, with the answers of version 2.80; of the standard library alone.

``make_cvat_exchange.py`` lets cvat-sdk talk to it: its models take every answer, and its
requests are what ``cvat_exchange.json`` holds.
"""

from __future__ import annotations

import itertools
import json
import re
from typing import Any
from urllib.parse import parse_qsl, unquote

PERSON = {"url": "http://cvat/api/users/1", "id": 1, "username": "ana", "first_name": "",
          "last_name": ""}  # fmt: skip
DAY = "2026-01-01T10:00:{:02d}.000000Z"

KEPT = ("authorization", "accept", "upload-start", "upload-multiple", "upload-finish")
"""Headers that are written down."""

Answer = tuple[int, Any]


class FakeCvat:
    """A server in memory; it counts the seconds by the changes that are made."""

    def __init__(self) -> None:
        self.projects: dict[int, dict[str, Any]] = {}
        self.labels: dict[int, dict[str, Any]] = {}
        self.tasks: dict[int, dict[str, Any]] = {}
        self.files: dict[int, list[str]] = {}
        self.annotations: dict[int, dict[str, Any]] = {}
        self.sizes: dict[str, tuple[int, int]] = {}  # width and height by the name of a file
        self.asked: dict[str, int] = {}
        self.requests: list[str] = []
        self.fails = ""
        self.numbers = itertools.count(1)
        self.seconds = itertools.count(1)

    def answer(  # noqa: PLR0911 - a line for each
        self, method: str, url: str, headers: dict[str, str], body: bytes
    ) -> Answer:
        """Status and content of a request; None is an empty answer."""
        path, _, query = url.partition("?")
        self.requests.append(f"{method} {path}")
        parameters = dict(parse_qsl(query))
        parts = [unquote(part) for part in path.strip("/").split("/")[1:]]
        match [method, *parts]:
            case ["GET", "projects" | "tasks" | "labels" | "jobs" as kind]:
                return 200, self.page(self.list(kind, parameters), parameters)
            case ["POST", "projects"]:
                return 201, self.make_project(json.loads(body))
            case ["GET", "projects" | "tasks" as kind, number]:
                found = getattr(self, kind).get(int(number))
                return (200, found) if found else (404, {"detail": "Not found."})
            case ["POST", "tasks"]:
                return 201, self.make_task(json.loads(body))
            case ["POST", "tasks", number, "data"]:
                return self.data(int(number), headers, body)
            case ["GET", "requests", number]:
                return 200, self.progress(number)
            case ["GET", "tasks", number, "data", "meta"]:
                return 200, self.meta(int(number))
            case ["GET", "tasks", number, "annotations"]:
                return 200, self.annotations[int(number)]
            case ["PATCH", "tasks", number, "annotations"] if parameters["action"] == "create":
                return 200, self.draw(int(number), json.loads(body))
        return 404, {"detail": f"{method} {path}"}

    def list(self, kind: str, parameters: dict[str, str]) -> list[dict[str, Any]]:
        if kind == "jobs":
            return [job_content(self.tasks[int(parameters["task_id"])])]
        found = list(getattr(self, kind).values())
        wanted = parameters.get("project_id")
        return [one for one in found if wanted is None or one["project_id"] == int(wanted)]

    def page(self, found: list[Any], parameters: dict[str, str]) -> dict[str, Any]:
        number, size = (int(parameters.get(k, d)) for k, d in (("page", 1), ("page_size", 10)))
        more = f"http://cvat/?page={number + 1}" if number * size < len(found) else None
        shown = found[(number - 1) * size : number * size]
        return {"count": len(found), "next": more, "previous": None, "results": shown}

    def make_project(self, sent: dict[str, Any]) -> dict[str, Any]:
        number = next(self.numbers)
        for label in sent["labels"]:
            self.labels[n] = label_content((n := next(self.numbers)), label, number)
        self.projects[number] = {
            **common(number, "projects"),
            "name": sent["name"],
            "tasks": {"count": 0, "url": "http://cvat/api/tasks"},
            "labels": {"url": f"http://cvat/api/labels?project_id={number}"},
            "task_subsets": [],
            "organization": None,
            "organization_id": None,
        }
        return self.projects[number]

    def make_task(self, sent: dict[str, Any]) -> dict[str, Any]:
        number = next(self.numbers)
        self.tasks[number] = {
            **common(number, "tasks"),
            "name": sent["name"],
            "project_id": sent["project_id"],
            "project_name": self.projects[sent["project_id"]]["name"],
            "mode": "",
            "media_type": "image",
            "overlap": None,
            "segment_size": 0,
            "size": 0,
            "subset": "",
            "organization": None,
            "organization_id": None,
            "consensus_enabled": False,
            "jobs": {"count": 0, "completed": 0, "validation": 0, "url": "http://cvat/api/jobs"},
            "labels": {"url": f"http://cvat/api/labels?task_id={number}"},
        }
        self.files[number] = []
        self.annotations[number] = {"version": 0, "tags": [], "shapes": [], "tracks": []}
        return self.tasks[number]

    def data(self, task: int, headers: dict[str, str], body: bytes) -> Answer:
        given = {key.casefold() for key in headers}
        if self.tasks[task]["size"]:
            return 400, ["Adding more data is not supported"]
        if "upload-start" in given:
            self.files[task] = []
            return 202, None
        if "upload-multiple" in given:
            (name,) = re.findall(rb'name="client_files\[0\]"; filename="([^"]+)"', body)
            self.files[task].append(name.decode().rpartition("/")[2])
            return 200, None
        return 202, {"rq_id": f"action=create&target=task&id={task}"}

    def progress(self, request: str) -> dict[str, Any]:
        """Asked for the second time, it is done."""
        task = int(request.rpartition("=")[2])
        self.asked[request] = self.asked.get(request, 0) + 1
        done = self.asked[request] > 1
        if done and not self.fails:
            self.tasks[task]["size"] = len(self.files[task])
            self.tasks[task]["jobs"]["count"] = 1
        ended = "failed" if self.fails else "finished"
        return {
            "id": request,
            "status": ended if done else "started",
            "message": self.fails,
            "operation": {"type": "create:task", "target": "task", "project_id": None,
                          "task_id": task, "job_id": None, "format": None, "function_id": None},
            "created_date": DAY.format(0),
            "progress": None,
            "owner": {"id": 1, "username": "ana"},
            "result_url": None,
            "result_id": task,
        }  # fmt: skip

    def meta(self, task: int) -> dict[str, Any]:
        frames = [
            {"name": name, "width": self.sizes.get(name, (6, 4))[0],
             "height": self.sizes.get(name, (6, 4))[1], "related_files": 0,
             "has_related_context": False}
            for name in self.files[task]
        ]  # fmt: skip
        return {"chunk_size": 36, "size": len(frames), "image_quality": 100, "start_frame": 0,
                "stop_frame": len(frames) - 1, "frame_filter": "", "frames": frames,
                "deleted_frames": [], "included_frames": None, "storage_method": "cache",
                "storage": "local", "cloud_storage_id": None, "chapters": None,
                "chunks_updated_date": DAY.format(0)}  # fmt: skip

    def draw(self, task: int, sent: dict[str, Any]) -> dict[str, Any]:
        made = [
            {"id": next(self.numbers), "outside": False, "rotation": 0.0, "group": 0,
             "attributes": [], "elements": [], "occluded": False, "z_order": 0, "source": "manual",
             "score": 1.0, **shape, "points": [float(x) for x in shape["points"]]}
            for shape in sent.get("shapes", [])
        ]  # fmt: skip
        self.annotations[task]["shapes"] += made
        self.touch(task)
        return {"version": 0, "tags": [], "shapes": made, "tracks": []}

    def touch(self, task: int) -> None:
        """As every change in a job of a task does."""
        self.tasks[task]["updated_date"] = DAY.format(next(self.seconds))

    def finish(self, task: int, shapes: list[dict[str, Any]] | None = None) -> None:
        """What an annotator does: draw anew, and finish the job."""
        if shapes is not None:
            self.annotations[task]["shapes"] = []
            self.draw(task, {"shapes": shapes})
        self.tasks[task]["jobs"]["completed"] = 1
        self.touch(task)


def common(number: int, kind: str) -> dict[str, Any]:
    return {
        "url": f"http://cvat/api/{kind}/{number}",
        "id": number,
        "owner": PERSON,
        "assignee": None,
        "guide_id": None,
        "bug_tracker": "",
        "created_date": DAY.format(0),
        "updated_date": DAY.format(0),
        "status": "annotation",
        "dimension": "2d",
        "target_storage": None,
        "source_storage": None,
        "assignee_updated_date": None,
    }


def label_content(number: int, sent: dict[str, Any], project: int) -> dict[str, Any]:
    return {"id": number, "name": sent["name"], "color": sent["color"], "attributes": [],
            "type": sent["type"], "sublabels": [], "project_id": project, "parent_id": None,
            "has_parent": False}  # fmt: skip


def job_content(task: dict[str, Any]) -> dict[str, Any]:
    done = bool(task["jobs"]["completed"])
    number = 1000 + task["id"]
    return {
        **common(number, "jobs"),
        "task_id": task["id"],
        "task_name": task["name"],
        "project_id": task["project_id"],
        "project_name": task["project_name"],
        "assignee": PERSON,
        "mode": "annotation",
        "media_type": "image",
        "stage": "annotation",
        "state": "completed" if done else "new",
        "frame_count": task["size"],
        "start_frame": 0,
        "stop_frame": max(task["size"] - 1, 0),
        "type": "annotation",
        "organization": None,
        "consensus_replicas": 0,
        "parent_job_id": None,
        "issues": {"count": 0, "url": "http://cvat/api/issues"},
        "labels": {"url": "http://cvat/api/labels"},
    }


def written(method: str, url: str, headers: dict[str, str], body: bytes) -> dict:
    """A request in words: of forms, the names and the text of their fields."""
    kind = headers.get("content-type", "")
    found: dict = {"method": method, "url": url}
    found["headers"] = {key: headers[key] for key in KEPT if key in headers}
    if "json" in kind and body:
        found["json"] = json.loads(body)
    elif body:
        found["form"] = form_of(body)
    return found


def form_of(body: bytes) -> dict[str, str]:
    """The fields of a form: their text, or the name of their file."""
    if b"Content-Disposition" not in body:
        return dict(pair.split("=") for pair in body.decode().split("&"))
    fields = {}
    for part in re.findall(rb"Content-Disposition: form-data; (.*?)\r\n--", body, re.DOTALL):
        names = dict(re.findall(r'(name|filename)="([^"]*)"', part.decode("latin-1")))
        text = part.partition(b"\r\n\r\n")[2].decode("latin-1")
        fields[names["name"]] = names.get("filename", text).rpartition("/")[2]
    return fields
