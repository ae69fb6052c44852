"""The audit of labels: who judges what, planted errors, and the consensus that settles them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from typer.testing import CliRunner

from audit_project import (
    BRIGHT,
    DARK,
    LARGE,
    MIDDLE,
    NAMES,
    SHAPE,
    THIN,
    make_project,
    truth,
    with_errors,
    write_run,
)
from helpers import answer, premask
from premask.cli.main import app
from premask.core.errors import PremaskError
from premask.core.origins import ORIGINS
from premask.core.phases import VOID, Phases, make_phases
from premask.core.records import ImageRecord
from premask.deploy.predictor import Model
from premask.io.label_maps import read_label_map
from premask.project import objects
from premask.project.images import all_images
from premask.project.label_maps import read_version, save_label_map, versions
from premask.project.project import Project, init_project
from premask.project.sessions import add_annotator
from premask.project.settings import Settings
from premask.server.app import create_app
from premask.workflow import audit_runs
from premask.workflow.add import add_images
from premask.workflow.audit import Audit, audit, audit_table
from premask.workflow.audit_runs import match_phases, mean_probabilities, read_run
from premask.workflow.audited import standing_audit
from premask.workflow.change_settings import concerned
from premask.workflow.consensus import (
    agree_automatically,
    agreed_versions,
    finish,
    open_consensus,
    settle,
    voters,
)
from premask.workflow.consensus_tables import consensus_table
from premask.workflow.dataset.folder import read_dataset
from premask.workflow.dataset.manifest import sources_of
from premask.workflow.final_maps import final_version
from tiny_models import TINY, card, write_dataset, write_grey_model

pytest.importorskip("onnxruntime")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run that has seen none of the project's images."""
    return write_run(tmp_path / "run", {"train": ["x"], "val": ["y"], "test": ["a", "b", "c"]})


def first(project: Project) -> ImageRecord:
    return all_images(project)[0]


def test_planted_errors_are_found_and_nothing_else(project: Project, run: Path) -> None:
    found = audit(project, [run])
    one, *others = found.images
    assert (one.contradicted, one.regions) == (100 + 32 + 6, 2)
    assert [(other.contradicted, other.version) for other in others] == [(0, None), (0, None)]
    (version,) = versions(project, first(project), "audit")
    assert (version.id, version.parent, version.annotator) == (
        one.version, one.labels.id, "model audit",
    )  # fmt: skip
    expected = truth(0)
    expected[-1, -1] = VOID
    assert np.array_equal(read_version(project, version), expected)
    assert version.note.startswith("runs that have not seen the image: run (")
    assert "usual confidence: bright 0." in version.note
    by_name = {phase.name: phase for phase in found.phases}
    assert dict(by_name["middle"].suggested) == {"bright": 100}
    assert dict(by_name["bright"].suggested) == {"dark": 32}
    assert dict(by_name["dark"].suggested) == {"middle": 6}
    assert [by_name[name].regions for name in ("middle", "bright", "dark")] == [1, 1, 0]
    pixels = sum(
        int(
            np.count_nonzero(with_errors(truth(0)) == MIDDLE if not seed else truth(seed) == MIDDLE)
        )
        for seed in range(3)
    )
    assert by_name["middle"].labelled == pixels
    row = next(row for row in audit_table(found).rows if row[0] == "middle")
    assert row[4:] == (pytest.approx(100 * 100 / pixels), 1, "bright (100 %)")
    assert audit(project, [run], min_px=1).images[0].regions == 3


def test_the_same_audit_again_makes_no_other_version(project: Project, run: Path) -> None:
    number = audit(project, [run]).images[0].version
    assert audit(project, [run]).images[0].version == number
    assert len(versions(project, first(project), "audit")) == 1


@pytest.fixture
def client(project: Project, run: Path) -> Iterator[TestClient]:
    audit(project, [run])
    add_annotator(project, "ana")
    with TestClient(create_app(project), base_url="http://127.0.0.1:8040") as made:
        made.headers["X-Premask-Annotator"] = "ana"
        yield made


def test_the_consensus_settles_what_is_contradicted(client: TestClient, project: Project) -> None:
    (row,) = client.get("/api/consensus").json()
    assert (row["name"], row["votes"], row["refusal"]) == ("a.png", 2, "")
    opened = client.post(f"/api/images/{row['image']}/consensus").json()
    assert (opened["voters"], opened["method"]) == (["labels", "model audit"], "labels")
    assert (opened["small"], opened["undecided"]) == (6, 1)
    votes = {one["px"]: (one["number"], one["votes"]) for one in opened["regions"]}
    assert votes[100][1] == [{str(MIDDLE): 100}, {str(BRIGHT): 100}]
    assert votes[32][1] == [{str(BRIGHT): 32}, {str(DARK): 32}]
    path = f"/api/consensus/{opened['id']}"
    body: dict[str, Any] = {"decisions": [{"region": votes[100][0], "label": BRIGHT}]}
    assert client.post(f"{path}/decisions", json=body).status_code == 200
    made = client.post(f"{path}/finish")
    assert made.status_code == 200, made.text
    (agreed,) = agreed_versions(project, first(project))
    assert made.json()["id"] == agreed.id
    expected = with_errors(truth(0))
    expected[LARGE] = BRIGHT
    assert np.array_equal(read_version(project, agreed), expected), "unsettled: as labelled"
    origins = read_label_map(objects.existing(project.root, str(agreed.origins)))
    assert (origins[LARGE] == ORIGINS["consensus"]).all()
    assert (origins[THIN] == ORIGINS["expert"]).all()
    assert origins[-1, -1] == ORIGINS["none"]
    assert "labels of 2 label maps: labels (version 1), model audit (version 4)" in agreed.note
    assert "1 region settled (ana 1), 1 left as labelled; 6 px in regions under" in agreed.note
    final = final_version(project, first(project))
    assert final is not None
    assert final.id == agreed.id
    (facts,) = consensus_table(project, []).rows
    assert facts[2:7] == (2, "labels, 20 px", 2, 1, 0)
    body["decisions"] = [{"region": votes[32][0], "label": DARK}]
    assert client.post(f"{path}/decisions", json=body).status_code == 200, "it goes on"
    assert client.post(f"{path}/finish").status_code == 200
    expected[THIN] = DARK
    assert np.array_equal(
        read_version(project, agreed_versions(project, first(project))[-1]), expected
    )


def test_a_settled_image_that_is_audited_again(project: Project, run: Path) -> None:
    audit(project, [run])
    add_annotator(project, "ana")
    found = open_consensus(project, first(project), "ana", min_px=1)
    assert found.consensus.method == "labels"
    expected = truth(0)
    settle(
        project,
        found.consensus.id,
        "ana",
        {one.number: int(next(iter(one.votes["model audit"]))) for one in found.doubts.queue},
    )
    finish(project, found.consensus.id, "ana")
    expected[-1, -1] = VOID
    assert np.array_equal(
        read_version(project, agreed_versions(project, first(project))[-1]), expected
    )
    again = audit(project, [run])
    assert again.images[0].labels.strategy == "agreed"
    assert (again.images[0].contradicted, again.images[0].version) == (0, None)
    assert len(versions(project, first(project), "audit")) == 1


def test_a_label_map_that_comes_anew_ends_the_audit(project: Project, run: Path) -> None:
    audit(project, [run])
    image = first(project)
    opened = open_consensus(project, image, "ana")
    assert list(voters(project, image)) == ["labels", "model audit"]
    save_label_map(project, image, truth(0), annotator="import", strategy="reference")
    assert standing_audit(project, image) is None
    assert voters(project, image) == {}
    with pytest.raises(PremaskError, match="no label map of this image was submitted"):
        finish(project, opened.consensus.id, "ana")
    assert audit(project, [run]).images[0].contradicted == 0


def test_labels_that_get_better_take_an_earlier_audit_back(
    project: Project, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest audit of the same labels counts, also where it has nothing to say."""
    audit(project, [run])
    image = first(project)
    labels = with_errors(truth(0))

    def agreeing(*_: object) -> NDArray[np.float32]:
        one = np.full((3, *SHAPE), 0.1, np.float32)
        np.put_along_axis(one, np.where(labels == VOID, 0, labels)[None].astype(np.intp), 0.8, 0)
        return one

    for record in all_images(project)[1:]:
        save_label_map(project, record, labels, annotator="import", strategy="reference")
    monkeypatch.setattr("premask.workflow.audit.mean_probabilities", agreeing)
    assert audit(project, [run]).images[0].contradicted == 0
    assert open_consensus(project, image, "ana").doubts.queue == ()


def test_no_rule_decides_on_an_audit_without_people(project: Project, run: Path) -> None:
    audit(project, [run])
    done = agree_automatically(project, first(project))
    assert done.version is None
    assert "for people to settle" in done.why
    said = answer("consensus", project.root, "--auto")
    assert said["not_made"] == {done.why: ["a.png"]}
    assert (said["images"][0]["votes"], said["images"][0]["px"]) == (2, 132)
    with pytest.raises(PremaskError, match="majority, staple are accepted"):
        agree_automatically(project, first(project), method="labels")


def test_an_audit_is_no_label_map_of_its_own(project: Project, run: Path) -> None:
    before = concerned(project, BRIGHT)
    audit(project, [run])
    final = final_version(project, first(project))
    assert final is not None
    assert final.strategy == "reference"
    assert concerned(project, BRIGHT) == before


def judged_by(found: Audit) -> dict[str, list[str]]:
    return {one.image.name: [run.folder.name for run in one.runs] for one in found.images}


def test_each_image_is_judged_by_the_runs_that_have_not_seen_it(
    project: Project, tmp_path: Path
) -> None:
    parts = {"0": {"train": ["B", "c"]}, "1": {"train": ["c"], "hold-out": ["a"], "test": ["b"]}}
    folders = [write_run(tmp_path / name, own, channels=3) for name, own in parts.items()]
    found = audit(project, folders)
    assert judged_by(found) == {"a.png": ["0"], "b.png": ["1"]}
    assert found.seen == ("c.png",)
    assert [run.seen.rule for run in found.runs] == ["stem", "stem"]
    assert "by the name of the image: 0, 1" in audit_table(found).notes[0]


def test_images_are_known_by_their_content_where_the_data_set_tells_it(
    project: Project, tmp_path: Path
) -> None:
    a, b, c = all_images(project)
    sources = {"b": a.id, "c": "0" * 64}
    run = write_run(tmp_path / "run", {"train": ["b"], "val": ["c"]}, sources)
    found = audit(project, [run])
    assert found.seen == ("a.png",), "what the data set calls b is the project's a"
    assert judged_by(found) == {"b.png": ["run"], "c.png": ["run"]}
    assert found.runs[0].seen.rule == "content"
    half = write_run(tmp_path / "half", {"train": ["b"], "val": ["c"]}, {"b": a.id})
    assert audit(project, [half]).seen == ("b.png", "c.png"), "one is not told: by stems"
    assert (b.name, c.name) == ("b.png", "c.png")


@pytest.mark.parametrize(
    ("validation", "seen"), [("val", {"a", "b"}), ("hold-out", {"a", "c"}), ("none", {"a"})]
)
def test_what_told_the_best_epoch_was_seen(tmp_path: Path, validation: str, seen: set[str]) -> None:
    parts = {"train": ["a"], "val": ["b"], "test": ["d"]}
    if validation == "hold-out":
        parts["hold-out"] = ["c"]
    run = write_run(tmp_path / "run", parts, validation=validation)
    assert read_run(run, make_phases(NAMES)).seen.names == seen


def test_a_run_of_one_type_judges_no_other(project: Project, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"train": ["x"]}, type_="II")
    with pytest.raises(PremaskError, match="no image can be audited: 3 images trained every run"):
        audit(project, [run])


def test_probabilities_are_averaged_over_runs_and_kept(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def said(model: Model, _image: object) -> NDArray[np.float32]:
        asked.append(model.path.parent.name)
        dark = 0.2 if model.path.parent.name == "0" else 0.8
        planes = np.zeros((3, *SHAPE), np.float32)
        planes[0], planes[1] = dark, 1 - dark
        return planes

    monkeypatch.setattr(audit_runs, "probabilities", said)
    folders = [write_run(tmp_path / str(i), {"train": ["x"]}, channels=(1, 3)[i]) for i in (0, 1)]
    runs = [read_run(folder, project.phases) for folder in folders]
    image = first(project)
    one = mean_probabilities(project, image, runs[:1])
    assert [round(float(one[i, 0, 0]), 4) for i in (DARK, MIDDLE, BRIGHT)] == [0.2, 0.8, 0]
    both = mean_probabilities(project, image, runs)
    assert [round(float(both[i, 0, 0]), 4) for i in (DARK, MIDDLE, BRIGHT)] == [0.5, 0.5, 0]
    assert asked == ["0", "1"], "the first is in the cache"
    files = sorted((project.root / "cache").rglob("*.npz"))
    assert len(files) == 2
    for file in files:
        file.write_bytes(file.read_bytes()[:40])
    assert np.array_equal(mean_probabilities(project, image, runs), both)
    assert asked == ["0", "1", "0", "1"], "a damaged one is made again"


def test_phases_are_matched_by_name() -> None:
    phases = make_phases(["A", "B", "C"])
    assert match_phases(["c", "A", "b"], phases, "run") == (2, 0, 1)
    merged = Phases(phases.phases, merged={"C": "B"})
    assert match_phases(["C", "A", "B"], merged, "run") == (1, 0, 1)
    assert match_phases(["B", "A"], merged, "run") == (1, 0)
    for names in (["A", "B"], ["A", "B", "C", "D"]):
        with pytest.raises(PremaskError, match="the project has A, B, C; train it on a data set"):
            match_phases(names, phases, "run")


def test_the_command_says_what_is_contradicted(project: Project, run: Path) -> None:
    said = answer("audit", project.root, run)
    assert said["images"][0] == {
        "name": "a.png", "contradicted": 138, "regions": 2, "runs": [str(run)], "label_map": 1,
        "version": 4,
    }  # fmt: skip
    assert said["matched_by"] == {str(run): "stem"}
    assert (said["seen"], said["unlabelled"], said["min_px"]) == ([], [], 20)
    middle = next(one for one in said["phases"] if one["name"] == "middle")
    assert (middle["contradicted"], middle["regions"]) == (100, 1)
    assert middle["suggested"] == {"bright": 100}
    assert middle["share"] == pytest.approx(100 / middle["labelled"])
    assert 0 < middle["usual_confidence"] < 1
    printed = premask("audit", project.root, run, "--min-px", "50").stdout
    assert "Regions >= 50 px" in printed
    assert "bright (100 %)" in printed
    assert "Settle them in the browser" in printed


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("nothing", "has no config.json"),
        ("no model", "there is no model at"),
        ("other phases", "its model knows the phases dark, middle, odd"),
        ("no run", "does not tell the images of a run"),
        ("no type", "does not tell the images of a run (KeyError('type'))"),
        ("all seen", "3 images trained every run or told its best epoch"),
        ("another size", "a.png: its reference label map has the shape"),
    ],
)
def test_what_cannot_be_audited(
    project: Project, tmp_path: Path, run: Path, case: str, message: str
) -> None:
    if case == "nothing":
        run = tmp_path
    elif case == "no model":
        (run / "model.onnx").unlink()
    elif case == "other phases":
        own = card()
        object.__setattr__(own, "names", ("dark", "middle", "odd"))
        write_grey_model(run / "model.onnx", described=own)
    elif case == "no run":
        (run / "config.json").write_text('{"images": {"train": []}}')
    elif case == "no type":
        known = json.loads((run / "config.json").read_text())
        del known["type"]
        (run / "config.json").write_text(json.dumps(known))
    elif case == "all seen":
        run = write_run(run, {"train": ["a", "b", "c"]})
    else:
        small = truth(0)[:-3]
        save_label_map(project, first(project), small, annotator="import", strategy="reference")
    done = CliRunner().invoke(app, ["audit", str(project.root), str(run)])
    assert isinstance(done.exception, PremaskError)
    assert message in str(done.exception)
    assert versions(project, first(project), "audit") == []


def test_a_built_data_set_tells_where_its_images_came_from(
    project: Project, tmp_path: Path
) -> None:
    answer("dataset", "build", project.root, tmp_path / "data")
    found = sources_of(read_dataset(tmp_path / "data"))
    assert found == {Path(image.name).stem: image.id for image in all_images(project)}


def planted(truth_: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The largest particle of phase 1 labelled 2, the largest of phase 2 as matrix."""
    wrong = truth_.copy()
    for phase, label in ((1, 2), (2, 0)):
        _, parts, facts, _ = cv2.connectedComponentsWithStats((truth_ == phase).astype(np.uint8))
        wrong[parts == 1 + int(np.argmax(facts[1:, cv2.CC_STAT_AREA]))] = label
    return wrong


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Networks of this size are slower on several threads, and far slower on a busy machine."""
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
def test_planted_errors_lead_the_queue_of_folds_that_were_trained(tmp_path: Path) -> None:
    """Two folds as they are trained without a word on validation, some seconds each."""
    pytest.importorskip("segmentation_models_pytorch")
    from premask.train.config import make_config
    from premask.workflow.train.run import Order, train

    discs = write_dataset(tmp_path / "discs", 6)
    made = init_project(tmp_path / "steel", Settings(make_phases(["matrix", "grey", "white"])))
    add_images(made, sorted((discs / "images").iterdir()), crop_bottom=0)
    truths = {i.name: read_label_map(discs / "masks" / i.name) for i in all_images(made)}
    wrong = {name: planted(truths[name]) for name in sorted(truths)[::2]}
    for image in all_images(made):
        labels = wrong.get(image.name, truths[image.name])
        save_label_map(made, image, labels, annotator="import", strategy="reference")
    answer("dataset", "build", made.root, tmp_path / "data", "--folds", "2")
    dataset = read_dataset(tmp_path / "data")
    config = make_config(given=TINY | {"architecture": "fpn", "epochs": 10})
    runs = [tmp_path / f"run{fold}" for fold in range(2)]
    for fold, run in enumerate(runs):
        assert train(Order(dataset, run, config, split=f"folds/{fold}")) is not None
        known = json.loads((run / "config.json").read_text())
        assert known["best_epoch_told_by"] == "hold-out"
        ids = {Path(image.name).stem: image.id for image in all_images(made)}
        assert known["sources"] == ids
    said = answer("audit", made.root, *runs)
    assert said["seen"] == []
    assert set(said["matched_by"].values()) == {"content"}
    folds = {f"{stem}.png": run for fold, run in enumerate(runs)
             for stem in dataset.split(f"folds/{fold}").parts["val"]}  # fmt: skip
    assert {one["name"]: one["runs"] for one in said["images"]} == {
        name: [str(run)] for name, run in folds.items()
    }
    add_annotator(made, "ana")
    ordered = pairs = 0
    for image in all_images(made):
        if image.name not in wrong:
            continue
        doubts = open_consensus(made, image, "ana").doubts
        error = wrong[image.name] != truths[image.name]
        shares = [float(error[doubts.regions == one.number].mean()) for one in doubts.queue]
        assert shares[0] > 0.8, f"{image.name}: {shares}"
        ahead = [(a > 0.5, b > 0.5) for i, a in enumerate(shares) for b in shares[i + 1 :]]
        ordered += ahead.count((True, False))
        pairs += ahead.count((True, False)) + ahead.count((False, True))
        # what the models would have there is the truth
        most = doubts.regions == 1
        (suggested,) = doubts.queue[0].votes["model audit"]
        assert np.mean(truths[image.name][most] == suggested) > 0.8
    assert ordered >= 0.9 * pairs, "planted errors come before correct labels"
