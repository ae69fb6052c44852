"""Consensus: who votes, what is asked, decisions, and the agreed map as a version."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray

from helpers import answer, log_of, premask, refusal, write_images
from premask.core.errors import PremaskError
from premask.core.origins import DOUBTFUL, ORIGINS
from premask.core.phases import VOID, make_phases
from premask.evaluate.consensus import AUTOMATIC
from premask.io.label_maps import read_label_map
from premask.project import objects
from premask.project.consensus import agreements
from premask.project.events import append_events
from premask.project.images import all_images
from premask.project.label_maps import read_version
from premask.project.project import Project, init_project
from premask.project.sessions import (
    ConflictError,
    add_annotator,
    get_session,
    reopen,
    replace_base,
    submit,
)
from premask.project.settings import Settings
from premask.server.app import create_app
from premask.workflow.add import add_images
from premask.workflow.annotate import begin
from premask.workflow.consensus import (
    agree_automatically,
    agreed_versions,
    consensus_session,
    finish,
    open_consensus,
    settle,
    voters,
)
from premask.workflow.consensus_tables import consensus_table, reviews_table
from premask.workflow.effort import settling, timed_sessions, with_consensus
from premask.workflow.effort_tables import measures_table, parts_table
from premask.workflow.overview import overview
from premask.workflow.provenance_tables import provenance_tables
from premask.workflow.review import review

SHAPE = (40, 60)


def drawn(*boxes: tuple[int, int, int, int, int]) -> NDArray[np.uint8]:
    """Phase 0 with boxes of (top, left, bottom, right, phase)."""
    labels = np.zeros(SHAPE, np.uint8)
    for top, left, bottom, right, phase in boxes:
        labels[top:bottom, left:right] = phase
    return labels


ANA = drawn((5, 5, 15, 15, 1), (20, 30, 30, 50, 2))
BEN = drawn((5, 5, 15, 15, 2), (20, 30, 30, 52, 2))
EVA = drawn((5, 5, 15, 15, 2), (20, 30, 30, 50, 2), (35, 55, 37, 57, 1))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = init_project(tmp_path / "steel", Settings(make_phases(["A", "B", "C"])))
    add_images(made, write_images(tmp_path / "in", 2, SHAPE), crop_bottom=0)
    return made


def submitted(
    project: Project,
    annotator: str,
    labels: NDArray[np.uint8],
    flags: NDArray[np.bool_] | None = None,
) -> int:
    add_annotator(project, annotator)
    session = begin(project, all_images(project)[0], annotator, "scratch")
    origins = np.full(SHAPE, ORIGINS["expert"], np.uint8)
    if flags is not None:
        origins[flags] |= DOUBTFUL
    revision = replace_base(
        project, session.id, labels, origins, {}, revision=get_session(project, session.id).revision
    )
    submit(project, session.id, revision=revision)
    return session.id


@pytest.fixture
def three(project: Project) -> Project:
    for name, labels in {"ana": ANA, "ben": BEN, "eva": EVA}.items():
        submitted(project, name, labels)
    return project


def test_three_people_settle_what_they_differ_on(three: Project) -> None:
    (image, _) = all_images(three)
    found = open_consensus(three, image, "ana")
    assert list(found.votes) == ["ana", "ben", "eva"]
    assert [one.px for one in found.doubts.queue] == [100, 20]
    assert found.doubts.small == 4, "under 20 px: the majority decides"
    assert found.undecided == 0
    assert open_consensus(three, image, "ben").consensus == found.consensus
    square = next(one.number for one in found.doubts.queue if one.px == 100)
    settle(three, found.consensus.id, "ana", {square: 1})
    (decision,) = settle(three, found.consensus.id, "ben", {square: 2}).values()
    assert (decision.label, decision.annotator) == (2, "ben"), "the newest counts"
    number = finish(three, found.consensus.id, "ana")
    (version,) = agreed_versions(three, image)
    assert version.id == number
    agreed = read_version(three, version)
    expected = EVA.copy()
    expected[35:37, 55:57] = 0
    expected[20:30, 50:52] = VOID
    assert np.array_equal(agreed, expected)
    origins = read_label_map(objects.existing(three.root, str(version.origins)))
    assert (origins[5:15, 5:15] == ORIGINS["consensus"]).all()
    assert (origins[20:30, 50:52] == DOUBTFUL).all(), "void, and still in doubt"
    assert origins[0, 0] == ORIGINS["expert"]
    numbers = {name: one.id for name, one in voters(three, image).items()}
    assert (
        f"majority of 3 label maps: ana (version {numbers['ana']}), ben (version {numbers['ben']}),"
        f" eva (version {numbers['eva']}); 1 region settled (ben 1), 1 left void;" in version.note
    )
    made = agreements(three)[number]
    assert made.consensus.versions == tuple(sorted(numbers.values())), "its parents"
    assert (made.regions, made.settled, made.void_px) == (2, {"ben": 1}, 20)
    assert overview(three)[0].state == "agreed"
    strip = 3 - square
    settle(three, found.consensus.id, "eva", {strip: AUTOMATIC})
    finish(three, found.consensus.id, "eva")
    assert len(agreed_versions(three, image)) == 2, "the first one stays"
    assert agreements(three)[number] == made
    assert (read_version(three, agreed_versions(three, image)[-1])[20:30, 50:52] == 0).all()
    assert settle(three, found.consensus.id, "eva", {strip: None, square: None}) == {}


def test_nobody_sees_anothers_map_while_at_work(three: Project) -> None:
    image = all_images(three)[0]
    add_annotator(three, "dan")
    begin(three, image, "dan", "scratch")
    with pytest.raises(PremaskError, match="still at work"):
        open_consensus(three, image, "dan")
    assert list(voters(three, image)) == ["ana", "ben", "eva"], "an open map has no vote"


def test_a_map_that_changes_makes_another_consensus(three: Project) -> None:
    image = all_images(three)[0]
    found = open_consensus(three, image, "ana")
    settle(three, found.consensus.id, "ana", {1: 0})
    session = next(v.session for name, v in voters(three, image).items() if name == "eva")
    reopen(three, int(session or 0))
    with pytest.raises(ConflictError, match="changed since"):
        settle(three, found.consensus.id, "ana", {1: 1})
    submitted(three, "eva", ANA)
    again = open_consensus(three, image, "ana")
    assert again.consensus.id != found.consensus.id
    with pytest.raises(ConflictError, match="changed since"):
        finish(three, found.consensus.id, "ana")


def test_flags_of_one_person_are_settled_too(project: Project) -> None:
    flags = np.zeros(SHAPE, np.bool_)
    flags[5:10, 5:10] = True
    submitted(project, "ana", ANA, flags)
    image = all_images(project)[0]
    assert overview(project)[0].state == "doubtful"
    found = open_consensus(project, image, "ana")
    assert [(one.px, one.flagged) for one in found.doubts.queue] == [(25, 25)]
    settle(project, found.consensus.id, "ana", {1: 0})
    finish(project, found.consensus.id, "ana")
    expected = ANA.copy()
    expected[5:10, 5:10] = 0
    (version,) = agreed_versions(project, image)
    assert np.array_equal(read_version(project, version), expected)
    origins = read_label_map(objects.existing(project.root, str(version.origins)))
    assert not (origins & DOUBTFUL).any()


@pytest.mark.parametrize(
    ("labels", "said"),
    [({9: 0}, "no region of doubt 9; 1 to 2"), ({1: 3}, "region 1 cannot be 3"), ({0: 1}, "0; 1")],
)
def test_what_is_no_decision(three: Project, labels: dict[int, int | None], said: str) -> None:
    found = open_consensus(three, all_images(three)[0], "ana")
    with pytest.raises(PremaskError, match=said):
        settle(three, found.consensus.id, "ana", labels)


def test_a_tie_is_nothing_that_the_majority_decides(project: Project) -> None:
    submitted(project, "ana", ANA)
    submitted(project, "ben", BEN)
    image = all_images(project)[0]
    found = open_consensus(project, image, "ana")
    assert found.told == frozenset()
    with pytest.raises(PremaskError, match="the majority cannot tell on region 1; choose a phase"):
        settle(project, found.consensus.id, "ana", {1: AUTOMATIC})
    assert agree_automatically(project, image).version is not None
    (version,) = agreed_versions(project, image)
    assert "0 regions settled, 2 left void" in version.note
    assert (read_version(project, version)[5:15, 5:15] == VOID).all()


def test_the_time_is_logged_apart_and_no_arm_of_the_study(three: Project) -> None:
    found = open_consensus(three, all_images(three)[0], "ana")
    session = consensus_session(three, found, "ana")
    append_events(three, session, log_of(4.0, "p"))
    (one,) = settling(three)
    assert (one.name, one.people, one.minutes) == ("a.png", ("ana",), pytest.approx(4.0))
    assert settling(three, "strict60")[0].minutes < 4
    assert [one.strategy for one in overview(three)[0].sessions] == ["scratch"] * 3


def test_a_saving_with_consensus_bears_its_minutes_under_both_strategies(
    three: Project,
) -> None:
    image = all_images(three)[0]
    for name, scratch, repaired in (("ana", 20, 5), ("ben", 30, 10)):
        for strategy, spent in (("scratch", scratch), ("preannotated", repaired)):
            session = begin(three, image, name, strategy)
            append_events(three, session.id, log_of(spent, f"{name} {strategy}"))
            if session.state == "open":
                submit(three, session.id, revision=session.revision)
    sessions = timed_sessions(three)
    none = measures_table(sessions)
    assert [row[0] for row in none.rows if "consensus" in str(row[0])] == []
    assert "No consensus was timed" in " ".join(none.notes)
    found = open_consensus(three, image, "ana")
    append_events(three, consensus_session(three, found, "ana"), log_of(3, "p"))
    append_events(three, consensus_session(three, found, "eva"), log_of(2, "q"))
    (settled,) = settling(three)
    assert (settled.minutes, settled.people) == (pytest.approx(5), ("ana", "eva"))
    rows = {row[0]: row[1:] for row in measures_table(sessions, [settled]).rows}
    # Medians over ana and ben: 25 and 7.5 min; consensus is added once to each.
    assert rows["active"][:3] == pytest.approx((25 / 60, 7.5 / 60, 70))
    assert rows["active, with consensus"][:3] == pytest.approx(
        (30 / 60, 12.5 / 60, 100 * 17.5 / 30)
    )
    assert "active, without consensus" not in rows, "no strategy's sessions have that stage"
    note = " ".join(parts_table(sessions, "stage", settled=[settled]).notes)
    assert "Consensus, of both strategies together: 5.0 min." in note
    twice = [one.minutes() for one in sessions] * 2
    added = sum(one.total() for one in with_consensus(twice, [settled]))
    assert added == pytest.approx(sum(one.total() for one in twice) + 5 * 5)


def test_staple_and_majority_agree_where_two_of_three_do(three: Project) -> None:
    image = all_images(three)[0]
    found = open_consensus(three, image, "ana", method="staple", min_px=0)
    assert (found.automatic[5:15, 5:15] == 2).all()
    assert found.doubts.small == 0
    with pytest.raises(PremaskError, match="majority, staple"):
        open_consensus(three, image, "ana", method="best")


@pytest.fixture
def client(three: Project) -> Iterator[TestClient]:
    with TestClient(create_app(three), base_url="http://127.0.0.1:8040") as made:
        made.headers["X-Premask-Annotator"] = "ana"
        yield made


def test_the_server_settles_and_finishes(client: TestClient, three: Project) -> None:
    (row,) = client.get("/api/consensus").json()
    assert (row["name"], row["votes"], row["agreed"], row["refusal"]) == ("a.png", 3, 0, "")
    found = client.post(f"/api/images/{row['image']}/consensus").json()
    assert found["voters"] == ["ana", "ben", "eva"]
    assert sum(found["regions"][0]["votes"][0].values()) == found["regions"][0]["px"]
    path = f"/api/consensus/{found['id']}"
    regions = client.get(f"{path}/regions")
    assert regions.headers["X-Type"] == "int32"
    values = np.frombuffer(regions.content, np.int32).reshape(SHAPE)
    left, top, right, bottom = found["regions"][0]["box"]
    assert (values[top:bottom, left:right] == 1).all()
    votes = np.frombuffer(client.get(f"{path}/votes").content, np.uint8).reshape(4, *SHAPE)
    assert np.array_equal(votes[1], ANA)
    body: dict[str, Any] = {"decisions": [{"region": 1, "label": 1}]}
    assert client.post(f"{path}/decisions", json=body).json()[0]["label"] == 1
    body["decisions"][0]["label"] = 77
    assert client.post(f"{path}/decisions", json=body).status_code == 400
    version = client.post(f"{path}/finish").json()
    assert version["id"] == agreed_versions(three, all_images(three)[0])[-1].id
    assert client.get("/api/consensus").json()[0]["agreed"] == 1
    assert client.get("/api/consensus/999/regions").status_code == 400
    own = client.get("/api/images").json()[0]["sessions"]
    assert [one["strategy"] for one in own] == ["scratch"]


def test_the_command_line_makes_agreed_maps_without_people(three: Project) -> None:
    root = three.root
    rows = answer("consensus", root)["images"]
    assert rows == [
        {"name": "a.png", "votes": 3, "regions": 2, "px": 120, "small": 4, "agreed": False}
    ]
    assert "a.png" in premask("consensus", root).stdout
    said = answer("consensus", root, "--auto", "--method", "staple")
    assert said["made"] == 1
    (version,) = agreed_versions(three, all_images(three)[0])
    assert np.array_equal(read_version(three, version), np.where(EVA == 1, 0, EVA))
    again = answer("consensus", root, "--auto", "--method", "staple")
    assert again["made"] == 0
    assert again["not_made"] == {"staple has agreed on these label maps already": ["a.png"]}
    assert answer("consensus", root, "--auto")["made"] == 1, "another method, another version"
    image = all_images(three)[0]
    _, newest = agreed_versions(three, image)
    assert newest.annotator == "automatic: majority"
    assert answer("consensus", root, "--auto", "--min-px", "3")["made"] == 1
    found = open_consensus(three, image, "ana")
    finish(three, found.consensus.id, "ana")
    printed = premask("consensus", root, "--auto", "--method", "staple").stdout
    assert "0 agreed maps made by staple" in printed
    assert "1 image not: people have agreed on these label maps" in printed
    assert "True" not in printed
    assert "did you mean staple" in refusal("consensus", root, "--auto", "--method", "stapel")


def test_the_report_tells_what_was_settled_by_whom_and_what_reviewers_said(
    three: Project, tmp_path: Path
) -> None:
    image = all_images(three)[0]
    none = answer("report", three.root, tmp_path / "none.html", "--tables", tmp_path / "none")
    assert "consensus.csv" not in none["files"]
    assert "Nothing was agreed on yet" in (tmp_path / "none.html").read_text()
    found = open_consensus(three, image, "ana")
    square = next(one.number for one in found.doubts.queue if one.px == 100)
    settle(three, found.consensus.id, "ben", {square: 1})
    append_events(three, consensus_session(three, found, "ana"), log_of(4.0, "p"))
    finish(three, found.consensus.id, "ana")
    table = consensus_table(three, settling(three))
    (row,) = (dict(zip(table.header, row, strict=True)) for row in table.rows)
    assert row.pop("Minutes") == pytest.approx(4)
    assert row.pop("Void %") == pytest.approx(100 * 20 / (40 * 60))
    assert row == {
        "Image": "a.png",
        "Agreed maps": 1,
        "Label maps": 3,
        "Rule, from": "majority, 20 px",
        "Regions": 2,
        "Settled": 1,
        "Left void": 1,
        "By": "ben 1",
    }
    version = voters(three, image)["eva"]
    review(three, int(version.session or 0), version.id, "ana", "returned", "the strip")
    assert reviews_table(three).rows == (
        ("a.png", "eva", "scratch", "ana", "returned", "the strip"),
    )
    assert reviews_table(three).notes == ("0 accepted, 1 sent back.",)
    shares, _ = provenance_tables(three)
    assert [row[0] for row in shares.rows] == ["agreed maps"] * 4
    total = dict(zip(shares.header, shares.rows[-1], strict=True))
    assert total["consensus %"] == pytest.approx(100 * 100 / (40 * 60 - 20))
    assert total["expert %"] == pytest.approx(100 - total["consensus %"])
    assert "model %" not in total, "nothing was proposed by a model"
    made = answer("report", three.root, tmp_path / "r.html", "--tables", tmp_path / "t")
    assert {"consensus.csv", "reviews-of-label-maps.csv"} <= set(made["files"])
