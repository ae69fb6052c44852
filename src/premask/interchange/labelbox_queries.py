"""What Labelbox's API is asked: requests of its SDK 7.17.0, with the fields that are needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from premask.core.errors import PremaskError
from premask.interchange.connection import Connection
from premask.interchange.runs import shown
from premask.io.structured import parse_json

PROJECT = "query GetProjectPyApi($param_0: ID!){project(where: {id: $param_0}){id name}}"
PROJECTS = (
    "query GetProjectsPyApi($param_0: String!, $param_1: Boolean!){projects(where: {AND: [{name:"
    " $param_0}, {deleted: $param_1}]} skip: 0 first: 100){id name}}"
)
USER = "query GetUserPyApi{user{id}}"
TASK = (
    "query GetUserCreatedTasksPyApi($userId: ID!, $taskId: ID!) {user(where: {id: $userId})"
    " {createdTasks(where: {id: $taskId} skip: 0 first: 1) {status id}}}"
)
EXPORT = (
    "mutation exportDataRowsInProjectPyApi($input: ExportDataRowsInProjectInput!)"
    "{exportDataRowsInProject(input: $input){taskId isStreamable}}"
)
SIZE = (
    "query GetExportMetadataHeaderPyApi($where: WhereUniqueIdInput, $streamType: TaskStreamType!)"
    "{task(where: $where){exportMetadataHeader(streamType: $streamType){totalSize totalLines}}}"
)
PART = (
    "query GetExportFileFromOffsetPyApi($where: WhereUniqueIdInput, $streamType: TaskStreamType!,"
    " $offset: UInt64!){task(where: $where){exportFileFromOffset(streamType: $streamType, offset:"
    " $offset){offsets {start end} lines {start end} file}}}"
)
INCLUDED = {
    "mediaTypeOverride": None,
    "includeAttachments": False,
    "includeEmbeddings": False,
    "includeMetadata": False,
    "includeDataRowDetails": True,
    "includeProjectDetails": False,
    "includePerformanceDetails": True,
    "includeLabelDetails": True,
    "includeInterpolatedFrames": False,
}


def create_import(kind: str) -> str:
    """Begin an import of masks: ``ModelAssistedLabelingPredictionImport`` or ``LabelImport``."""
    name = "LabelImport" if kind == "LabelImport" else "MALPredictionImport"
    return (
        f"mutation create{name}ByFilePyApi($projectId : ID!, $name: String!, $file: Upload!,"
        f" $contentLength: Int!) {{create{kind}(data: {{projectId: $projectId name: $name"
        " filePayload: { file: $file, contentLength: $contentLength}}) {name state errorFileUrl}}"
    )


def find_import(kind: str) -> str:
    """An import by its name."""
    field = f"{kind[0].lower()}{kind[1:]}"
    return (
        f"query get{kind}PyApi($projectId : ID!, $name: String!) {{{field}(where: {{projectId:"
        " $projectId, name: $name}){name state errorFileUrl}}"
    )


def ask(connection: Connection, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to a query.

    Raises
    ------
    PremaskError
        Where Labelbox says what is wrong, in its words.
    """
    reply = connection.post("/graphql", json={"query": query, "variables": variables})
    return data_of(reply, connection.url)


def data_of(reply: Any, url: str) -> dict[str, Any]:
    """What an answer holds; empty where what was asked for is not there."""
    errors = reply.get("errors") if isinstance(reply, dict) else None
    if isinstance(errors, list) and errors:
        first = errors[0] if isinstance(errors[0], dict) else {}
        extensions = first.get("extensions")
        if isinstance(extensions, dict) and extensions.get("code") == "RESOURCE_NOT_FOUND":
            return {}
        told = " ".join(str(first.get("message") or shown(errors[0])).split())[:300]
        raise PremaskError(f"{url}: {told}")
    data = reply.get("data") if isinstance(reply, dict) else None
    if not isinstance(data, dict):
        raise PremaskError(f"{url} answers {shown(reply)}; is it the API of Labelbox?")
    return data


def inner(content: object, *keys: str) -> Any:
    """A value in an answer.

    Raises
    ------
    PremaskError
        Where the answer is of another form.
    """
    value = content
    for key in keys:
        if not isinstance(value, dict) or key not in value:
            raise PremaskError(
                f"Labelbox answers {shown(content)}, without {'.'.join(keys)}; its API has changed"
            )
        value = value[key]
    return value


def number(content: object, *keys: str) -> int:
    """A whole number in an answer, which may be written as text."""
    value = inner(content, *keys)
    try:
        return int(value)
    except (TypeError, ValueError):
        raise PremaskError(
            f"Labelbox answers {'.'.join(keys)} = {shown(value)}; its API has changed"
        ) from None


def lines_of(data: bytes, what: str) -> list[dict[str, Any]]:
    """The objects of a file of JSON lines."""
    rows = [parse_json(line, what) for line in data.decode("utf-8", "replace").splitlines() if line]
    for row in rows:
        if not isinstance(row, dict):
            raise PremaskError(f"{what}: a line is {shown(row)}; its API has changed")
    return rows
