"""Small folders laid out as the releases of MicroSteel and MetalDAM are."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from helpers import small_micrograph

SIZE = (300, 320)
BAR = 65

# Class_III in images_class2 is the release's own fault, as are the other three below.
MICROSTEEL = {
    "images_class1": ["Class_I_C103F1x10000", "Class_I_C103F1x20000", "Class_I_C26F1x15000"],
    "images_class2": ["Class_II_C158F3x10000", "Class_II_C14F3x10000", "Class_III_C28F2x10000"],
    "images_class3": ["Class_III_C104F2x10000", "Class_III_C157F2x10000"],
}
NO_IMAGE = "Class_II_C28F3x10000"
SPLITS = {
    "train_c1.txt": ["Class_I_C103F1x10000.png"],
    "val_c1.txt": ["Class_I_C103F1x20000.jpg.png"],
    "test_c1.txt": ["Class_I_C26F1x15000.png"],
    "train_c2.txt": ["Class_II_C158F3x10000.png", f"{NO_IMAGE}.png"],
    "val_c2.txt": ["Class_II_C14F3x10000.png"],
    "test_c2.txt": [],
    "train_c3.txt": ["Class_III_C28F2x10000.png"],
    "val_c3.txt": ["Class_III_C104F2x10000.png"],
    "test_c3.txt": ["Class_III_C157F2x10000.png"],
}
PHASES_OF_TYPE = {"I": (0, 1, 2, 3), "II": (0, 1, 2), "III": (0, 1, 2, 4)}


def with_bar(image: NDArray[np.uint8], rows: int = BAR) -> NDArray[np.uint8]:
    """A micrograph over the microscope's information bar."""
    bar = np.full((rows, image.shape[1]), 20, np.uint8)
    cv2.putText(bar, "10.0kV x10000 1um", (8, 40), cv2.FONT_HERSHEY_PLAIN, 1.2, 230, 1)
    return np.vstack([image, bar])


def label_map_of(image: NDArray[np.uint8], phases: tuple[int, ...]) -> NDArray[np.uint8]:
    """Phases by grey level, so that each of them is somewhere."""
    smooth = cv2.GaussianBlur(image, (0, 0), 2)
    ranks = np.argsort(np.argsort(smooth, axis=None, kind="stable"), kind="stable")
    levels = ranks.reshape(image.shape) * len(phases) // image.size
    return np.array(phases, np.uint8)[levels]


def write_microsteel(root: Path) -> Path:
    """The release's layout, its information bars, and each of its known faults once."""
    labels = root / "labels" / "labels"
    for folder in (*MICROSTEEL, "labels/labels", "labels/coloured_labels", "splits"):
        (root / folder).mkdir(parents=True)
    seed = 0
    for folder, stems in MICROSTEEL.items():
        for stem in stems:
            image = small_micrograph(seed, SIZE)
            picture = Image.fromarray(with_bar(image))
            # five images of the release are RGB with R=G=B
            (picture.convert("RGB") if seed == 3 else picture).save(
                root / folder / f"{stem}.jpg", quality=90
            )
            phases = PHASES_OF_TYPE[stem.split("_")[1]]
            Image.fromarray(label_map_of(image, phases)).save(labels / f"{stem}.png")
            (root / "labels" / "coloured_labels" / f"{stem}.png").write_bytes(b"")
            seed += 1
    Image.fromarray(label_map_of(small_micrograph(99, SIZE), (0, 1, 2))).save(
        labels / f"{NO_IMAGE}.png"
    )
    for part in ("train", "val", "test"):
        files = [name for name in SPLITS if name.startswith(part)]
        together = "".join(f"{entry}\n" for name in files for entry in SPLITS[name])
        (root / "splits" / f"{part}.txt").write_text(together.replace(".jpg.png", ".png"))
    for name, entries in SPLITS.items():
        (root / "splits" / name).write_text("".join(f"{entry}\n" for entry in entries))
    return root


def metaldam_image(number: int) -> NDArray[np.uint8]:
    """The picture of ``micrographNUMBER``, without its bar."""
    return small_micrograph(200 + number, SIZE)


def write_metaldam(root: Path, n: int = 6, folds: int = 3) -> Path:
    """Images with bars, one label map as RGB, metadata in SQLite, unlabelled repeats."""
    for folder in ("images", "labels", "Additive_unlabeled"):
        (root / folder).mkdir(parents=True)
    rows = []
    for number in range(n):
        image = metaldam_image(number)
        labels = label_map_of(image, (0, 1, 2, 3, 4))
        bar = 66 if number == 1 else BAR
        picture = Image.fromarray(with_bar(image, bar))
        picture.save(root / "images" / f"micrograph{number}.jpg", quality=90)
        stored = Image.fromarray(labels)
        (stored.convert("RGB") if number == 2 else stored).save(
            root / "labels" / f"micrograph{number}.png"
        )
        rows.append((number, f"images/micrograph{number}.jpg", *SIZE, 25.0, number % folds))
    with closing(sqlite3.connect(root / "MetalDAM_metadata.sql")) as database, database:
        database.execute(
            "CREATE TABLE micrograph (micrograph_id INTEGER, image_path TEXT, height INTEGER,"
            " width INTEGER, pixels_per_micron REAL, fold INTEGER)"
        )
        database.executemany("INSERT INTO micrograph VALUES (?, ?, ?, ?, ?, ?)", rows)
    # one that is new, and one that is micrograph0 again: another format, other contrast
    again = np.clip(metaldam_image(0) * 0.9 + 12, 0, 255).astype(np.uint8)
    for name, image in (("u1", small_micrograph(300, SIZE)), ("u2", again)):
        Image.fromarray(with_bar(image)).save(root / "Additive_unlabeled" / f"{name}.tif")
    return root
