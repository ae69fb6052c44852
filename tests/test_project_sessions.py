"""Working copies: saved tile by tile, by one at a time, never lost, never overwritten."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from helpers import write_images
from premask.core.errors import PremaskError
from premask.core.origins import fresh_origins
from premask.core.phases import VOID, make_phases
from premask.core.records import ImageRecord, SessionRecord
from premask.core.tiles import cut
from premask.project.images import all_images
from premask.project.label_maps import read_version, versions
from premask.project.project import Project, init_project, open_project
from premask.project.sessions import (
    ConflictError,
    add_annotator,
    all_annotators,
    find_session,
    get_session,
    reopen,
    replace_base,
    save_tiles,
    start_session,
    submit,
    working_copy,
)
from premask.project.settings import Settings
from premask.workflow.add import add_images


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = init_project(tmp_path / "project", Settings(make_phases(["A", "B", "C"])))
    add_images(made, write_images(tmp_path / "in", 1), crop_bottom=0)
    for name in ("ana", "ben"):
        add_annotator(made, name)
    return made


def image_of(project: Project) -> ImageRecord:
    return all_images(project)[0]


def start(project: Project, annotator: str = "ana", strategy: str = "scratch") -> SessionRecord:
    image = image_of(project)
    base = np.full((image.view_height, image.width), VOID, np.uint8)
    return start_session(
        project, image, annotator, strategy, base, fresh_origins(base, "expert"), {}
    )


def painted(session: SessionRecord, project: Project, phase: int) -> NDArray[np.uint8]:
    labels = working_copy(project, session.id).labels.copy()
    labels[:8, :8] = phase
    return labels


def save(project: Project, session: SessionRecord, labels: NDArray[np.uint8], at: int) -> int:
    tile = cut(labels, fresh_origins(labels, "expert"), 0, 0)
    return save_tiles(project, session.id, [tile], revision=at, save=f"page-{at}")


def test_a_session_begins_once(project: Project) -> None:
    first, again = start(project), start(project)
    assert first == again
    assert first.state == "open"
    assert first.revision == 0
    assert start(project, "ben").id != first.id
    assert find_session(project, image_of(project), "ana", "preannotated") is None
    assert (working_copy(project, first.id).labels == VOID).all()


def test_a_save_is_there_when_the_project_is_opened_again(project: Project) -> None:
    session = start(project)
    labels = painted(session, project, 2)
    assert save(project, session, labels, 0) == 1
    project.engine.dispose()
    copy = working_copy(open_project(project.root), session.id)
    np.testing.assert_array_equal(copy.labels, labels)
    assert copy.origins[0, 0] == 2
    assert copy.revision == 1


def test_a_save_on_an_old_state_is_a_conflict_and_changes_nothing(project: Project) -> None:
    session = start(project)
    save(project, session, painted(session, project, 1), 0)
    with pytest.raises(ConflictError, match="revision 1, not 0"):
        save_tiles(
            project,
            session.id,
            [cut(painted(session, project, 2), np.zeros((48, 64), np.uint8), 0, 0)],
            revision=0,
            save="another tab",
        )
    assert working_copy(project, session.id).labels[0, 0] == 1


def test_a_save_that_is_sent_again_counts_once(project: Project) -> None:
    session = start(project)
    labels = painted(session, project, 1)
    assert save(project, session, labels, 0) == 1
    assert save(project, session, labels, 0) == 1
    assert get_session(project, session.id).revision == 1


def test_of_savers_on_one_state_one_wins(project: Project) -> None:
    session = start(project)
    copy = painted(session, project, 1)
    outcomes: list[str] = []
    gate = threading.Barrier(4)

    def run(number: int) -> None:
        tile = cut(copy, fresh_origins(copy, "expert"), 0, 0)
        gate.wait()
        try:
            save_tiles(project, session.id, [tile], revision=0, save=f"tab {number}")
            outcomes.append("saved")
        except ConflictError:
            outcomes.append("conflict")

    threads = [threading.Thread(target=run, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["conflict"] * 3 + ["saved"]


def test_submitting_makes_versions_and_keeps_the_earlier_ones(project: Project) -> None:
    session = start(project)
    first = painted(session, project, 1)
    save(project, session, first, 0)
    number = submit(project, session.id, revision=1)
    assert submit(project, session.id, revision=1) == number, "sent twice: one version"
    with pytest.raises(ConflictError, match="submitted; reopen"):
        save(project, session, first, 1)
    reopen(project, session.id)
    second = painted(session, project, 2)
    save(project, session, second, 1)
    later = submit(project, session.id, revision=2, note="repaired")
    found = versions(project, image_of(project), "scratch")
    assert [(v.id, v.parent, v.note) for v in found] == [
        (number, None, ""),
        (later, number, "repaired"),
    ]
    np.testing.assert_array_equal(read_version(project, found[0]), first)
    np.testing.assert_array_equal(read_version(project, found[1]), second)
    assert found[1].session == session.id
    assert found[1].origins is not None


def test_what_was_not_seen_is_not_submitted(project: Project) -> None:
    session = start(project)
    save(project, session, painted(session, project, 1), 0)
    with pytest.raises(ConflictError, match="revision 1, not 0"):
        submit(project, session.id, revision=0)
    assert get_session(project, session.id).state == "open"


def test_a_new_base_leaves_no_tile_of_the_old_one(project: Project) -> None:
    session = start(project)
    save(project, session, painted(session, project, 1), 0)
    base = np.full_like(working_copy(project, session.id).labels, 2)
    at = replace_base(
        project, session.id, base, fresh_origins(base, "candidate"), {"method": "x"}, revision=1
    )
    copy = working_copy(project, session.id)
    assert (at, copy.revision) == (2, 2)
    assert (copy.labels == 2).all()
    assert (copy.origins == 1).all()
    with pytest.raises(ConflictError):
        replace_base(project, session.id, base, base, {}, revision=1)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_any_order_of_saves_gives_what_a_plain_array_gives(
    project: Project, data: st.DataObject
) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    session = start(project)
    before = working_copy(project, session.id)
    labels = before.labels
    for at in range(before.revision, before.revision + data.draw(st.integers(1, 5))):
        top, left = rng.integers(0, 40, 2)
        labels[top : top + 9, left : left + 20] = rng.choice([0, 1, 2, VOID])
        save(project, session, labels, at)
    np.testing.assert_array_equal(working_copy(project, session.id).labels, labels)


@pytest.mark.parametrize("name", ["", "   ", "a" * 65, "a\x00b"])
def test_a_name_that_cannot_be_shown_is_refused(project: Project, name: str) -> None:
    with pytest.raises(PremaskError, match="annotator's name"):
        add_annotator(project, name)


def test_a_name_is_kept_once(project: Project) -> None:
    assert add_annotator(project, "  ana ") == "ana"
    assert all_annotators(project) == ["ana", "ben"]


def test_a_stranger_cannot_begin(project: Project) -> None:
    with pytest.raises(PremaskError, match="not in the list"):
        start(project, "nobody")
