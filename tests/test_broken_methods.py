"""A broken method of another package is told, and takes nothing else with it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import premask as package
from helpers import answer, premask, small_micrograph, write_images
from premask.core.errors import PremaskError
from premask.preannotators import methods

POINTS = {
    "absent": "no_such_module_anywhere:method",
    "gone": "others_methods:gone",
    "raising": "others_methods_raising:method",
    "leaving": "others_methods_leaving:method",
    "number": "others_methods:NUMBER",
    "bare": "others_methods",
    "dumb": "others_methods:dumb",
    "faulty": "others_methods:faulty",
}
BROKEN = [name for name in POINTS if name != "faulty"]


@pytest.fixture
def others(tmp_path: Path) -> Path:
    """A folder for PYTHONPATH with an installed package whose methods are all broken."""
    folder = tmp_path / "site"
    info = folder / "others-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: others\nVersion: 1.0\n")
    lines = [f"{name} = {target}" for name, target in POINTS.items()]
    (info / "entry_points.txt").write_text("\n".join([f"[{methods.ENTRY_POINTS}]", *lines]))
    (folder / "others_methods.py").write_text(
        "NUMBER = 3\n"
        "class Dumb:\n    __signature__ = 3\n    def __call__(self): pass\n"
        "dumb = Dumb()\n"
        "def faulty(image, n_classes, *, seed=0, size=(2, 3), rate=0.5, limit=None, fast=False):\n"
        "    raise ValueError('no luck\\nat all')\n"
    )
    (folder / "others_methods_raising.py").write_text("raise ValueError('one\\ntwo')\n")
    (folder / "others_methods_leaving.py").write_text("import sys; sys.exit(5)\n")
    return folder


@pytest.fixture
def env(others: Path) -> dict[str, str]:
    return {"PYTHONPATH": str(others)}


def test_methods_and_doctor_list_it_with_the_reason_in_one_line(env: dict[str, str]) -> None:
    for command in ("methods", "doctor"):
        done = premask(command, "--json", env=env)
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)["methods"]
        if command == "methods":
            found = {one["name"]: one["reason"] for one in found}
        assert found["kmeans"] is None
        assert found["faulty"] is None
        for name in BROKEN:
            assert found[name].startswith(f"{name} ("), found[name]
            assert "\n" not in found[name]
    assert "ValueError: one two" in found["raising"]
    shown = premask("methods", env=env).stdout
    assert "raising is not ready: raising (" in shown


def test_preannotate_leaves_it_out_and_goes_on(env: dict[str, str], tmp_path: Path) -> None:
    project = tmp_path / "p"
    answer("init", project, "--classes", "A,B")
    answer("add", project, *write_images(tmp_path / "in", 1))
    named = ["--method", "multi-otsu", "--method", "raising"]
    refused = premask("preannotate", project, *named, env=env)
    assert refused.returncode == 2
    assert refused.stderr.startswith("premask: raising (others_methods_raising:method) cannot")
    done = premask("preannotate", project, "--method", "multi-otsu", "--method", "faulty",
                   "--jobs", 1, env=env)  # fmt: skip
    assert done.returncode == 2
    assert "1 candidate made" in done.stdout
    assert "not made: a.png: faulty: faulty failed (ValueError: no luck at all)" in done.stderr


def test_every_method_that_can_run_does_so_beside_a_broken_one(
    env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from premask.core.phases import make_phases
    from premask.project.project import init_project
    from premask.project.settings import Settings
    from premask.workflow import preannotate as workflow
    from premask.workflow.add import add_images

    project = init_project(tmp_path / "p", Settings(make_phases(["A", "B"])))
    add_images(project, write_images(tmp_path / "in", 1))
    offered = {
        "multi-otsu": methods.METHODS["multi-otsu"],
        "absent": methods.Method(POINTS["absent"], "from others"),
    }
    monkeypatch.setattr(methods, "all_methods", lambda: offered)
    monkeypatch.setattr(workflow, "all_methods", lambda: offered)
    summary = workflow.preannotate(project, jobs=1)
    assert (summary.made, summary.failed) == (1, [])
    (reason,) = summary.left_out
    assert reason.startswith("absent (no_such_module_anywhere:method) cannot be imported")
    with pytest.raises(PremaskError, match="cannot be imported"):
        workflow.preannotate(project, methods=["absent"])
    with pytest.raises(PremaskError, match="cannot be imported"):
        package.preannotate(small_micrograph(0), "absent", 2)


def test_defaults_of_options_keep_their_types(env: dict[str, str]) -> None:
    done = premask("methods", "--json", env=env)
    found = {one["name"]: one["options"] for one in json.loads(done.stdout)["methods"]}
    assert found["faulty"] == {"size": [2, 3], "rate": 0.5, "limit": None, "fast": False}
    assert found["raising"] == {}
    ours = {key: value for name in methods.METHODS for key, value in found[name].items()}
    assert any(isinstance(value, float) for value in ours.values())
    assert not any(value in ("None", "True", "False") for value in ours.values())


def test_what_a_method_returns_may_be_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(methods.METHODS, "listed", methods.Method("", "a list"))
    monkeypatch.setattr(methods, "options_of", lambda name: {})
    monkeypatch.setattr(methods, "load", lambda name: lambda image, n, seed: (image > 99).tolist())
    regions = package.preannotate(small_micrograph(0), "listed", 2)
    assert regions.dtype == np.uint8
