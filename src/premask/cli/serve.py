"""``serve``: a trained model behind HTTP."""

from __future__ import annotations

import secrets
from typing import Annotated

import typer

from premask.cli.annotate import LOOPBACK
from premask.cli.out import Json, answer, err
from premask.cli.predict import ModelPath, Threads
from premask.core.errors import PremaskError


def add_commands(app: typer.Typer) -> None:
    """Put this module's commands into the command line."""
    app.command("serve", rich_help_panel="7 Learn and predict")(serve)


def serve(
    model: ModelPath,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; others than 127.0.0.1 get a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="0: a free one.", min=0, max=65535)] = 8041,
    waiting: Annotated[
        int, typer.Option("--waiting", help="Images at once; one more is refused.", min=1)
    ] = 16,
    megabytes: Annotated[
        int, typer.Option("--megabytes", help="Largest file that is taken.", min=1, max=256)
    ] = 128,
    megapixels: Annotated[
        int, typer.Option("--megapixels", help="Largest image that is taken.", min=1, max=400)
    ] = 40,
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Answer with label maps to images, by HTTP and on a page. Ctrl-C stops the service."""
    from premask.deploy.predictor import load_model
    from premask.deploy.service import Limits, create_service
    from premask.server.run import answer_requests, listen, name_of
    from premask.server.security import guard

    loaded = load_model(model, threads=threads)
    token = None if host in LOOPBACK else secrets.token_urlsafe(24)
    limits = Limits(waiting, megabytes * 1024 * 1024, megapixels * 1_000_000)
    app = create_service(loaded, guard(token), limits)
    sock = listen(host, port)
    address = f"http://{name_of(host)}:{sock.getsockname()[1]}/"
    whole = address + (f"?token={token}" if token else "")
    answer(json, {"address": whole}, [f"premask serves the model at {whole}"])
    if token:
        err("premask: whoever has this address can use the model; there is no TLS")
        err(f"premask: programs send the header Authorization: Bearer {token}")
    try:
        answer_requests(app, sock)
    except KeyboardInterrupt:
        err("premask: the service has stopped; the same command starts it again")
        raise typer.Exit from None
    except OSError as error:
        raise PremaskError(f"the service stopped: {error}") from None
