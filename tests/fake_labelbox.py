"""A Labelbox in memory: its answers have what the SDK's models ask for. No package is needed."""

from __future__ import annotations

import json
import re
from typing import Any

AT = "2026-11-25T10:00:00.000Z"
PROJECT_ID = "cm0steel0000000000000000a"

PROJECT: dict[str, Any] = {
    "id": PROJECT_ID, "name": "steel", "description": "", "updatedAt": AT, "createdAt": AT,
    "setupComplete": AT, "lastActivityTime": AT, "autoAuditNumberOfLabels": 1,
    "autoAuditPercentage": 1.0, "allowedMediaType": "IMAGE", "editorTaskType": None,
    "dataRowCount": 3, "modelSetupComplete": None, "uploadType": "AUTO",
    "isBenchmarkEnabled": False, "isConsensusEnabled": False,
}  # fmt: skip
USER: dict[str, Any] = {
    "id": "u1", "email": "ana@x", "name": "Ana", "nickname": "ana", "picture": "",
    "isViewer": False, "isExternalUser": False, "createdAt": AT, "updatedAt": AT, "lastLoginAt": AT,
}  # fmt: skip
TASK: dict[str, Any] = {
    "id": "t1", "status": "COMPLETE", "completionPercentage": 100.0, "createdAt": AT,
    "updatedAt": AT, "name": "export", "result": None, "errors": None, "type": "export-data-rows",
    "metadata": None,
}  # fmt: skip


class FakeLabelbox:
    """One project with some data rows."""

    def __init__(self, base: str, keys: list[str]):
        self.base = base
        self.rows = {f"row{i}": export_row(f"row{i}", key) for i, key in enumerate(keys)}
        self.files: dict[str, bytes] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.imported: dict[str, list[dict[str, Any]]] = {}
        self.refuse = ""  # the name of a feature that is not in the ontology
        self.slow = 0  # how often a job is still running when it is asked for
        self.part = 200  # bytes of a part of an export
        self.requests: list[dict[str, Any]] = []

    def answer(self, content_type: str, body: bytes) -> dict[str, Any]:
        """The reply to a request to ``/graphql``."""
        if content_type.startswith("multipart/"):
            sent, file = self.multipart(content_type, body)
        else:
            sent, file = json.loads(body), b""
        query, variables = sent["query"], sent["variables"] or {}
        operation = re.search(r"(?:query|mutation) (\w+)", query)[1]
        self.requests.append({"operation": operation, "query": query, "variables": variables})
        data = self.data(operation, variables, file)
        if data is None:
            said = {"message": "not found", "extensions": {"code": "RESOURCE_NOT_FOUND"}}
            return {"errors": [said], "data": None}
        return {"data": data}

    def data(self, operation: str, variables: dict[str, Any], file: bytes) -> Any:
        if operation.endswith("ImportByFilePyApi"):
            return self.begin(operation, variables, file)
        if operation in {"getModelAssistedLabelingPredictionImportPyApi", "getLabelImportPyApi"}:
            job = self.job(f"{operation[3:8]} {variables['name']}")
            field = operation[3].lower() + operation[4:].removesuffix("PyApi")
            return None if job is None else {field: job}
        if "CreatedTasks" in operation:
            return {"user": {"createdTasks": [self.running(TASK, "status", "IN_PROGRESS")]}}
        if operation == "GetExportFileFromOffsetPyApi":
            return {"task": {"exportFileFromOffset": self.cut(int(variables["offset"]))}}
        return {
            "GetProjectPyApi": {"project": PROJECT} if PROJECT_ID in variables.values() else None,
            "GetProjectsPyApi": {"projects": [PROJECT] * ("steel" in variables.values())},
            "exportDataRowsInProjectPyApi": {
                "exportDataRowsInProject": {"taskId": "t1", "isStreamable": True}
            },
            "GetUserPyApi": {"user": USER},
            "GetExportMetadataHeaderPyApi": {"task": {"exportMetadataHeader": {
                "totalSize": len(self.export()), "totalLines": len(self.rows)}}},
        }[operation]  # fmt: skip

    def cut(self, start: int) -> dict[str, Any]:
        """A part of the export from a byte on, which ends with a line."""
        export = self.export()
        end = export.find(b"\n", min(start + self.part, len(export) - 1))
        self.files[f"/files/{start}"] = export[start : end + 1]
        return {
            "offsets": {"start": str(start), "end": str(end)},
            "lines": {"start": "0", "end": "0"},
            "file": f"{self.base}/files/{start}",
        }

    def export(self) -> bytes:
        return b"".join(json.dumps(row).encode() + b"\n" for row in self.rows.values())

    def begin(self, operation: str, variables: dict[str, Any], file: bytes) -> dict[str, Any]:
        name = variables["name"]
        assert variables["projectId"] == PROJECT_ID
        rows = [json.loads(line) for line in file.splitlines()]
        wrong = [row for row in rows if row["name"] == self.refuse]
        errors = [
            {"uuid": row["uuid"], "dataRow": row["dataRow"], "status": "FAILURE",
             "errors": [{"name": "InvalidName", "message": f"no feature {row['name']}"}]}
            for row in wrong
        ]  # fmt: skip
        self.files[f"/errors/{len(self.jobs)}"] = b"".join(
            json.dumps(one).encode() + b"\n" for one in errors
        )
        kind = "Label" if operation.startswith("createLabel") else "Model"
        key = f"{kind} {name}"  # both kinds of imports have names of their own
        self.jobs[key] = {
            "id": f"job{len(self.jobs)}", "name": name, "state": "FINISHED", "progress": "100%",
            "inputFileUrl": f"{self.base}/input", "statusFileUrl": f"{self.base}/errors/x",
            "errorFileUrl": f"{self.base}/errors/{len(self.jobs)}", "project": PROJECT,
        }  # fmt: skip
        self.imported[key] = [row for row in rows if row not in wrong]
        made = {"Label": "LabelImport", "Model": "ModelAssistedLabelingPredictionImport"}[kind]
        field = f"create{made}"
        return {field: self.running(self.jobs[key], "state", "RUNNING")}

    def job(self, name: str) -> dict[str, Any] | None:
        found = self.jobs.get(name)
        return found and self.running(found, "state", "RUNNING")

    def running(self, job: dict[str, Any], key: str, state: str) -> dict[str, Any]:
        """A job as it is, or still running."""
        self.slow -= 1
        return {**job, key: state} if self.slow >= 0 else job

    def multipart(self, content_type: str, body: bytes) -> tuple[dict[str, Any], bytes]:
        boundary = content_type.split("boundary=")[1].strip('"').encode()
        parts: dict[str, bytes] = {}
        for part in body.split(b"--" + boundary)[1:-1]:
            head, _, content = part.strip(b"\r\n").partition(b"\r\n\r\n")
            name = re.search(rb'name="([^"]+)"', head)[1].decode()
            parts[name] = content
        operations = json.loads(parts["operations"])
        ((name, places),) = json.loads(parts["map"]).items()
        assert places == ["variables.file"]
        assert operations["variables"]["file"] is None
        return operations, parts[name]


def export_row(id_: str, key: str, labels: Any = ()) -> dict[str, Any]:
    """A row of an export v2."""
    return {
        "data_row": {"id": id_, "global_key": key, "external_id": key, "row_data": ""},
        "media_attributes": {"mime_type": "image/png"},
        "projects": {PROJECT_ID: {"name": "steel", "labels": list(labels)}},
    }
