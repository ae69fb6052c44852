"""Settings through the server: phases, types, scale, images that go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient

from helpers import write_images
from premask.core.phases import Phases, make_phases
from premask.project import settings as settings_file
from premask.project.images import all_images, update_image
from premask.project.label_maps import image_versions, read_version, save_label_map
from premask.project.project import Project, init_project, open_project
from premask.project.sessions import working_copy
from premask.project.settings import Settings
from premask.server.app import create_app
from premask.workflow.add import add_images
from premask.workflow.preannotate import preannotate

ANA = {"X-Premask-Annotator": "ana"}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    phases = Phases(
        make_phases(["Alpha", "TiB2", "TiN"]).phases,
        by_type={"I": ("Alpha", "TiB2")},
        inside={"TiN": ("TiB2",)},
    )
    made = init_project(tmp_path / "project", Settings(phases, {"sam": {"points": 8}}))
    add_images(made, write_images(tmp_path / "in", 3), crop_bottom=16)
    return made


@pytest.fixture
def client(project: Project) -> Iterator[TestClient]:
    with TestClient(create_app(project), base_url="http://127.0.0.1:8040") as made:
        made.post("/api/annotators", json={"name": "ana"})
        made.headers.update(ANA)
        yield made


def shown(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/api/project").json()
    return found


def change(client: TestClient, phases: list[tuple[int | None, str]], **more: Any) -> Any:
    now = shown(client)
    body = {
        "phases": [{"index": i, "name": name, "colour": "#112233"} for i, name in phases],
        "types": now["types"],
        "based_on": now["settings"],
    }
    return client.put("/api/settings", json=body | more)


def test_a_phase_is_renamed_recoloured_and_added(client: TestClient, project: Project) -> None:
    phases = [(0, "Ferrite"), (1, "TiB2"), (2, "TiN"), (None, "Pore")]
    types = {"I": ["Ferrite", "Pore"], "II": ["TiB2"]}
    assert change(client, phases, types=types).json()["types"] == types
    assert [p["name"] for p in shown(client)["phases"]] == ["Ferrite", "TiB2", "TiN", "Pore"]
    stored = settings_file.read(project.root)
    assert stored.phases.names == ("Ferrite", "TiB2", "TiN", "Pore")
    assert stored.phases.phases[0].colour == "#112233"
    assert stored.phases.inside == {"TiN": ("TiB2",)}
    assert stored.methods == {"sam": {"points": 8}}, "what was not asked for stays"


def test_a_renamed_phase_keeps_its_place_inside_others(
    client: TestClient, project: Project
) -> None:
    assert change(client, [(0, "Alpha"), (1, "Boride"), (2, "Nitride")], types={}).is_success
    assert settings_file.read(project.root).phases.inside == {"Nitride": ("Boride",)}


@pytest.mark.parametrize(
    "phases",
    [
        [(0, "Alpha"), (1, "TiB2")],
        [(1, "TiB2"), (0, "Alpha"), (2, "TiN")],
        [(0, "Alpha"), (1, "TiB2"), (2, "")],
        [(0, "Alpha"), (1, "alpha"), (2, "TiN")],
        [(0, "Alpha"), (1, "TiB2"), (2, "Void")],
        [(0, "Alpha"), (1, "TiB2"), (2, "TiN"), (None, " void ")],
        [(0, "Alpha"), (1, "TiB2"), (2, "TiN"), (3, "New")],
    ],
)
def test_no_phase_goes_moves_or_loses_its_name(
    client: TestClient, project: Project, phases: list[tuple[int | None, str]]
) -> None:
    before = (project.root / settings_file.FILE_NAME).read_bytes()
    assert change(client, phases, types={}).status_code == 400
    assert (project.root / settings_file.FILE_NAME).read_bytes() == before


def test_settings_that_were_changed_by_hand_are_not_overwritten(
    client: TestClient, project: Project
) -> None:
    old = shown(client)["settings"]
    path = project.root / settings_file.FILE_NAME
    path.write_text(path.read_text().replace("Alpha", "Austenite"))
    same = [(0, "Alpha"), (1, "TiB2"), (2, "TiN")]
    assert change(client, same, types={}, based_on=old).status_code == 409
    assert "Austenite" in path.read_text()


def test_a_calibration_reaches_images_of_the_frame_that_have_no_scale(
    client: TestClient, project: Project
) -> None:
    first, second, third = all_images(project)
    client.put(f"/api/images/{third.id}/scale", json={"um_per_px": 0.5})
    assert client.get(f"/api/images/{first.id}/same-frame").json() == [second.name]
    body = {"um_per_px": 0.125, "alike": True}
    assert client.put(f"/api/images/{first.id}/scale", json=body).json() == {"images": 2}
    assert [one.um_per_px for one in all_images(project)] == [0.125, 0.125, 0.5]
    assert all_images(project)[0].scale_source == "calibrated"
    client.put(f"/api/images/{second.id}/scale", json={"um_per_px": None})
    assert all_images(project)[1].um_per_px is None
    assert client.put(f"/api/images/{first.id}/scale", json={"um_per_px": -1}).status_code == 400


def test_the_frame_shows_what_the_crop_leaves_out(client: TestClient, project: Project) -> None:
    image = all_images(project)[0]
    answer = client.get(f"/api/images/{image.id}/frame")
    frame = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_UNCHANGED)
    assert frame is not None
    assert frame.shape == (image.height, image.width)
    assert image.view_height < image.height


def test_an_image_goes_with_all_that_hangs_on_it(client: TestClient, project: Project) -> None:
    preannotate(project, methods=["multi-otsu"], n_regions=3, jobs=1)
    gone, *left = all_images(project)
    update_image(project, gone)
    body = {"image": gone.id, "strategy": "scratch", "ground": 0}
    session = client.post("/api/sessions", json=body).json()["id"]
    event = {"kind": "open", "page": "p", "seq": 0, "t": 0, "wall": 1_790_000_000_000}
    client.post(f"/api/sessions/{session}/events", json={"events": [event]})
    for _ in range(2):
        client.post(f"/api/sessions/{session}/submit", json={"revision": 0}).raise_for_status()
        client.post(f"/api/sessions/{session}/reopen").raise_for_status()
    holdings = client.get(f"/api/images/{gone.id}/holdings").json()
    assert holdings == {"candidates": 1, "sessions": 1, "versions": 2}
    path = f"/api/images/{gone.id}/remove"
    assert client.post(path, json={"name": "another.png"}).status_code == 400
    assert len(all_images(project)) == 3
    assert client.post(path, json={"name": gone.name}).is_success
    assert [one.id for one in all_images(project)] == [one.id for one in left]
    assert client.get(f"/api/sessions/{session}").status_code == 404
    assert len(client.get("/api/images").json()) == 2
    add_images(project, [project.root.parent / "in" / gone.name], crop_bottom=16)
    assert len(all_images(project)) == 3, "and it can come back"


def test_a_type_is_one_that_the_project_names(client: TestClient, project: Project) -> None:
    image = all_images(project)[0].id
    path = f"/api/images/{image}/type"
    assert client.put(path, json={"type": "I"}).is_success
    assert all_images(open_project(project.root))[0].type == "I"
    assert client.put(path, json={"type": "IV"}).status_code == 400
    assert client.put(path, json={"type": None}).is_success
    assert all_images(project)[0].type is None


SAME = [(0, "Alpha"), (1, "TiB2"), (2, "TiN")]


def test_a_merged_phase_is_read_as_the_other_and_nothing_stored_changes(
    client: TestClient, project: Project
) -> None:
    preannotate(project, methods=["multi-otsu"], n_regions=3, jobs=1)
    image = all_images(project)[0]
    (candidate,) = client.get(f"/api/images/{image.id}").json()["details"]
    path = f"/api/candidates/{candidate['id']}"
    client.put(f"{path}/names", json={"names": {"0": 0, "1": 1, "2": 2}}).raise_for_status()
    body = {"image": image.id, "strategy": "scratch", "ground": 2}
    session = client.post("/api/sessions", json=body).json()["id"]
    client.post(f"/api/sessions/{session}/submit", json={"revision": 0}).raise_for_status()

    px = image.width * image.view_height
    truth = np.zeros((image.view_height, image.width), np.uint8)
    truth[:2, :5] = 2
    save_label_map(project, image, truth, annotator="imported", strategy="reference")
    agreed = client.post(f"/api/images/{image.id}/consensus").json()["id"]
    client.post(f"/api/consensus/{agreed}/finish").raise_for_status()
    body = {"image": image.id, "strategy": "preannotated"}
    draft = client.post("/api/sessions", json=body).json()["id"]
    choice = {"candidate": candidate["id"]}
    client.post(f"/api/sessions/{draft}/choice", json={"choice": choice, "revision": 0})
    few = int(np.count_nonzero(working_copy(project, draft).labels == 2))
    (row,) = client.get("/api/phases/2/concerned").json()
    kinds = ("drafts", "submitted", "agreed", "imported", "candidates")
    assert [row[kind] for kind in kinds] == [few, px, px, 10, 1]
    assert few > 0
    changed = change(client, SAME, types={}, merged={"TiN": "TiB2"}).json()
    assert [phase["merged_into"] for phase in changed["phases"]] == [None, None, 1]
    assert client.get("/api/phases/2/concerned").json() == []

    def seen() -> list[set[int]]:
        planes = client.get(f"/api/sessions/{session}/planes").content
        labels = np.frombuffer(planes, np.uint8)[:px]
        named = np.frombuffer(client.get(f"{path}/labels").content, np.uint8)
        return [set(labels.tolist()), set(named.tolist())]

    assert seen() == [{1}, {0, 1}]
    now = open_project(project.root)
    version = image_versions(now, image)[-1]
    assert set(np.unique(read_version(now, version))) == {1}
    assert now.phases.allowed(None) == (0, 1)
    (facts,) = client.get(f"/api/images/{image.id}").json()["details"]
    assert facts["names"] == [0, 1, 1]

    assert change(client, SAME, types={}).is_success
    assert seen() == [{2}, {0, 1, 2}], "apart again, and everything is there"


@pytest.mark.parametrize(
    "merged", [{"TiN": "TiN"}, {"TiN": "Gold"}, {"TiN": "TiB2", "TiB2": "Alpha"}]
)
def test_a_phase_is_merged_into_one_of_its_own(client: TestClient, merged: dict[str, str]) -> None:
    assert change(client, SAME, types={}, merged=merged).status_code == 400
    assert all(phase["merged_into"] is None for phase in shown(client)["phases"])
