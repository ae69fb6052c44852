"""Run the commands of a page and write what they print beneath them.

python docs/make_outputs.py docs/tutorial.md [FOLDER]

Every ``$ premask ...`` in a console block is run, in order, in FOLDER (a temporary one by
default). Standard output goes into the page, and the lines of standard error that begin with
``premask:``; progress does not.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands_of(block: str) -> list[list[str]]:
    """The commands of a console block as words, without the ``$``."""
    joined = block.replace("\\\n", " ")
    return [shlex.split(line[2:]) for line in joined.splitlines() if line.startswith("$ ")]


def run(words: list[str], folder: Path) -> str:
    """What a command prints."""
    if words[0] != "premask":
        raise ValueError(f"only premask is run here, not {words}")
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "premask", *words[1:]],
        cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "COLUMNS": "140"},
    )  # fmt: skip
    errors = [line for line in done.stderr.splitlines() if line.startswith("premask:")]
    printed = "\n".join([done.stdout.rstrip("\n"), *errors]).strip("\n")
    return printed.replace(str(folder.resolve()), "/home/me")


def with_outputs(page: str, folder: Path) -> str:
    """The page with its commands' present outputs."""

    def rewritten(found: re.Match[str]) -> str:
        parts: list[str] = []
        lines = iter(found[1].splitlines())
        for line in lines:
            if not line.startswith("$ "):
                continue  # an old output
            command = [line]
            while command[-1].endswith("\\"):
                command.append(next(lines))
            words = commands_of("\n".join(command))[0]
            parts += ["\n".join(command), run(words, folder)]
        return "```console\n" + "\n".join(part for part in parts if part) + "\n```"

    return BLOCK.sub(rewritten, page)


def main() -> None:
    """Rewrite a page in place."""
    page = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(temporary)
        text = with_outputs(page.read_text(encoding="utf-8"), folder)
    page.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
