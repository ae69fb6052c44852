"""``doctor`` and ``methods`` see what a project's settings give its methods."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers import answer, premask, refusal


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "steel"
    answer("init", root, "--classes", "A,B")
    weights = tmp_path / "own.pth"
    weights.write_bytes(b"weights")
    settings = f"[methods.sam]\nweights = '{weights}'\n[methods.multi-otsu]\nsigma = 2.5\n"
    with (root / "premask.toml").open("a") as file:
        file.write(settings)
    return root


def test_doctor_takes_the_weights_of_a_project(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("transformers")
    monkeypatch.delenv("PREMASK_SAM_WEIGHTS", raising=False)
    assert "weights" in answer("doctor")["methods"]["sam"]
    assert answer("doctor", project)["methods"]["sam"] is None
    assert "sam: ready" in premask("doctor", project).stdout


def test_methods_show_the_options_of_a_project(project: Path) -> None:
    def of(*arguments: object) -> dict[str, dict[str, object]]:
        return {one["name"]: one for one in answer("methods", *arguments)["methods"]}

    assert of()["multi-otsu"]["options"]["sigma"] != 2.5  # type: ignore[index]
    assert of(project)["multi-otsu"]["options"]["sigma"] == 2.5  # type: ignore[index]
    assert "sigma=2.5" in premask("methods", project).stdout


def test_an_unknown_method_in_the_settings_is_told(project: Path) -> None:
    with (project / "premask.toml").open("a") as file:
        file.write("[methods.kmean]\nx = 1\n")
    for command in ("doctor", "methods"):
        assert "did you mean kmeans" in refusal(command, project)
