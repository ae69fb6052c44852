"""The simulated study: through the same code as people's work, honest about what it is."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from helpers import answer, premask, refusal
from premask.core.origins import ORIGINS
from premask.core.phases import make_phases
from premask.evaluate.effort import effort
from premask.io.label_maps import read_label_map
from premask.project import objects
from premask.project.consensus import agreements
from premask.project.events import events_of
from premask.project.images import all_images
from premask.project.label_maps import image_versions, read_version
from premask.project.project import Project, init_project, open_project
from premask.project.reviews import all_reviews
from premask.project.sessions import all_sessions
from premask.project.settings import Settings
from premask.project.verdicts import newest_verdicts
from premask.synthetic import synthesize
from premask.synthetic.annotator import Person, left_to_do, seen, strokes
from premask.workflow import simulate
from premask.workflow.add import add_images
from premask.workflow.effort import settling, timed_sessions
from premask.workflow.quality import submitted_maps
from premask.workflow.report.build import write_report
from premask.workflow.simulate import PER_TYPE, SHAPE, simulate_study

ANA = Person("ana", pace=1.0, shift_px=0.7, overlooks=0.1)


def test_strokes_lead_to_what_is_seen_and_cost_the_same_in_both_arms() -> None:
    truth = synthesize("II", seed=1, shape=(128, 160)).truth
    target = seen(truth, ANA, np.random.default_rng(1))
    assert np.array_equal(target, seen(truth, ANA, np.random.default_rng(1)))
    assert 0.9 < (target == truth).mean() < 1
    half = target.copy()
    half[:, 80:] = 0
    costs = []
    for begun in (np.zeros_like(target), half, target.copy()):
        current = begun.copy()
        drawn = list(strokes(current, target, ANA, np.random.default_rng(2)))
        for stroke in drawn:
            assert (target[stroke.rows, stroke.columns] == stroke.phase).all()
            current[stroke.rows, stroke.columns] = stroke.phase
        assert not left_to_do(current, target, ANA.accepts_px).any()
        costs.append(sum(stroke.seconds for stroke in drawn))
    assert costs[0] > costs[1] > costs[2] == 0, "a better beginning is what saves time"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Project:
    out = tmp_path_factory.mktemp("demo") / "study"
    said = answer("study", "demo", out)
    assert said["simulated"] is True
    assert said["sessions"] == 48
    return open_project(out)


def test_every_session_is_counted_and_the_arms_differ_by_their_work(demo: Project) -> None:
    sessions = timed_sessions(demo)
    assert [one.problem for one in sessions] == [""] * 48
    found = effort(one.minutes() for one in sessions)
    assert (found.sessions, len(found.images), found.left_out) == (48, 3 * PER_TYPE, ())
    for session in sessions:
        assert session.time.strokes > 5
        stages = {stage for stage in session.time.by_stage if stage}
        expected = {"choose", "name", "repair"}
        assert stages == (expected if session.record.strategy == "preannotated" else {"repair"})
    assert found.saving_by_hours < 1


def test_everything_says_that_it_is_simulated(demo: Project) -> None:
    assert demo.settings.simulated
    for session in all_sessions(demo):
        assert "simulated" in session.annotator
    for image in all_images(demo):
        assert all("simulated" in version.note for version in image_versions(demo, image))
    assert all("simulated" in one.reviewer + one.note for one in all_reviews(demo))
    tables = answer("tables", demo.root)["tables"]
    assert all("Simulated" in table["notes"][0] for table in tables)
    assert "Simulated" in premask("status", demo.root).stdout


def test_label_maps_are_near_the_truth_and_nobodys_are_alike(demo: Project) -> None:
    image = all_images(demo)[0]
    truth = synthesize("I", seed=0, shape=SHAPE).truth
    maps = [read_version(demo, version) for version in submitted_maps(demo, image).values()]
    assert len(maps) == 4
    for label_map in maps:
        assert 0.9 < (label_map == truth).mean() < 1
    assert len({label_map.tobytes() for label_map in maps}) == 4
    repaired = next(v for v in image_versions(demo, image) if v.strategy == "preannotated")
    origins = read_label_map(objects.existing(demo.root, str(repaired.origins))) & 0x0F
    assert set(np.unique(origins)) == {ORIGINS["candidate"], ORIGINS["expert"]}


def test_people_settle_review_and_verify(demo: Project) -> None:
    settled = settling(demo)
    assert len(settled) == len(demo.phases.by_type), "one image of each type"
    assert all(one.minutes > 0.5 for one in settled)
    for agreement in agreements(demo).values():
        done = sum(agreement.settled.values())
        assert 0 < done < agreement.regions, "some are settled, some stay void"
        assert len(agreement.consensus.versions) == 4
        assert agreement.void_px > 0
    assert {one.verdict for one in all_reviews(demo)} == {"accepted", "returned"}
    assert all(one.state in {"submitted", "accepted"} for one in all_sessions(demo))
    verdicts = [one for own in newest_verdicts(demo).values() for one in own.values()]
    assert {one.verdict for one in verdicts} == {"accepted", "rejected"}
    assert all(bool(one.reason) == (one.verdict == "rejected") for one in verdicts)
    before = len(all_sessions(demo)), len(all_reviews(demo)), len(agreements(demo))
    simulate_study(demo.root)
    assert before == (len(all_sessions(demo)), len(all_reviews(demo)), len(agreements(demo)))


def test_the_same_seed_gives_the_same_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulate, "PER_TYPE", 1)
    monkeypatch.setattr(simulate, "SHAPE", (128, 160))
    made = []
    for name in ("one", "two", "other"):
        project = simulate_study(tmp_path / name, seed=int(name == "other")).project
        logs = [
            [(event.kind, event.t, event.wall, event.data) for event in events_of(project, one.id)]
            for one in all_sessions(project)
        ]
        maps = [v.content for image in all_images(project) for v in image_versions(project, image)]
        made.append((logs, maps))
    assert made[0] == made[1]
    assert made[0] != made[2]
    again = simulate_study(tmp_path / "one").project
    assert len(all_sessions(again)) == len(made[0][0]), "what is done is not done again"


def test_no_other_folder_becomes_a_demo(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    assert "other files in it" in refusal("study", "demo", tmp_path)
    own = init_project(tmp_path / "own", Settings(make_phases(["A", "B"])))
    assert "a project of its own" in refusal("study", "demo", own.root)


def test_the_report_is_one_page_that_a_browser_shows_whole(
    demo: Project, tmp_path: Path, page: Page
) -> None:
    out, folder = tmp_path / "report.html", tmp_path / "tables"
    said = answer("report", demo.root, out, "--tables", folder)
    assert said["bytes"] == out.stat().st_size
    assert sorted(said["files"]) == sorted(path.name for path in folder.iterdir())
    assert len(said["files"]) == 3 * said["tables"]
    for path in folder.iterdir():
        assert "Simulated" in path.read_text(), path
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.on("request", lambda request: told.append(request.url))
    page.goto(out.as_uri())
    assert [one for one in told if not one.startswith(("file:", "data:"))] == []
    expect(page.get_by_text("no person has labelled any of this")).to_be_visible()
    for title in ("Consensus", "Reviews of label maps", "Predictions verified", "Who had named"):
        expect(page.locator("caption", has_text=title)).to_be_visible()
    for number in (1, 3, 4, 5, 6, 7):
        expect(page.locator("caption", has_text=f"Table {number}:")).to_be_visible()
    assert page.locator("figure.plot svg").count() == 5
    assert page.locator(".missing").count() == 0
    captions = " ".join(page.locator("#examples ~ .row figcaption").all_inner_texts())
    for kind in ("pre-annotation: ", "from scratch, ", "pre-annotated, "):
        assert captions.count(kind) >= 3, "of each type, both strategies side by side"
    broken = page.evaluate("[...document.images].filter((one) => !one.naturalWidth).length")
    assert broken == 0
    with page.expect_download() as download:
        page.locator("caption", has_text="Table 7").get_by_text("csv").click()
    assert (
        download.value.path().read_text()
        == (folder / "table-7-minutes-of-annotation.csv").read_text()
    )
    # A policy stands once in its part of the page, whole in every file.
    policy = "Pixels that are void in the truth do not count"
    assert page.get_by_text(policy).count() == 3
    assert sum(policy in path.read_text() for path in folder.glob("*.csv")) > 3
    for width in (1280, 700, 400):
        page.set_viewport_size({"width": width, "height": 800})
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, "tables scroll, the page does not"
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation")).not_to_be_visible()


def test_the_same_project_gives_the_same_report_but_for_its_date(
    demo: Project, tmp_path: Path
) -> None:
    pages = []
    for name in ("a", "b"):
        write_report(demo, tmp_path / name)
        text = (tmp_path / name).read_text()
        pages.append("\n".join(line for line in text.splitlines() if "; made 2" not in line))
    assert pages[0] == pages[1]


def test_a_report_of_almost_nothing_says_what_is_missing(tmp_path: Path) -> None:
    project = init_project(tmp_path / "p", Settings(make_phases(["A", "<b>B</b>"])))
    assert "nothing to report" in refusal("report", project.root, tmp_path / "r.html")
    synthetic = synthesize("II", shape=(64, 64)).image
    path = tmp_path / "<i>x.png"
    path.write_bytes(cv2.imencode(".png", synthetic)[1].tobytes())
    add_images(project, [path], crop_bottom=0)
    answer("report", project.root, tmp_path / "r.html")
    text = (tmp_path / "r.html").read_text()
    for said in ("No study was planned", "premask preannotate", "two submitted label maps"):
        assert said in text
    assert "<b>B" not in text
    assert "<i>x" not in text
