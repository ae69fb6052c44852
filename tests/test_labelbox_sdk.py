"""Labelbox's own SDK takes what premask writes, and premask reads what the SDK writes."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from premask.core.exchange import Layer, Target
from premask.interchange.labelbox import load_labelbox, save_labelbox
from premask.interchange.vocabulary import Vocabulary
from travelling import PHASES, outgoing, special_maps

VARIABLE = "PREMASK_LABELBOX_PYTHON"
PYTHON = os.environ.get(VARIABLE, "")
pytestmark = pytest.mark.skipif(
    not PYTHON,
    reason=f"{VARIABLE} does not name a Python with the package labelbox; run make test-others",
)

READ = """
import json, sys
import numpy as np
from labelbox import OntologyBuilder
from labelbox.data.serialization.ndjson.objects import NDMask
folder = sys.argv[1]
tools = OntologyBuilder.from_dict(json.load(open(f"{folder}/ontology.json"))).tools
masks = []
for line in open(f"{folder}/annotations.ndjson"):
    row = NDMask(**json.loads(line))
    mask = row.to_common()
    masks.append({"key": row.data_row.global_key, "name": row.name, "uuid": row.uuid,
                  "mask": mask.draw(color=1).tolist()})
names = [[tool.name, tool.tool.name] for tool in tools]
print(json.dumps({"tools": names, "masks": masks}))
"""

WRITE = """
import json, sys
import numpy as np
from labelbox.data.annotation_types import Label, Mask, MaskData, ObjectAnnotation
from labelbox.data.serialization import NDJsonConverter
labels = []
for name, rows in json.load(sys.stdin).items():
    data = MaskData.from_2D_arr(np.array(rows["map"], np.uint8))
    labels.append(Label(data={"global_key": name}, annotations=[
        ObjectAnnotation(name=phase, value=Mask(mask=data, color=(index + 1,) * 3))
        for index, phase in enumerate(rows["phases"])
    ]))
for row in NDJsonConverter.serialize(labels):
    print(json.dumps(row))
"""


def run(code: str, *arguments: object, given: str = "") -> str:
    done = subprocess.run(
        [PYTHON, "-W", "ignore", "-c", code, *map(str, arguments)],
        input=given, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_sdk_reads_what_premask_writes(tmp_path: Path) -> None:
    maps = {Path(name).stem: label_map for name, label_map in special_maps().items()}
    images = [outgoing(n, Layer(lambda m=m: m), shape=m.shape) for n, m in maps.items()]
    save_labelbox(images, Target(tmp_path, PHASES, pictures=False))
    found = json.loads(run(READ, tmp_path))
    assert found["tools"] == [[name, "RASTER_SEGMENTATION"] for name in PHASES.names]
    assert len({one["uuid"] for one in found["masks"]}) == len(found["masks"])
    for name, label_map in maps.items():
        own = {one["name"]: one["mask"] for one in found["masks"] if one["key"] == f"{name}.png"}
        present = np.unique(label_map[label_map < 255])
        assert own.keys() == {PHASES.names[index] for index in present}
        for index in present:
            assert np.array_equal(own[PHASES.names[index]], label_map == index)


def test_premask_reads_what_the_sdk_writes(tmp_path: Path) -> None:
    maps = special_maps()
    content = {
        name: {"map": np.where(m == 255, 0, m + 1).tolist(), "phases": PHASES.names}
        for name, m in maps.items()
    }
    path = tmp_path / "sdk.ndjson"
    path.write_text(run(WRITE, given=json.dumps(content)), encoding="utf-8")
    found = {one.name: one.read() for one in load_labelbox(path, Vocabulary(PHASES))}
    assert found.keys() == maps.keys()
    assert all(np.array_equal(found[name], label_map) for name, label_map in maps.items())
