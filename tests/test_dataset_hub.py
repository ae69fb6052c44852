"""What others' programs read of a data set: Hugging Face, MLCommons, the citation's validator.

They need hundreds of megabytes of packages and have an environment of their own (``make
test-others``), which is told by ``PREMASK_HUB_PYTHON``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dataset_project import NAMES, make_project
from premask.io.label_maps import read_label_map
from premask.project.images import all_images, update_image
from premask.workflow.dataset.about import About, parse_authors, parse_licence
from premask.workflow.dataset.build import build_dataset
from premask.workflow.dataset.folder import read_dataset

HUB = os.environ.get("PREMASK_HUB_PYTHON", "")
needs_hub = pytest.mark.skipif(
    not HUB, reason="no environment with datasets and mlcroissant; run make test-others"
)

LOAD = """
import json, sys
import numpy as np
from datasets import load_dataset
folder, way = sys.argv[1:]
loaded = load_dataset(folder) if way == "card" else load_dataset("imagefolder", data_dir=folder)
told = {}
for part, rows in loaded.items():
    told[part] = [
        {
            "stem": row["stem"],
            "type": row["type"],
            "um_per_px": row.get("um_per_px"),
            "mode": row["mask"].mode,
            "size": row["image"].size,
            "counts": np.bincount(np.array(row["mask"]).ravel(), minlength=256).tolist(),
        }
        for row in rows
    ]
print(json.dumps(told))
"""

CROISSANT = """
import json, sys
import numpy as np
import mlcroissant
data = mlcroissant.Dataset(jsonld=sys.argv[1])
issues = data.metadata.ctx.issues
told = {"errors": sorted(issues.errors), "warnings": sorted(issues.warnings)}
told["images"] = [
    {"stem": r["images/stem"].decode(), "type": r["images/type"].decode(),
     "split": r["images/split"].decode(), "um_per_px": r.get("images/um_per_px"),
     "size": r["images/image"].size}
    for r in data.records("images")
]
told["label_maps"] = [
    {"stem": r["label_maps/stem"].decode(),
     "colours": [list(map(int, c)) for c in
                 np.unique(np.array(r["label_maps/label_map"]).reshape(-1, 3), axis=0)]}
    for r in data.records("label_maps")
]
print(json.dumps(told))
"""


def run(program: str, *arguments: object, home: Path) -> Any:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "HF_HOME": str(home / "hf"),
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    }
    done = subprocess.run(
        [HUB, "-c", program, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=environment,
        cwd=home,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("hub")
    about = About(
        'Steel: a "set"',
        parse_licence("CC-BY-SA-4.0"),
        parse_authors("Ana Ruiz (University of Granada) 0000-0002-1825-0097; Doe, Ben; DaSCI"),
        url="https://doi.org/10.5281/zenodo.1",
        description="Micrographs of a steel: 100 % real.",
    )
    build_dataset(make_project(root, 9), root / "set", about, unlabelled=True)
    return root / "set"


@needs_hub
@pytest.mark.slow
def test_hugging_face_loads_images_and_indices_by_split(built: Path, tmp_path: Path) -> None:
    told = run(LOAD, built, "card", home=tmp_path)
    splits = json.loads((built / "splits.json").read_text())["default"]
    names = {"train": "train", "val": "validation", "test": "test"}
    assert {part: [row["stem"] for row in rows] for part, rows in told.items()} == {
        names[part]: sorted(stems) for part, stems in splits.items()
    }
    entries = {entry.stem: entry for entry in read_dataset(built).labelled}
    for row in (row for rows in told.values() for row in rows):
        labels = read_label_map(entries[row["stem"]].label_map)
        assert row["mode"] == "P"
        assert row["counts"] == np.bincount(labels.ravel(), minlength=256).tolist()
        assert row["size"] == [labels.shape[1], labels.shape[0]]
        assert row["type"] == entries[row["stem"]].type
        assert row["um_per_px"] == 0.05
    # without the card all images are one part
    (rows,) = run(LOAD, built, "folder", home=tmp_path).values()
    assert sorted(row["stem"] for row in rows) == sorted(entries)


@needs_hub
@pytest.mark.slow
def test_hugging_face_loads_what_has_scales_and_types_in_parts_alone(tmp_path: Path) -> None:
    from dataclasses import replace

    project = make_project(tmp_path, 7)
    for image in all_images(project)[:4]:
        update_image(project, replace(image, type=None, um_per_px=None))
    build_dataset(project, tmp_path / "set", About("Steel"))
    told = run(LOAD, tmp_path / "set", "card", home=tmp_path)
    rows = [row for part in told.values() for row in part]
    assert {row["type"] for row in rows} == {"", "II"}
    assert {row["um_per_px"] for row in rows} == {None}


@needs_hub
@pytest.mark.slow
def test_croissant_is_valid_and_leads_to_the_pixels(built: Path, tmp_path: Path) -> None:
    told = run(CROISSANT, built / "croissant.json", home=tmp_path)
    assert told["errors"] == told["warnings"] == []
    entries = {entry.stem: entry for entry in read_dataset(built).labelled}
    colours = {"Alpha": 0, "TiB2": 1, "TiN": 2, "FeTiB": 3}
    assert list(colours) == list(NAMES)
    assert sorted(row["stem"] for row in told["images"]) == sorted(entries)
    assert {row["um_per_px"] for row in told["images"]} == {0.05}
    phases = json.loads((built / "manifest.json").read_text())["phases"]
    for row in told["label_maps"]:
        values = np.unique(read_label_map(entries[row["stem"]].label_map))
        # the program turns palettes into colours: those of the phases, and white for void
        expected = [
            [int(phases[v]["colour"][i : i + 2], 16) for i in (1, 3, 5)] if v < 255 else [255] * 3
            for v in values
        ]
        assert sorted(row["colours"]) == sorted(expected)


@needs_hub
@pytest.mark.slow
def test_a_changed_file_of_metadata_is_refused_by_croissant(built: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(built, tmp_path / "set"))
    with (copy / "metadata.jsonl").open("a") as file:
        file.write("{}\n")
    with pytest.raises(AssertionError, match="is not identical with the reference"):
        run(CROISSANT, copy / "croissant.json", home=tmp_path)


@needs_hub
@pytest.mark.slow
@pytest.mark.parametrize("bare", [False, True])
def test_the_citation_is_valid(built: Path, tmp_path: Path, bare: bool) -> None:
    citation = built / "CITATION.cff"
    if bare:
        project = make_project(tmp_path, 3)
        build_dataset(project, tmp_path / "set", About("No: authors # here"))
        citation = tmp_path / "set" / "CITATION.cff"
    program = (
        "import json, sys\n"
        "from cffconvert import Citation\n"
        "found = Citation(open(sys.argv[1]).read())\n"
        "found.validate()\n"
        "print(json.dumps(json.loads(found.as_zenodo())))"
    )
    zenodo = run(program, citation, home=tmp_path)
    if bare:
        assert zenodo["title"] == "No: authors # here"
        return
    assert zenodo["title"] == 'Steel: a "set"'
    assert zenodo["license"]["id"] == "CC-BY-SA-4.0"
    assert [one["name"] for one in zenodo["creators"]] == ["Ruiz, Ana", "Doe, Ben", "DaSCI"]
    assert zenodo["creators"][0]["affiliation"] == "University of Granada"
