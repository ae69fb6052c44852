"""``push``, ``pull``: label maps to and from a running labelling server."""

from __future__ import annotations

from typing import Annotated

import typer

from premask.cli.exchange import (
    Frame,
    Kind,
    Renames,
    Strict,
    What,
    rename,
    times_lines,
    with_findings,
)
from premask.cli.out import Json, count_line, note
from premask.cli.project import ProjectFolder
from premask.core.words import count

Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        help="Of the server; else LABEL_STUDIO_URL, CVAT_URL or LABELBOX_URL, and for Labelbox its"
        " own.",
        show_default=False,
    ),
]
Token = Annotated[
    str | None,
    typer.Option(
        "--token",
        help="From your account there; else LABEL_STUDIO_API_KEY, CVAT_ACCESS_TOKEN or"
        " LABELBOX_API_KEY, which no one sees in the list of processes.",
        show_default=False,
    ),
]
RemoteProject = Annotated[
    str,
    typer.Option(
        "--remote-project",
        help="Number or name of the project there; the folder's name by default.",
        show_default=False,
    ),
]


def add_commands(app: typer.Typer) -> None:
    """Put this module's commands into the command line."""
    app.command("push", rich_help_panel="5 Exchange")(push)
    app.command("pull", rich_help_panel="5 Exchange")(pull)


def push(
    project: ProjectFolder,
    to: Annotated[
        str, typer.Option("--to", help="label-studio, cvat or labelbox.", show_default=False)
    ],
    url: Url = None,
    token: Token = None,
    remote_project: RemoteProject = "",
    what: What = "candidates",
    method: Annotated[
        str | None, typer.Option("--method", help="Which candidates; all by default.")
    ] = None,
    frame: Frame = "crop",
    strict: Strict = False,
    json: Json = False,
) -> None:
    """Upload images with their candidates to a labelling server, a task an image.

    What is there is not uploaded again, and nothing there is changed or deleted. After an
    interruption, run the same command again.
    """
    from premask.project.project import open_project
    from premask.workflow import servers

    done = servers.push(
        open_project(project),
        to,
        url=url,
        token=token,
        remote_project=remote_project,
        what=what,
        method=method,
        frame=frame,
        strict=strict,
        on_image=count_line("image"),
        on_wait=note,
    )
    made, added = count(len(done.created), "task"), count(done.added, "label map")
    line = f"{made} made, {added} added to others, {done.present} there already: {done.address}"
    data = {
        "address": done.address,
        "created": done.created,
        "added": done.added,
        "present": done.present,
    }
    with_findings(json, data, [line], done.findings)


def pull(
    project: ProjectFolder,
    from_: Annotated[
        str, typer.Option("--from", help="label-studio, cvat or labelbox.", show_default=False)
    ],
    url: Url = None,
    token: Token = None,
    remote_project: RemoteProject = "",
    kind: Kind = "preannotated",
    renames: Renames = None,
    strict: Strict = False,
    json: Json = False,
) -> None:
    """Bring back what was annotated on a labelling server since the last time.

    All of it comes in, or none. With --as candidate, predictions come.
    """
    from premask.project.project import open_project
    from premask.workflow import servers

    done = servers.pull(
        open_project(project),
        from_,
        url=url,
        token=token,
        remote_project=remote_project,
        kind=kind,
        renames=dict(map(rename, renames or [])),
        strict=strict,
        on_task=count_line("task"),
        on_wait=note,
    )
    lines = [f"{count(len(done.done), 'label map')} brought back as {kind}"]
    lines += times_lines(project, done.times)
    data = {"imported": done.done, "times": done.times}
    with_findings(json, data, lines, done.findings)
