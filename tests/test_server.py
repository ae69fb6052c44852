"""The server's routes, through HTTP: sign in, begin, save, submit; and what is refused."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray

from helpers import small_micrograph, write_images
from premask.core.phases import VOID, make_phases
from premask.core.tiles import Tile, cut, encode_tiles
from premask.project.images import all_images
from premask.project.label_maps import read_version, versions
from premask.project.project import Project, init_project
from premask.project.settings import Settings
from premask.server.app import create_app
from premask.workflow.add import add_images
from premask.workflow.preannotate import preannotate

BASE = "http://127.0.0.1:8040"
ANA = {"X-Premask-Annotator": "Ana%20M%C3%BCller"}
BEN = {"X-Premask-Annotator": "Ben"}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("server")
    made = init_project(folder / "project", Settings(make_phases(["A", "B", "C"])))
    add_images(made, write_images(folder / "in", 2, (300, 520)), crop_bottom=0)
    preannotate(made, methods=["multi-otsu", "superpixels"], n_regions=3, jobs=1)
    return made


@pytest.fixture
def project(template: Project, tmp_path: Path) -> Project:
    import shutil

    from premask.project.project import open_project

    template.engine.dispose()
    shutil.copytree(template.root, tmp_path / "project")
    return open_project(tmp_path / "project")


@pytest.fixture
def client(project: Project) -> Iterator[TestClient]:
    with TestClient(create_app(project), base_url=BASE) as made:
        for name in ("Ana Müller", "Ben"):
            assert made.post("/api/annotators", json={"name": name}).status_code == 200
        yield made


def images(client: TestClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/api/images", headers=ANA).json()
    return found


def begin(client: TestClient, headers: dict[str, str] = ANA, **more: Any) -> dict[str, Any]:
    body = {"image": images(client)[0]["id"], "strategy": "scratch", **more}
    answer = client.post("/api/sessions", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def planes(client: TestClient, number: int, headers: dict[str, str] = ANA) -> NDArray[np.uint8]:
    answer = client.get(f"/api/sessions/{number}/planes", headers=headers)
    assert answer.status_code == 200, answer.text
    shape = tuple(int(n) for n in answer.headers["x-shape"].split(","))
    return np.frombuffer(answer.content, np.uint8).reshape(shape)


def save(client: TestClient, number: int, revision: int, tiles: list[Tile], name: str = "s") -> Any:
    return client.patch(
        f"/api/sessions/{number}/tiles",
        content=encode_tiles(tiles),
        headers={**ANA, "X-Revision": str(revision), "X-Save": f"{name}{revision}"},
    )


def painted(phase: int) -> list[Tile]:
    labels = np.full((300, 520), VOID, np.uint8)
    labels[250:270, 250:270] = phase
    origins = np.where(labels == VOID, 0, 2).astype(np.uint8)
    return [cut(labels, origins, c, r) for c in (0, 1) for r in (0, 1)]


def test_the_overview_shows_states_as_they_are(client: TestClient) -> None:
    found = images(client)
    assert [one["name"] for one in found] == ["a.png", "b.png"]
    assert {one["state"] for one in found} == {"pre-annotated"}
    begin(client)
    assert [one["state"] for one in images(client)] == ["in progress", "pre-annotated"]


def test_the_pixels_arrive_as_they_are(client: TestClient) -> None:
    answer = client.get(f"/api/images/{images(client)[0]['id']}/pixels", headers=ANA)
    assert answer.headers["x-type"] == "uint8"
    expected = small_micrograph(0, (300, 520))
    np.testing.assert_array_equal(
        np.frombuffer(answer.content, np.uint8).reshape(300, 520), expected
    )
    again = client.get(
        answer.request.url.path, headers={**ANA, "If-None-Match": answer.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    for accepted, sent in (("identity", None), ("gzip;q=0, br", None), ("br, gzip;q=0.8", "gzip")):
        headers = {**ANA, "Accept-Encoding": accepted}
        plain = client.get(answer.request.url.path, headers=headers)
        assert plain.headers.get("content-encoding") == sent, accepted
        assert plain.content == answer.content


def test_from_an_empty_map_to_a_version_on_disk(client: TestClient, project: Project) -> None:
    session = begin(client)
    assert (planes(client, session["id"])[0] == VOID).all()
    assert save(client, session["id"], 0, painted(1)).json() == {"revision": 1}
    assert save(client, session["id"], 1, painted(2)).json() == {"revision": 2}
    done = client.post(f"/api/sessions/{session['id']}/submit", json={"revision": 2}, headers=ANA)
    assert done.status_code == 200, done.text
    (version,) = versions(project, all_images(project)[0], "scratch")
    on_disk = read_version(project, version)
    expected = np.full((300, 520), VOID, np.uint8)
    expected[250:270, 250:270] = 2
    np.testing.assert_array_equal(on_disk, expected)
    assert images(client)[0]["state"] == "submitted"
    refused = save(client, session["id"], 2, painted(0))
    assert refused.status_code == 409
    assert "reopen" in refused.json()["detail"]
    assert client.post(f"/api/sessions/{session['id']}/reopen", headers=ANA).status_code == 200
    assert save(client, session["id"], 2, painted(0)).status_code == 200


def test_two_tabs_get_a_conflict_and_no_silent_overwrite(client: TestClient) -> None:
    session = begin(client)
    assert save(client, session["id"], 0, painted(1), "one").status_code == 200
    other = save(client, session["id"], 0, painted(2), "two")
    assert other.status_code == 409
    assert planes(client, session["id"])[0, 255, 255] == 1


def test_a_candidate_is_named_chosen_and_begun_with(client: TestClient) -> None:
    image = images(client)[0]
    detail = client.get(f"/api/images/{image['id']}", headers=ANA).json()
    first, second = detail["details"]
    begun = {"image": image["id"], "strategy": "preannotated", "choice": {"candidate": first["id"]}}
    unnamed = client.post("/api/sessions", json=begun, headers=ANA)
    assert unnamed.status_code == 400
    assert "no names yet" in unnamed.json()["detail"]
    for one in (first, second):
        named = client.put(
            f"/api/candidates/{one['id']}/names",
            json={"names": {"0": 0, "1": 1, "2": 2}},
            headers=ANA,
        )
        assert named.status_code == 200, named.text
        assert named.json()["names"] == [0, 1, 2]
    begun["choice"]["phases"] = {"2": second["id"]}
    session = client.post("/api/sessions", json=begun, headers=ANA).json()
    labels, origins = planes(client, session["id"])
    maps = [
        np.frombuffer(
            client.get(f"/api/candidates/{one['id']}/labels", headers=ANA).content, np.uint8
        ).reshape(300, 520)
        for one in (first, second)
    ]
    np.testing.assert_array_equal(labels == 2, maps[1] == 2)
    kept = (maps[0] != 2) & (maps[1] != 2)
    np.testing.assert_array_equal(labels[kept], maps[0][kept])
    assert set(np.unique(origins)) <= {0, 1}
    assert session["choice"]["methods"] == {
        str(first["id"]): "multi-otsu",
        str(second["id"]): "superpixels",
    }


def test_a_method_has_one_number_key_before_and_after_names_carry_over(
    client: TestClient, project: Project
) -> None:
    # As where the methods run side by side: the last one is done first.
    preannotate(project, methods=["kmeans"], n_regions=2, jobs=1)
    preannotate(project, methods=["multi-otsu"], n_regions=2, jobs=1)
    image, other = images(client)
    details = client.get(f"/api/images/{image['id']}", headers=ANA).json()["details"]
    assert details[0]["content"] != details[2]["content"]
    methods = [one["method"] for one in details]
    assert methods == ["multi-otsu", "multi-otsu", "superpixels", "kmeans"]
    body = {"names": {"0": 0, "1": 1, "2": 2}}
    client.put(f"/api/candidates/{details[0]['id']}/names", json=body, headers=ANA)
    path = f"/api/images/{other['id']}"
    before = [one["id"] for one in client.get(path, headers=ANA).json()["details"]]
    suggested = client.post(f"{path}/suggest-names", headers=ANA).json()
    assert [one["id"] for one in suggested] == before


def test_the_usual_method_begins_on_an_image_that_nobody_named(client: TestClient) -> None:
    image, other = images(client)
    assert not image["nameable"]
    details = client.get(f"/api/images/{image['id']}", headers=ANA).json()["details"]
    body = {"names": {"0": 0, "1": 1, "2": 2}}
    client.put(f"/api/candidates/{details[0]['id']}/names", json=body, headers=ANA)
    choice = {"candidate": details[0]["id"], "uniform": True}
    begin(client, strategy="preannotated", choice=choice)

    fresh = images(client)[1]
    assert (fresh["named"], fresh["nameable"]) == (0, True)
    choice = {"candidate": fresh["uniform"], "uniform": True}
    session = begin(client, strategy="preannotated", image=other["id"], choice=choice)
    assert set(np.unique(planes(client, session["id"])[0])) == {0, 1, 2}
    assert client.get("/api/images", headers=BEN).json()[1]["uniform"] is None, "it is Ana's choice"


def test_nobody_sees_anothers_map(client: TestClient) -> None:
    session = begin(client)
    for method, path in (("GET", "planes"), ("GET", "versions"), ("POST", "reopen")):
        answer = client.request(method, f"/api/sessions/{session['id']}/{path}", headers=BEN)
        assert answer.status_code == 403, path
    assert client.get("/api/images", headers=BEN).json()[0]["sessions"] == []


def test_events_are_kept_once_and_make_minutes(client: TestClient) -> None:
    session = begin(client)
    start = 1_790_000_000_000
    events = [
        {"kind": "open", "page": "p", "seq": 0, "t": 0, "wall": start},
        {"kind": "activity", "page": "p", "seq": 1, "t": 60_000, "wall": start + 60_000},
        {"kind": "submit", "page": "p", "seq": 2, "t": 120_000, "wall": start + 120_000},
    ]
    path = f"/api/sessions/{session['id']}/events"
    assert client.post(path, json={"events": events[:2]}, headers=ANA).json() == {"new": 2}
    assert client.post(path, json={"events": events}, headers=ANA).json() == {"new": 1}
    minutes = client.get(f"/api/sessions/{session['id']}/time", headers=ANA).json()
    assert minutes == {"active": 2.0, "strict60": 2.0, "gap100": 2.0, "wall": 2.0}
    changed = [{**events[1], "t": 70_000}]
    assert client.post(path, json={"events": changed}, headers=ANA).status_code == 400


def test_going_back_to_a_version_keeps_the_later_one(client: TestClient) -> None:
    number = begin(client)["id"]
    made = []
    for revision, phase in ((0, 1), (1, 2)):
        save(client, number, revision, painted(phase))
        body = {"revision": revision + 1}
        made.append(
            client.post(f"/api/sessions/{number}/submit", json=body, headers=ANA).json()["id"]
        )
        client.post(f"/api/sessions/{number}/reopen", headers=ANA)
    answer = client.post(
        f"/api/sessions/{number}/restore", json={"version": made[0], "revision": 2}, headers=ANA
    )
    assert answer.json() == {"revision": 3}
    assert planes(client, number)[0, 255, 255] == 1
    found = client.get(f"/api/sessions/{number}/versions", headers=ANA).json()
    assert [one["id"] for one in found] == made


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example:8040"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:9999"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Host": "localhost:8040", "Origin": "http://localhost:8040"}, 200),
    ],
)
def test_only_this_machines_own_page_is_answered(
    client: TestClient, headers: dict[str, str], status: int
) -> None:
    answer = client.post("/api/annotators", json={"name": "x"}, headers=headers)
    assert answer.status_code == status, answer.text


def test_a_token_is_needed_where_there_is_one(project: Project) -> None:
    with TestClient(
        create_app(project, token="secret"),
        base_url="http://lab:1",
        follow_redirects=False,
    ) as remote:
        assert remote.get("/api/project").status_code == 401
        assert remote.get("/api/project?token=secret").status_code == 401
        wrong = {"Authorization": "Bearer secre"}
        assert remote.get("/api/project", headers=wrong).status_code == 401
        right = {"Authorization": "Bearer secret"}
        assert remote.get("/api/project", headers=right).status_code == 200
        welcome = remote.get("/?token=secret")
        assert welcome.status_code == 303
        assert "HttpOnly" in welcome.headers["set-cookie"]
        assert remote.get("/api/project").status_code == 200, "the cookie holds it now"


@pytest.mark.parametrize(
    "path",
    [
        "/api/images/..%2f..%2fpremask.db/pixels",
        "/api/images/../../premask.db",
        "/..%2fpremask.toml",
        "/static/../premask.toml",
        "/api/candidates/999/labels",
        "/api/candidates/-1/labels",
        "/api/images/ffff/pixels",
    ],
)
def test_names_that_lead_elsewhere_lead_nowhere(client: TestClient, path: str) -> None:
    answer = client.get(path, headers=ANA)
    assert answer.status_code in {404, 422}, (answer.status_code, answer.text)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PMT1",
        gzip.compress(b"x" * 1000, mtime=0),
        encode_tiles([])[:-1],
        json.dumps({}).encode(),
    ],
)
def test_a_malformed_save_is_refused_and_changes_nothing(client: TestClient, data: bytes) -> None:
    number = begin(client)["id"]
    answer = client.patch(
        f"/api/sessions/{number}/tiles",
        content=data,
        headers={**ANA, "X-Revision": "0", "X-Save": "a"},
    )
    assert answer.status_code == 400
    assert client.get(f"/api/sessions/{number}", headers=ANA).json()["revision"] == 0


def test_a_tile_of_another_project_is_refused(client: TestClient) -> None:
    number = begin(client)["id"]
    tile = Tile(0, 0, np.full((256, 256), 7, np.uint8), np.zeros((256, 256), np.uint8))
    answer = save(client, number, 0, [tile])
    assert answer.status_code == 400
    assert "label 7" in answer.json()["detail"]


def test_superpixels_cover_the_image(client: TestClient) -> None:
    image = images(client)[0]["id"]
    counts = []
    for grain in ("fine", "medium", "coarse"):
        answer = client.get(f"/api/images/{image}/superpixels/{grain}", headers=ANA)
        numbers = np.frombuffer(answer.content, "<i4")
        assert numbers.size == 300 * 520
        counts.append(numbers.max() + 1)
    assert counts[0] > counts[1] > counts[2]
    assert client.get(f"/api/images/{image}/superpixels/huge", headers=ANA).status_code == 404


def test_a_thumbnail_is_small(client: TestClient) -> None:
    answer = client.get(f"/api/images/{images(client)[0]['id']}/thumbnail", headers=ANA)
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.content[:2] == b"\xff\xd8"
    assert len(answer.content) < 20_000


def test_the_front_end_knows_the_routes_as_they_are() -> None:
    kept = Path(__file__).parent.parent / "frontend" / "src" / "api" / "openapi.json"
    assert json.loads(kept.read_text(encoding="utf-8")) == create_app(None).openapi(), (
        "write it anew with: python -m premask.server.describe, then run npm run types"
    )
