"""Descriptors are made once for a candidate, and again where they are gone or damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from helpers import small_micrograph, write_images
from premask.core.phases import make_phases
from premask.core.records import Candidate, Cost, ImageRecord, Parameters
from premask.naming.descriptors import RegionDescriptors, describe
from premask.project.candidates import all_candidates, save_candidate
from premask.project.images import all_images
from premask.project.project import Project, init_project
from premask.project.settings import Settings
from premask.workflow import descriptors
from premask.workflow.add import add_images, change_image

Made = tuple[Project, ImageRecord, Candidate]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    project = init_project(tmp_path / "steel", Settings(make_phases(["A", "B"])))
    (image,) = add_images(project, write_images(tmp_path / "in", 1)).added
    regions = (small_micrograph(0) > 120).astype(np.uint8)
    cost = Cost(0.1, 0.1, 10, 1, "a machine")
    save_candidate(project, image, Parameters("kmeans", 2), regions, cost)
    return project, image, all_candidates(project)[0]


def count_calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    calls: list[int] = []

    def counted(image: object, regions: object) -> RegionDescriptors:
        calls.append(1)
        return describe(image, regions)  # type: ignore[arg-type]

    monkeypatch.setattr(descriptors, "describe", counted)
    return calls


def same(one: RegionDescriptors, other: RegionDescriptors) -> bool:
    pairs = zip(one.to_arrays().values(), other.to_arrays().values(), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


def close(one: RegionDescriptors, other: RegionDescriptors) -> bool:
    """Equal up to the last bits of OpenCV's single-precision filters."""
    pairs = zip(one.to_arrays().values(), other.to_arrays().values(), strict=True)
    return all(np.allclose(a, b, atol=1e-4) for a, b in pairs)


def test_they_are_made_once_and_kept_exactly(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = count_calls(monkeypatch)
    first = descriptors.describe_candidate(*made)
    assert same(first, descriptors.describe_candidate(*made))
    image = small_micrograph(0)
    assert close(first, describe(image, (image > 120).astype(np.uint8)))
    assert len(calls) == 1


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"no archive"])
def test_a_damaged_file_is_made_again(
    made: Made, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    first = descriptors.describe_candidate(*made)
    (kept,) = (made[0].root / descriptors.FOLDER).rglob("*.npz")
    kept.write_bytes(content)
    calls = count_calls(monkeypatch)
    again = descriptors.describe_candidate(*made)
    assert close(first, again)
    assert same(again, descriptors.describe_candidate(*made))
    assert len(calls) == 1


def test_descriptors_of_another_version_are_made_again(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    descriptors.describe_candidate(*made)
    monkeypatch.setattr("premask.naming.descriptors.VERSION", 99)
    calls = count_calls(monkeypatch)
    descriptors.describe_candidate(*made)
    assert len(calls) == 1


def test_another_crop_has_descriptors_of_its_own(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, image, _ = made
    descriptors.describe_candidate(*made)
    cropped = change_image(project, image, crop_bottom=16)
    regions = (small_micrograph(0)[:80] > 120).astype(np.uint8)
    cost = Cost(0.1, 0.1, 10, 1, "a machine")
    save_candidate(project, cropped, Parameters("kmeans", 2), regions, cost)
    calls = count_calls(monkeypatch)
    (candidate,) = all_candidates(project)
    descriptors.describe_candidate(project, all_images(project)[0], candidate)
    assert len(calls) == 1
