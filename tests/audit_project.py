"""A small project with wrong labels, and runs of models that find them without any training."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from premask.core.phases import VOID, make_phases
from premask.project.images import all_images
from premask.project.label_maps import save_label_map
from premask.project.project import Project, init_project
from premask.project.settings import Settings
from premask.workflow.add import add_images
from tiny_models import CENTRES, write_grey_model

SHAPE = (64, 96)
NAMES = ("bright", "dark", "middle")
"""The model's phases in another order: only names tell which is which."""

DARK, MIDDLE, BRIGHT = NAMES.index("dark"), NAMES.index("middle"), NAMES.index("bright")
LEVELS = {DARK: CENTRES[0], MIDDLE: CENTRES[1], BRIGHT: CENTRES[2]}

LARGE = slice(10, 20), slice(10, 20)
"""A square of bright that was labelled as middle."""

THIN = slice(40, 44), slice(70, 78)
"""Dark that was labelled bright."""

SPECK = slice(60, 62), slice(2, 5)
"""Six pixels of middle that were labelled dark: too few to be asked about."""


def truth(seed: int) -> NDArray[np.uint8]:
    """A dark matrix with a bright and a middle block, elsewhere in each image."""
    labels = np.full(SHAPE, DARK, np.uint8)
    labels[5:30, 5 + seed : 35] = BRIGHT
    labels[30:55, 40 + seed : 65] = MIDDLE
    labels[60:62, 2:5] = MIDDLE
    return labels


def with_errors(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    wrong = labels.copy()
    wrong[LARGE], wrong[THIN], wrong[SPECK] = MIDDLE, BRIGHT, DARK
    wrong[-1, -1] = VOID
    return wrong


def make_project(root: Path) -> Project:
    """Three images with imported label maps, the first with errors."""
    made = init_project(root / "steel", Settings(make_phases(NAMES)))
    files = []
    for seed, name in enumerate(("a", "b", "c")):
        levels = np.vectorize(LEVELS.get)(truth(seed)).astype(np.uint8)
        files.append(root / "in" / f"{name}.png")
        files[-1].parent.mkdir(exist_ok=True)
        cv2.imwrite(str(files[-1]), levels)
    add_images(made, files, crop_bottom=0)
    for seed, image in enumerate(all_images(made)):
        labels = truth(seed) if seed else with_errors(truth(seed))
        save_label_map(made, image, labels, annotator="import", strategy="reference")
    return made


def write_run(
    folder: Path,
    parts: dict[str, list[str]],
    sources: dict[str, str] | None = None,
    *,
    validation: str = "val",
    type_: str | None = None,
    channels: int = 1,
) -> Path:
    """A run as ``premask train`` leaves it, as far as an audit reads it."""
    write_grey_model(folder / "model.onnx", channels)
    config = {
        "best_epoch_told_by": validation,
        "type": type_,
        "images": parts,
        "sources": sources or {},
    }
    (folder / "config.json").write_text(json.dumps(config))
    return folder
