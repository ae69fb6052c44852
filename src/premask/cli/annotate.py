"""``annotate``: the web application."""

from __future__ import annotations

import secrets
from typing import Annotated

import typer

from premask.cli.out import Json, answer, err
from premask.cli.project import ProjectFolder
from premask.core.errors import PremaskError

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def add_commands(app: typer.Typer) -> None:
    """Put this module's commands into the command line."""
    app.command("annotate", rich_help_panel="3 Repair")(annotate)


def annotate(
    project: ProjectFolder,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; others than 127.0.0.1 get a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="0: a free one.", min=0, max=65535)] = 8040,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Do not open a browser.")
    ] = False,
    json: Json = False,
) -> None:
    """Choose candidates, repair them and submit, in the browser. Ctrl-C stops the server."""
    from premask.project.project import open_project
    from premask.server.run import listen, name_of, serve

    opened = open_project(project)
    token = None if host in LOOPBACK else secrets.token_urlsafe(24)
    sock = listen(host, port)
    number = sock.getsockname()[1]
    address = f"http://{name_of(host)}:{number}/" + (f"?token={token}" if token else "")
    answer(json, {"address": address}, [f"premask is at {address}"])
    if token:
        err("premask: whoever has this address can see and change the project; there is no TLS")
    if not no_browser:
        import webbrowser

        webbrowser.open(address)
    try:
        serve(opened, sock, token)
    except KeyboardInterrupt:
        raise typer.Exit from None
    except OSError as error:
        raise PremaskError(f"the server stopped: {error}") from None
