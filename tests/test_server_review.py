"""Reviewers: who may look at what, the verdict, and what the annotator is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from helpers import log_of, write_images
from premask.core.phases import make_phases
from premask.project.images import all_images, update_image, with_crop
from premask.project.project import init_project
from premask.project.settings import Settings
from premask.server.app import create_app
from premask.server.sessions import time_until
from premask.workflow.add import add_images
from premask.workflow.study import plan_study

ANA = {"X-Premask-Annotator": "ana"}
BEN = {"X-Premask-Annotator": "ben"}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    project = init_project(tmp_path / "project", Settings(make_phases(["A", "B"])))
    add_images(project, write_images(tmp_path / "in", 1), crop_bottom=0)
    with TestClient(create_app(project), base_url="http://127.0.0.1:8040") as made:
        for name in ("ana", "ben"):
            made.post("/api/annotators", json={"name": name})
        yield made


def begun(client: TestClient, headers: dict[str, str], strategy: str = "scratch") -> dict[str, Any]:
    image = client.get("/api/images", headers=headers).json()[0]["id"]
    ground = {"ground": 1} if strategy == "scratch" else {}
    body = {"image": image, "strategy": strategy, **ground}
    answer = client.post("/api/sessions", json=body, headers=headers)
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()
    return found


def submitted(client: TestClient, headers: dict[str, str] = ANA) -> int:
    number = int(begun(client, headers)["id"])
    body = {"revision": 0, "note": "done"}
    assert client.post(f"/api/sessions/{number}/submit", json=body, headers=headers).is_success
    return number


def judged(client: TestClient, number: int, verdict: str, note: str = "", version: int = 1) -> Any:
    body = {"version": version, "verdict": verdict, "note": note}
    return client.post(f"/api/reviews/{number}", json=body, headers=BEN)


def mine(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/api/images", headers=ANA).json()[0]["sessions"][0]
    return found


def test_what_is_submitted_waits_and_is_seen_as_it_is(client: TestClient) -> None:
    assert client.get("/api/reviews", headers=BEN).json() == []
    number = submitted(client)
    (row,) = client.get("/api/reviews", headers=BEN).json()
    assert row["session"]["id"] == number
    assert (row["note"], row["refusal"]) == ("done", "")
    planes = client.get(f"/api/reviews/{number}/planes", headers=BEN)
    labels, _ = np.frombuffer(planes.content, np.uint8).reshape(2, 96, 128)
    assert (labels == 1).all()


def test_accepted_is_closed_and_can_be_sent_back(client: TestClient) -> None:
    number = submitted(client)
    assert judged(client, number, "accepted").json()["state"] == "accepted"
    reopened = client.post(f"/api/sessions/{number}/reopen", headers=ANA)
    assert reopened.status_code == 409
    assert "reviewer" in reopened.json()["detail"]
    assert judged(client, number, "accepted").status_code == 409
    assert judged(client, number, "returned", "the rim is missing").is_success
    assert client.post(f"/api/sessions/{number}/reopen", headers=ANA).is_success
    assert mine(client)["state"] == "returned", "it is open already, and stays sent back"
    assert mine(client)["review"]["note"] == "the rim is missing"
    body = {"revision": 0}
    assert client.post(f"/api/sessions/{number}/submit", json=body, headers=ANA).is_success
    assert mine(client)["state"] == "submitted"


def test_a_map_is_not_sent_back_without_a_word(client: TestClient) -> None:
    number = submitted(client)
    refused = judged(client, number, "returned", "  ")
    assert refused.status_code == 400
    assert "note" in refused.json()["detail"]
    assert mine(client)["state"] == "submitted"


def test_each_version_tells_what_was_said_of_it(client: TestClient) -> None:
    number = submitted(client)
    assert judged(client, number, "returned", "the rim is missing").is_success
    body = {"revision": 0}
    assert client.post(f"/api/sessions/{number}/submit", json=body, headers=ANA).is_success
    first, second = client.get(f"/api/sessions/{number}/versions", headers=ANA).json()
    assert (first["review"]["verdict"], first["review"]["note"]) == (
        "returned",
        "the rim is missing",
    )
    assert second["review"] is None
    assert (first["minutes"], second["minutes"]) == (0, 0)


def test_a_version_tells_the_minutes_that_went_into_it() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    start = moment.timestamp() * 1000 - 120_000
    log = log_of(4, "page", start)  # two minutes before, and two after
    assert time_until(log, moment) == 0, "of what came by then only"
    assert time_until(log, moment + timedelta(minutes=2)) == 4


def test_a_verdict_is_of_the_version_that_was_looked_at(client: TestClient) -> None:
    number = submitted(client)
    (row,) = client.get("/api/reviews", headers=BEN).json()
    assert client.post(f"/api/sessions/{number}/reopen", headers=ANA).is_success
    again = client.post(f"/api/sessions/{number}/submit", json={"revision": 0}, headers=ANA).json()
    assert again["id"] != row["version"]
    for verdict in ("accepted", "returned"):
        refused = judged(client, number, verdict, "a note", row["version"])
        assert refused.status_code == 409
        assert "look at it again" in refused.json()["detail"]
    assert mine(client)["state"] == "submitted", "neither the state nor a review is kept"
    assert mine(client)["review"] is None
    assert judged(client, number, "accepted", version=again["id"]).is_success


def test_nobody_reviews_their_own_map(client: TestClient) -> None:
    number = submitted(client)
    body = {"version": 1, "verdict": "accepted"}
    refused = client.post(f"/api/reviews/{number}", json=body, headers=ANA)
    assert refused.status_code == 400
    assert "own" in refused.json()["detail"]


def test_who_still_works_on_the_image_sees_no_other_map_of_it(client: TestClient) -> None:
    number = submitted(client)
    begun(client, BEN)
    assert "at work" in client.get("/api/reviews", headers=BEN).json()[0]["refusal"]
    assert client.get(f"/api/reviews/{number}/planes", headers=BEN).status_code == 400
    assert judged(client, number, "accepted").status_code == 400


def test_who_has_seen_anothers_map_labels_the_image_no_more(client: TestClient) -> None:
    number = submitted(client)
    assert client.get(f"/api/reviews/{number}/planes", headers=BEN).is_success
    (row,) = client.get("/api/images", headers=BEN).json()
    assert row["seen"] is True
    for strategy in ("scratch", "preannotated"):
        body = {"image": row["id"], "strategy": strategy}
        refused = client.post("/api/sessions", json=body, headers=BEN)
        assert refused.status_code == 400
        assert "you have seen another's label map" in refused.json()["detail"]
    assert client.get("/api/images", headers=ANA).json()[0]["seen"] is False, "her own is no other"
    assert judged(client, number, "returned", "the rim is missing").is_success


def test_who_has_seen_anothers_map_changes_their_own_when_it_is_sent_back(
    client: TestClient,
) -> None:
    hers, his = submitted(client), submitted(client, BEN)
    assert client.get(f"/api/reviews/{hers}/planes", headers=BEN).is_success
    refused = client.post(f"/api/sessions/{his}/reopen", headers=BEN)
    assert refused.status_code == 400
    assert "reopen your own" in refused.json()["detail"]
    assert client.post(f"/api/sessions/{hers}/reopen", headers=ANA).is_success, "she saw nothing"
    assert client.post(f"/api/sessions/{hers}/submit", json={"revision": 0}, headers=ANA).is_success
    body = {"version": 2, "verdict": "returned", "note": "the rim is missing"}
    assert client.post(f"/api/reviews/{his}", json=body, headers=ANA).is_success
    assert client.post(f"/api/sessions/{his}/submit", json={"revision": 0}, headers=BEN).is_success


def test_a_consensus_is_a_sight_of_every_map(client: TestClient) -> None:
    submitted(client)
    image = client.get("/api/images", headers=ANA).json()[0]["id"]
    for headers, seen in ((ANA, False), (BEN, True)):
        assert client.post(f"/api/images/{image}/consensus", headers=headers).is_success
        assert client.get("/api/images", headers=headers).json()[0]["seen"] is seen


def test_who_has_a_pass_of_the_study_before_them_reviews_no_map_of_its_image(
    client: TestClient,
) -> None:
    number = submitted(client)
    project = client.app.state.project  # type: ignore[attr-defined]
    plan_study(project, ["ben"], min_days=0)
    refused = client.get(f"/api/reviews/{number}/planes", headers=BEN)
    assert refused.status_code == 400
    assert "study" in refused.json()["detail"]
    assert "study" in client.get("/api/reviews", headers=BEN).json()[0]["refusal"]
    image = all_images(project)[0].id
    assert client.post(f"/api/images/{image}/consensus", headers=BEN).status_code == 400


def test_work_in_an_earlier_crop_keeps_nobody_from_reviewing(client: TestClient) -> None:
    begun(client, BEN)
    project = client.app.state.project  # type: ignore[attr-defined]
    (image,) = all_images(project)
    update_image(project, with_crop(image, 2))
    submitted(client)
    assert client.get("/api/reviews", headers=BEN).json()[0]["refusal"] == ""


def test_a_project_of_one_reviews_itself(tmp_path: Path) -> None:
    project = init_project(tmp_path / "project", Settings(make_phases(["A", "B"])))
    add_images(project, write_images(tmp_path / "in", 1), crop_bottom=0)
    with TestClient(create_app(project), base_url="http://127.0.0.1:8040") as client:
        client.post("/api/annotators", json={"name": "ana"})
        number = submitted(client)
        body = {"version": 1, "verdict": "accepted"}
        assert client.post(f"/api/reviews/{number}", json=body, headers=ANA).is_success


def test_an_open_map_waits_for_nobody(client: TestClient) -> None:
    number = int(begun(client, ANA)["id"])
    assert client.get("/api/reviews", headers=BEN).json() == []
    assert client.get(f"/api/reviews/{number}/planes", headers=BEN).status_code == 400
    assert judged(client, number, "accepted").status_code == 400


def test_minutes_come_with_the_overview(client: TestClient) -> None:
    number = int(begun(client, ANA)["id"])
    assert mine(client)["minutes"] == 0
    start = 1_790_000_000_000
    for seq, t in enumerate((0, 60_000, 120_000)):
        event = {"kind": "open" if seq == 0 else "activity", "page": "p", "seq": seq, "t": t}
        body = {"events": [event | {"wall": start + t}]}
        assert client.post(f"/api/sessions/{number}/events", json=body, headers=ANA).is_success
        assert mine(client)["minutes"] == t / 60_000, "each event counts at once"
    time = client.get(f"/api/sessions/{number}/time", headers=ANA).json()
    assert time["active"] == mine(client)["minutes"]
