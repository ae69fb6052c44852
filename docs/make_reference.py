"""Write docs/reference/commands.md from the command line, and the tables of two how-to pages.

python docs/make_reference.py

The words are those of ``premask COMMAND --help``; a test holds the page to them.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from typer.models import ArgumentInfo

from premask.cli.main import app
from premask.core.exchange import FINDINGS
from premask.interchange.formats import FORMATS
from premask.train.knobs import knob_table

PAGE = Path(__file__).parent / "reference" / "commands.md"
EXCHANGE = Path(__file__).parent / "howto" / "exchange.md"
TRAIN = Path(__file__).parent / "howto" / "train.md"

HEAD = """# Commands

This page is made from the commands' own help: `premask COMMAND --help` says the same.

- A PROJECT is a folder that `premask init` has made.
- Every command takes `--json` and then prints a machine-readable answer on standard output
  ([what is in it](formats.md#json-answers)). Progress and errors go to standard error.
- An error is one line that begins with `premask:` and says what was wrong, what is accepted
  and what to do.

| exit code | means |
|---|---|
| 0 | all is done |
| 2 | something was refused: nothing was done, or the rest was done and the refused is listed |
| 130 | stopped by Ctrl-C; what was finished is kept |
| 70 | a fault in premask itself; `PREMASK_DEBUG=1` shows where |
"""


@dataclass(frozen=True)
class Parameter:
    """An argument or an option, as its function declares it.

    Read from the declaration because Typer's own objects change between its versions.
    """

    names: tuple[str, ...]
    kind: str
    help: str
    default: Any
    argument: bool
    required: bool
    many: bool
    choices: tuple[str, ...]

    @property
    def flag(self) -> bool:
        """Whether it stands alone, without a value."""
        return self.kind == "flag"


@dataclass(frozen=True)
class Command:
    """One command of the command line; the name of a command of a group is two words."""

    name: str
    panel: str
    help: str
    parameters: tuple[Parameter, ...]


def commands() -> dict[str, Command]:
    """The commands by name, in the order in which the help lists them."""
    everything = [
        (str(one.name), str(one.rich_help_panel), one) for one in app.registered_commands
    ] + [
        (f"{group.name} {one.name}", str(group.rich_help_panel), one)
        for group in app.registered_groups
        if group.typer_instance
        for one in group.typer_instance.registered_commands
    ]
    found = [
        Command(name, panel, inspect.getdoc(one.callback) or "", parameters_of(one.callback))
        for name, panel, one in everything
        if one.callback
    ]
    return {command.name: command for command in sorted(found, key=lambda one: one.panel)}


def parameters_of(callback: Callable[..., Any]) -> tuple[Parameter, ...]:
    """The arguments and options of a command's function."""
    hints = get_type_hints(callback, include_extras=True)
    found = []
    for name, declared in inspect.signature(callback).parameters.items():
        type_, info = get_args(hints[name])[:2]
        required = declared.default is inspect.Parameter.empty
        argument = isinstance(info, ArgumentInfo)
        # Typer's own signature puts the first name into the place of the default.
        declared_names = [info.default, *(info.param_decls or ())]
        declared_names = [n for n in declared_names if isinstance(n, str) and n.startswith("-")]
        names = tuple(part for n in declared_names for part in n.split("/"))  # --a/--no-a
        plain = _plain(type_)
        found.append(
            Parameter(
                (name.rstrip("_").upper(),) if argument else names,
                _kind(plain),
                str(info.help or ""),
                None if required else declared.default,
                argument,
                required,
                get_origin(plain) is list,
                get_args(plain) if get_origin(plain) is Literal else (),
            )
        )
    return tuple(found)


def _plain(type_: Any) -> Any:
    """The type without Annotated and without None."""
    if get_origin(type_) is Annotated:
        return _plain(get_args(type_)[0])
    if isinstance(type_, types.UnionType):
        return _plain(next(part for part in get_args(type_) if part is not types.NoneType))
    return type_


def _kind(type_: Any) -> str:
    if get_origin(type_) is list:
        return _kind(get_args(type_)[0])
    if get_origin(type_) is Literal:
        return "TEXT"
    return {bool: "flag", int: "N", float: "X", Path: "PATH"}.get(type_, "TEXT")


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for panel, group in groupby(commands().values(), key=lambda command: command.panel):
        parts.append(f"## {panel.partition(' ')[2]}\n")
        parts += [_section(command) for command in group]
    return "\n".join(parts)


def _section(command: Command) -> str:
    paragraphs = [" ".join(text.split()) for text in command.help.split("\n\n")]
    lines = [f"### premask {command.name}"]
    for paragraph in paragraphs:
        lines += ["", paragraph]
    lines += ["", "```text", _usage(command), "```", ""]
    lines += ["| argument or option | |", "|---|---|"]
    lines += [f"| {_left(p)} | {_right(p)} |" for p in command.parameters]
    return "\n".join([*lines, ""])


def _usage(command: Command) -> str:
    words = []
    for one in command.parameters:
        if one.argument:
            word = one.names[0] + ("..." if one.many else "")
            words.append(word if one.required else f"[{word}]")
        elif one.required:
            words.append(f"{one.names[0]} {one.kind}")
    return " ".join(["premask", command.name, *words, "[OPTIONS]"])


def _left(one: Parameter) -> str:
    text = " ".join(one.names) if one.argument or one.flag else f"{one.names[0]} {one.kind}"
    return f"`{text}`"


def _right(one: Parameter) -> str:
    notes = ["required"] if one.required else []
    if one.default is not None and not one.flag:
        notes.append(f"default `{one.default}`")
    if one.choices:
        notes.insert(0, "one of " + ", ".join(f"`{choice}`" for choice in one.choices))
    text = one.help.replace("|", "\\|")
    return f"{text} ({', '.join(notes)})" if notes else text


def exchange_page() -> str:
    """The page on exchange with its tables as the code has them."""
    text = EXCHANGE.read_text(encoding="utf-8")
    formats = [
        "| format | holds | several maps an image | micrographs by default |",
        "|---|---|---|---|",
    ]
    formats += [
        f"| `{name}` | {one.summary} | {'yes' if one.layers else ''} |"
        f" {'yes' if one.pictures else ''} |"
        for name, one in FORMATS.items()
    ]
    findings = ["| kind | what it lists |", "|---|---|"]
    findings += [f"| `{kind}` | {what} |" for kind, what in FINDINGS.items()]
    for mark, lines in (("formats", formats), ("findings", findings)):
        text = _filled(text, mark, lines)
    return text


def train_page() -> str:
    """The page on training with its table of knobs as the code has them."""
    return _filled(TRAIN.read_text(encoding="utf-8"), "knobs", knob_table())


def _filled(text: str, mark: str, lines: list[str]) -> str:
    """A page with a table in its place."""
    start = f"<!-- {mark}: made by docs/make_reference.py -->\n"
    before, _, rest = text.partition(start)
    after = rest[rest.index("<!-- end -->") :]
    return f"{before}{start}\n{chr(10).join(lines)}\n\n{after}"


def main() -> None:
    """Write the pages."""
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
    EXCHANGE.write_text(exchange_page(), encoding="utf-8", newline="\n")
    TRAIN.write_text(train_page(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
