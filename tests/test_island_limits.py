"""Island limits belong to regions or to phases, and never pass from one to the other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from helpers import answer, premask, small_micrograph, write_images
from premask.core.errors import PremaskError
from premask.core.phases import make_phases
from premask.core.records import Cost, Parameters
from premask.project.candidates import all_candidates, save_candidate
from premask.project.project import Project, init_project
from premask.project.settings import Settings
from premask.workflow.add import add_images
from premask.workflow.islands import change_islands
from premask.workflow.name import Named, name_by_grey, name_by_hand, name_by_prototypes


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two images with a candidate of three regions each; no names."""
    made = init_project(tmp_path / "steel", Settings(make_phases(["A", "B", "C", "D"])))
    cost = Cost(0.1, 0.1, 10, 1, "a machine")
    for i, record in enumerate(add_images(made, write_images(tmp_path / "in", 2)).added):
        regions = np.digitize(small_micrograph(i), [110, 180]).astype(np.uint8)
        save_candidate(made, record, Parameters("kmeans", 3), regions, cost)
    return made


def rules(project: Project) -> list[str]:
    return [c.islands.get("rule", "default") for c in all_candidates(project)]


def by_hand(project: Project, *names: str) -> Named:
    return name_by_hand(project, "a.png", "kmeans", names)


def test_limits_of_regions_go_with_the_first_name(project: Project) -> None:
    change_islands(project, limits=["2=50"])
    assert by_hand(project, "0=A", "1=C").limits_dropped
    assert rules(project) == ["default", "areas"]
    (named,) = name_by_prototypes(project)
    assert named.limits_dropped
    assert rules(project) == ["default", "default"]


def test_naming_by_grey_drops_them_as_well(project: Project) -> None:
    change_islands(project, limits=["2=50"])
    assert [one.limits_dropped for one in name_by_grey(project, order=["A", "B", "C"])] == [
        True
    ] * 2
    assert rules(project) == ["default", "default"]


def test_limits_of_phases_stay_until_the_last_name_goes(project: Project) -> None:
    by_hand(project, "0=A", "1=B")
    change_islands(project, limits=["B=50"], image="a.png")
    assert not by_hand(project, "2=C").limits_dropped
    assert not by_hand(project, "0=-", "1=-").limits_dropped
    assert rules(project)[0] == "areas"
    assert by_hand(project, "2=-").limits_dropped
    assert rules(project)[0] == "default"


def test_off_has_no_labels_and_stays(project: Project) -> None:
    change_islands(project, off=True)
    assert not by_hand(project, "0=A").limits_dropped
    assert rules(project) == ["off", "off"]


def test_a_limit_of_a_phase_is_for_candidates_with_names(project: Project) -> None:
    with pytest.raises(PremaskError, match="have no names yet"):
        change_islands(project, limits=["B=50"])
    by_hand(project, "0=A")
    assert change_islands(project, limits=["B=50"]) == 1
    assert rules(project) == ["areas", "default"]


def test_the_command_says_so_in_one_line(project: Project) -> None:
    done = premask("islands", project.root, "2=50")
    assert done.returncode == 0
    done = premask("name", project.root, "--image", "a", "--method", "kmeans", "0=A", "1=B")
    (line,) = [line for line in done.stdout.splitlines() if "default islands rule" in line]
    assert line.endswith(": a.png kmeans")
    assert done.stdout.startswith("1 candidate named:")
    done = premask("islands", project.root, "B=5")
    assert "1 candidate without names keeps its rule" in done.stderr
    (named,) = answer("name", project.root, "--by", "prototypes")["named"]
    assert named["limits_dropped"]
    grey = premask("name", project.root, "--by", "grey", "--order", "A,B,C")
    assert grey.stdout.startswith("1 candidate named:")


def test_a_candidate_without_names_left_counts_as_unnamed(project: Project) -> None:
    by_hand(project, "0=A")
    by_hand(project, "0=-")
    assert [one["named"] for one in answer("status", project.root)["images"]] == [0, 0]
