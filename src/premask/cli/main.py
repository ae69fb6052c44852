"""The command ``premask``: every command's module, and one way to report an error."""

from __future__ import annotations

import errno
import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from premask import __version__
from premask.cli import (
    annotate,
    assess,
    audit,
    candidates,
    dataset,
    exchange,
    predict,
    project,
    quantify,
    serve,
    servers,
    start,
    study,
    train,
)
from premask.cli.out import err, stoppable
from premask.core.errors import PremaskError, near


class _Commands(TyperGroup):
    """The commands; of options only those are named that a misspelt one may have been."""

    def invoke(self, ctx: Any) -> Any:
        try:
            with stoppable("what was finished is kept"):  # Typer itself ends without a word
                return super().invoke(ctx)
        except Exception as error:
            options = getattr(error, "possibilities", None)
            if options:  # of an option that is not known
                name = str(getattr(error, "option_name", ""))
                vars(error)["possibilities"] = [one for one in options if near(name, one)]
            raise


app = typer.Typer(
    cls=_Commands,
    name="premask",
    help="From a folder of micrographs to a finished, pixel-labelled data set.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (
    start,
    project,
    candidates,
    annotate,
    study,
    assess,
    quantify,
    exchange,
    servers,
    dataset,
    train,
    predict,
    serve,
    audit,
):
    module.add_commands(app)


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"premask {__version__}\n")
        raise typer.Exit


@app.callback()
def _top(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line; a user's error is one line on stderr and exit code 2."""
    try:
        app()
    except PremaskError as error:
        _fail(str(error), 2)
    except KeyboardInterrupt:
        _fail("stopped; what was finished is kept", 130)
    except MemoryError:
        _fail("not enough memory for this; close other programs or use smaller images", 2)
    except OSError as error:
        if error.errno == errno.EPIPE:  # the reader of our output has gone, e.g. head
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(141)
        _fail(f"{error.filename or 'the system'}: {error.strerror or error}", 2)
    except Exception as error:
        if os.environ.get("PREMASK_DEBUG"):
            raise
        _fail(
            f"a fault in premask itself ({type(error).__name__}: {error}); nothing that was"
            " finished is lost. Please report it, with what PREMASK_DEBUG=1 prints",
            70,
        )


def _fail(message: str, code: int) -> None:
    err(f"premask: {' '.join(message.split())}")
    sys.exit(code)


if __name__ == "__main__":
    main()
