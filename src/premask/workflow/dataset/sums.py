"""``SHA256SUMS``: the files that a data set was published with."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

SUMS = "SHA256SUMS"

_LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)", re.IGNORECASE)


def read_sums(root: Path) -> dict[str, str]:
    """The SHA-256 of each file that ``SHA256SUMS`` lists, by its name below the data set's folder.

    Empty where there is no such file. Lines of another form, and names that point out of the
    folder, are passed over: nothing is read there.
    """
    try:
        text = (root / SUMS).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    found = {}
    for line in text.splitlines():
        matched = _LINE.fullmatch(line)
        if matched and _is_inside(matched[2]):
            found[matched[2]] = matched[1].lower()
    return found


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    plain = name.isprintable() and "\\" not in name and ":" not in name
    return plain and not path.is_absolute() and ".." not in path.parts
