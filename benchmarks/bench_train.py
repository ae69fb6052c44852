"""Mean IoU against minutes of training on two cores, and what each knob is worth.

python benchmarks/bench_train.py                                  # everything: half a day
python benchmarks/bench_train.py --minutes 1 --splits uhcs/MatSeg  # one figure
python benchmarks/bench_train.py --effects uhcs/MatSeg nasa_ebc/EBC1

Each run is ``premask train`` as a user calls it. What has been measured is kept in
``results/train.json`` and not measured again; the report is made of all that is there.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from common import DATA, RESULTS, missing, report, table
from premask.workflow.dataset.folder import read_dataset
from premask.workflow.hardware import hardware

MINUTES = (1.0, 3.0, 10.0, 30.0)
FOLDS = "uhcs_segment_6fold_validation_sets"
SPLITS = (
    "uhcs/MatSeg",
    *(f"uhcs/{FOLDS}/{fold}" for fold in range(6)),
    *(f"nasa_ebc/EBC{number}" for number in (1, 2, 3)),
    *(f"nasa_super/Super{number}" for number in (1, 2, 3, 4)),
)
EFFECTS: dict[str, dict[str, str]] = {
    "as the preset (FPN, cross-entropy + Dice)": {},
    "the same, seed 1": {"seed": "1"},
    "the same, seed 2": {"seed": "2"},
    "encoder at random": {"encoder_weights": "none"},
    "class weights none": {"class_weights": "none"},
    "class weights inverse": {"class_weights": "inverse"},
    "crops by area alone": {"balance": "0"},
    "crops balanced alone": {"balance": "1"},
    "cross-entropy": {"loss": "cross-entropy"},
    "focal": {"loss": "focal"},
    "Dice": {"loss": "dice"},
    "focal + Dice": {"loss": "focal+dice"},
    "no mean of the weights": {"average": "0"},
    "flips and turns alone": {"augment": "flip,turn"},
    "no augmentation": {"augment": "none"},
    "DeepLabV3+": {"architecture": "deeplabv3plus"},
    "U-Net": {"architecture": "unet"},
}
STEPS = 120
"""Of the comparison of knobs: the same for all, so that it does not hang on the clock."""

FIGURES = ("images", "mean_iou", "iou", "micro_dice")
"""Of the scores of a part, what is kept."""

KEPT = RESULTS / "train.json"

HOW = """`premask train --preset minutes --minutes M`, two threads; mean IoU in %, counts summed
over the images of a part, phases that it has none of left out (absent: skip). Where a split has
no part test, its part val is reported and a fifth of train tells the best epoch."""

PUBLISHED = """Published, with the source and its convention:

- UHCS: PixelNet (VGG-16), leave-one-out over the 24 images: matrix 47.4, network 65.8,
  spheroidite 87.9, Widmanstätten 38.3, mean **59.8** ± 11.4 %, in the draft of DeCost et al.
  (arXiv 1805.08693) in the authors' repository (bdecost/uhcs-segment, reports/uhcs-segment.org,
  commit 11c0b6c). Its IoU is computed for each image over the phases that prediction or truth
  show (uhcsseg/perf.py) and then averaged over images; here counts are summed over the images
  first. The table of the paper as it was published could not be looked up.
- NASA, EBC1: U-Net with InceptionResNetV2 and MicroNet's weights, 200 epochs: **98.1** %, in the
  notebook train_segmentation_models.ipynb of the authors' repository
  (nasa/pretrained-microscopy-models, commit 2c42c92). Its IoU (smp.utils.metrics.IoU) counts the
  pixels of all phases together, background among them, in each quarter of a test image, and
  averages over the quarters; the table below does so over the whole test part.
- The tables of Stuckner et al. 2022 (npj Computational Materials 8) could not be looked up; the
  abstract gives only a reduction of the error relative to ImageNet (72.2 % with one training
  image)."""

TOGETHER = """## As NASA's code counts: one IoU of all pixels together

With a share *a* of right pixels it is *a* / (2 - *a*): the phases that cover most of the picture
decide it, and the cracks of the EBC sets hardly count."""


def main() -> None:
    """Measure what is asked for and missing, then write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", nargs="*", type=float, default=list(MINUTES))
    parser.add_argument("--splits", nargs="*", default=list(SPLITS))
    parser.add_argument("--effects", nargs="*", default=None, metavar="SPLIT")
    given = parser.parse_args()
    effects = given.effects
    if effects is None:  # all of them where nothing was asked for in particular
        effects = ["uhcs/MatSeg", "nasa_ebc/EBC1"] if len(sys.argv) == 1 else []
    kept: dict[str, Any] = json.loads(KEPT.read_text()) if KEPT.is_file() else {}
    if given.effects is None:
        for minutes in given.minutes:
            for split in given.splits:
                measure(kept, f"{split} {minutes:g}", split, ["--minutes", f"{minutes:g}"])
    for split in effects:
        for name, knobs in EFFECTS.items():
            steps = {"epochs": "1", "crops_per_epoch": str(4 * STEPS), "validation": "none"}
            words = [f"--knob={key}={value}" for key, value in (steps | knobs).items()]
            measure(kept, f"{split} {name}", split, words)
    write(kept)


def measure(kept: dict[str, Any], key: str, split: str, words: list[str]) -> None:
    """Run ``premask train`` once, unless that has been done."""
    if key in kept:
        return
    name, _, own = split.partition("/")
    if not (DATA / name).is_dir():
        missing(f"{DATA / name} is not there")
    dataset = read_dataset(DATA / name)
    if own not in dataset.splits:
        print(f"left out: {split} is not in {DATA / name}")
        return
    parts = dataset.split(own).parts
    if "test" not in parts and not any("validation" in word for word in words):
        words = [*words, "--knob=validation=hold-out"]  # val is the only part to report
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "premask", "train", DATA / name, Path(folder) / "run",
             "--split", own, "--preset", "minutes", "--json", *words],
            stdout=subprocess.PIPE, text=True, check=True,
            env={"OMP_NUM_THREADS": "2", **os.environ},
        )  # fmt: skip
        answer = json.loads(done.stdout)
        config = json.loads((Path(folder) / "run" / "config.json").read_text())
    tested = ["test", "different_test"] if "test" in parts else ["val"]
    kept[key] = {
        "split": split,
        "train": len(config["images"]["train"]),
        "weights": config["encoder_weights_source"].split(",")[0],
        "epochs": answer["epochs"],
        "seconds": answer["seconds"],
        "machine": hardware(),
        "scores": {
            part: {figure: found[figure] for figure in FIGURES}
            for part, found in answer["scores"].items()
            if part in tested
        },
    }
    KEPT.write_text(json.dumps(kept, indent=1) + "\n")


def percent(share: float | None) -> str:
    """A share as it is printed."""
    return "-" if share is None else f"{100 * share:.1f}"


def write(kept: dict[str, Any]) -> None:
    """The report of all that has been measured."""
    weights = sorted({one["weights"] for key, one in kept.items() if _is_budget(key)})
    nasa = [split for split in SPLITS if split.startswith("nasa")]
    parts = [HOW, f"Encoder's weights: {', '.join(weights)}."]
    parts += [against_minutes(kept, SPLITS, lambda found: found["mean_iou"]), PUBLISHED]
    parts += [TOGETHER, against_minutes(kept, nasa, pixel_iou)]
    for split in dict.fromkeys(one["split"] for one in kept.values()):
        if any(f"{split} {name}" in kept for name in EFFECTS):
            parts += effects_of(kept, split)
    report("train", "Training on two cores", *parts)


def against_minutes(
    kept: dict[str, Any], splits: Sequence[str], score: Callable[[dict[str, Any]], float | None]
) -> str:
    """A row for each part of each split, a column for each budget."""
    budgets = sorted({float(key.rsplit(" ", 1)[1]) for key in kept if _is_budget(key)})
    rows = []
    for split in splits:
        own = [kept.get(f"{split} {minutes:g}") for minutes in budgets]
        found = next((one for one in own if one), None)
        for part in found["scores"] if found else ():
            cells = [percent(score(one["scores"][part])) if one else "-" for one in own]
            images = found["scores"][part]["images"]
            rows.append([split, part, str(found["train"]), str(images), *cells])
    header = ["split", "part", "training images", "images", *(f"{m:g} min" for m in budgets)]
    return table(header, rows)


def pixel_iou(found: dict[str, Any]) -> float | None:
    """IoU of all pixels together, whatever their phase; None where it was not kept."""
    dice = found.get("micro_dice")
    return None if dice is None else dice / (2 - dice)


def effects_of(kept: dict[str, Any], split: str) -> list[str]:
    """What each knob does to every phase, after the same number of steps."""
    rows = []
    header: list[str] = []
    for name in EFFECTS:
        one = kept.get(f"{split} {name}")
        if one is None:
            continue
        part = next(iter(one["scores"]))
        found = one["scores"][part]
        header = ["knob", *(f"IoU {phase}" for phase in found["iou"]), "mean IoU", "s"]
        ious = [percent(value) for value in found["iou"].values()]
        rows.append([name, *ious, percent(found["mean_iou"]), f"{one['seconds']:.0f}"])
    told = f"## {split}: {STEPS} steps of 4 crops, one knob at a time, seed 0 where none is named"
    return [told, table(header, rows)]


def _is_budget(key: str) -> bool:
    return key.rsplit(" ", 1)[1].replace(".", "").isdigit() and key.count(" ") == 1


if __name__ == "__main__":
    main()
