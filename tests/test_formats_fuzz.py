"""Damaged files of every format that is entered: one clear error, or nothing wrong at all."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exchange_projects import NAMES, awkward_maps, label, make_project
from premask.core.errors import PremaskError
from premask.core.phases import make_phases
from premask.interchange.formats import FORMATS, find_format
from premask.interchange.vocabulary import Vocabulary
from premask.workflow.exchange import MANIFEST
from premask.workflow.export_labels import export_label_maps
from premask.workflow.import_labels import import_label_maps

SHAPES = {"a.png": (12, 17), "b 1.5.png": (1, 9)}
LINES = (".jsonl", ".ndjson")
JSON = (".json", ".jsonl", ".ndjson")


class Files(dict[str, bytes]):
    """The files of an export by their paths; short where a failure shows it."""

    def __repr__(self) -> str:
        return f"{len(self)} files"


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Files]:
    """The files of an export in each format."""
    root = tmp_path_factory.mktemp("exports")
    project = make_project(root, SHAPES)
    label(project, awkward_maps(SHAPES)[-2])
    found = {}
    for format_ in FORMATS:
        export_label_maps(project, format_, root / format_)
        found[format_] = Files(
            {
                path.relative_to(root / format_).as_posix(): path.read_bytes()
                for path in sorted((root / format_).rglob("*"))
                if path.is_file() and path.name != MANIFEST
            }
        )
    return found


def write(folder: Path, files: Files) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def read_all(format_: str, folder: Path) -> int:
    """Read all label maps of a folder, as an import does; how many there are."""
    vocabulary = Vocabulary(make_phases(NAMES))
    n = 0
    for one in find_format(format_).load(folder, vocabulary):
        label_map = one.read()
        assert label_map.ndim == 2
        assert label_map.dtype == "uint8"
        n += 1
    return n


def truncate(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def flip(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice([1, 1, 3, 30])):
        if changed:
            changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def drop(data: bytes, rng: random.Random) -> bytes:
    """Take a piece out, or put one in twice."""
    start = rng.randrange(len(data) + 1)
    end = min(start + rng.randrange(1, 40), len(data))
    return data[:start] + data[start:end] * rng.choice([0, 2]) + data[end:]


ANYTHING: list[Any] = [
    None, True, -1, 0, 3, 255, 256, 10**9, 10**400, 1e308, float("nan"), "", "x", "a\0b", "\ud800",
    "é" * 300, "../../etc/passwd", "/etc/passwd", [], {}, [[]], [1, 2, 3], {"a": 1}, [None] * 5,
]  # fmt: skip


def reshape(name: str, data: bytes, rng: random.Random) -> bytes:
    """Put something else in the place of a value of JSON, or take it away."""
    texts = data.decode().split("\n") if name.endswith(LINES) else [data.decode()]
    documents = [[json.loads(text)] for text in texts if text.strip()]
    holder, key = rng.choice([place for document in documents for place in _places(document)])
    if rng.random() < 0.2:
        del holder[key]
    else:
        holder[key] = rng.choice(ANYTHING)
    return "\n".join(json.dumps(document[0]) for document in documents if document).encode()


def _places(value: Any) -> list[tuple[Any, Any]]:
    if not isinstance(value, (dict, list)):
        return []
    keys = list(value) if isinstance(value, dict) else range(len(value))
    return [(value, key) for key in keys] + [p for key in keys for p in _places(value[key])]


BYTES: list[Callable[[bytes, random.Random], bytes]] = [truncate, flip, drop]


@pytest.mark.parametrize("format_", FORMATS)
@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32))
def test_damaged_files_are_refused_in_one_line(
    exports: dict[str, Files], tmp_path: Path, format_: str, seed: int
) -> None:
    rng = random.Random(seed)
    files = Files(exports[format_])
    name = rng.choice([one for one in files if not _is_picture(one)])
    damage = rng.choice(BYTES)
    if name.endswith(JSON) and rng.random() < 0.6:
        files[name] = reshape(name, files[name], rng)
    else:
        files[name] = damage(files[name], rng)
    refusal = refused(lambda: read_all(format_, write(tmp_path / "damaged", files)))
    assert refusal is None or (refusal and "\n" not in refusal)


def refused(action: Callable[[], object]) -> str | None:
    """What a refusal says, None where there was none; other errors come through."""
    try:
        action()
    except PremaskError as error:
        return str(error)
    return None


def _is_picture(name: str) -> bool:
    return "images" in name.lower()


@pytest.mark.parametrize("format_", FORMATS)
def test_whole_files_are_read(exports: dict[str, Files], tmp_path: Path, format_: str) -> None:
    assert read_all(format_, write(tmp_path / "whole", exports[format_])) == len(SHAPES)


@pytest.mark.parametrize("format_", FORMATS)
def test_a_cut_off_import_leaves_the_project_as_it_was(
    exports: dict[str, Files], tmp_path: Path, format_: str
) -> None:
    """Each file in turn is cut in half; where that is refused, not one label map comes in."""
    project = make_project(tmp_path, SHAPES)
    refusals = []
    for name in [one for one in exports[format_] if not _is_picture(one)]:
        before = _everything(project.root)
        files = Files(exports[format_])
        files[name] = files[name][: len(files[name]) // 2]
        folder = write(tmp_path / "cut", files)
        refusal = refused(lambda: import_label_maps(project, format_, folder))  # noqa: B023
        if refusal is not None:
            refusals.append(refusal)
            assert _everything(project.root) == before, name
    assert refusals
    assert all("\n" not in refusal for refusal in refusals)


def _everything(root: Path) -> dict[str, bytes]:
    """All files of a project, but for the database's journal."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.name.startswith("premask.db-")
    }
