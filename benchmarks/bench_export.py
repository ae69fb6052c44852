"""Exports and imports of a thousand label maps in every format: time and memory.

python benchmarks/bench_export.py [IMAGES] [FORMAT ...]

Real label maps of a few images, mirrored to 1280x959 px, stand for all; each format is
exported and imported in a process of its own. What has been measured is kept in
``results/export.json``; the report is made of all that is there.
"""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from common import RESULTS, Target, load, report, stems, table, targets
from premask.core.phases import make_phases
from premask.core.records import ImageRecord
from premask.interchange.formats import FORMATS
from premask.io.files import sha256_of
from premask.io.label_maps import encode_label_map
from premask.project import objects
from premask.project.images import all_images, insert_image
from premask.project.imports import ImportedMap, store
from premask.project.project import init_project, open_project
from premask.project.settings import Settings
from premask.workflow.export_labels import export_label_maps
from premask.workflow.hardware import hardware
from premask.workflow.import_labels import import_label_maps

HEIGHT, WIDTH = 959, 1280
DISTINCT = 10
SET, PHASES = "uhcs", 4
IMAGES, SECONDS, MEGABYTES = 1000, 240, 1000
"""What is to be reached: so many images in at most so long, with less memory."""


KEPT = RESULTS / "export.json"


def main(n_images: int, formats: list[str]) -> None:
    """One project; each format out and in again; then the report of all that is known."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_project(folder / "project", n_images)
        for format_ in formats:
            out = measured("export", format_, folder)
            back = measured("import", format_, folder)
            kept = kept_runs()
            kept[f"{format_} {n_images}"] = {"out": out, "back": back, "machine": hardware()}
            KEPT.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")
            subprocess.run(["rm", "-rf", folder / "out", folder / "project/cache"], check=True)
    write(n_images)


def kept_runs() -> dict[str, Any]:
    """What was measured so far, by format and number of images."""
    return json.loads(KEPT.read_text("utf-8")) if KEPT.is_file() else {}


def write(n_images: int) -> None:
    """The report of all formats that were measured with so many images."""
    kept = kept_runs()
    found, rows = [], []
    for format_ in FORMATS:
        run = kept.get(f"{format_} {n_images}")
        if run:
            rows.append(row(format_, n_images, run["out"], run["back"]))
            found += judged(format_, n_images, run["out"], run["back"])
    report(
        "export",
        f"{n_images:,} label maps of {WIDTH}x{HEIGHT} px in every format",
        f"{DISTINCT} real label maps ({SET}), mirrored to the size, stand for all images, with the"
        " micrographs where the format takes them by default. Each line is a process of its own.",
        targets(found),
        table(
            ["format", "export, s", "CPU ms an image", "peak MB", "MB written", "import, s",
             "CPU ms an image", "peak MB"],
            rows,
        ),
    )  # fmt: skip


def row(format_: str, n: int, out: dict[str, float], back: dict[str, float]) -> list[str]:
    """A format's line of the table."""
    return [
        f"`{format_}`",
        f"{out['seconds']:.0f}",
        f"{1000 * out['cpu'] / n:.0f}",
        f"{out['megabytes']:.0f}",
        f"{out['written']:.0f}",
        f"{back['seconds']:.0f}",
        f"{1000 * back['cpu'] / n:.0f}",
        f"{back['megabytes']:.0f}",
    ]


def judged(format_: str, n: int, out: dict[str, float], back: dict[str, float]) -> list[Target]:
    """What is to be reached; the time only where all images were exported."""
    most = max(out["megabytes"], back["megabytes"])
    memory = Target(
        f"{format_}: peak memory, out and in",
        f"{most:.0f} MB",
        f"under {MEGABYTES} MB",
        most < MEGABYTES,
    )
    seconds = out["seconds"]
    duration = Target(
        f"{format_}: {IMAGES:,} images exported",
        f"{seconds:.0f} s",
        f"at most {SECONDS} s",
        seconds <= SECONDS,
    )
    return [duration, memory] if n == IMAGES else [memory]


def measured(verb: str, format_: str, folder: Path) -> dict[str, float]:
    """One export or import in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, f"--{verb}", format_, folder],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{verb} {format_}: {done.stderr[-2000:]}")
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def one(verb: str, format_: str, folder: Path) -> None:
    """The process itself: print seconds, peak memory and what was written."""
    project = open_project(folder / "project")
    started, spent = time.monotonic(), time.process_time()
    if verb == "export":
        export_label_maps(project, format_, folder / "out")
    else:
        done = import_label_maps(project, format_, folder / "out")
        assert len(done.done) == len(all_images(project))
    seconds, cpu = time.monotonic() - started, time.process_time() - spent
    written = sum(path.stat().st_size for path in (folder / "out").rglob("*") if path.is_file())
    answer = {"seconds": seconds, "cpu": cpu, "megabytes": peak_megabytes()}
    print(json.dumps({**answer, "written": written / 1e6}))


def peak_megabytes() -> float:
    """Most memory of this process; what ``getrusage`` says holds the parent's too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def make_project(root: Path, n_images: int) -> None:
    """Images that differ in a note alone, with a few label maps among them."""
    project = init_project(root, Settings(make_phases([f"Phase {i}" for i in range(PHASES)])))
    colours = [phase.colour for phase in project.phases.phases]
    pictures, maps = [], []
    for stem in stems(SET)[:DISTINCT]:
        image, truth = (mirrored(array) for array in load(SET, stem))
        pictures.append(cv2.imencode(".png", image)[1].tobytes())
        maps.append(objects.put(root, encode_label_map(truth, colours), ".png"))
    for i in range(n_images):
        data = with_note(pictures[i % len(pictures)], f"image {i}")
        content = objects.put(root, data, ".png")
        insert_image(
            project,
            ImageRecord(sha256_of(data), f"steel {i:04d}.png", content, WIDTH, HEIGHT,
                        um_per_px=0.1),
        )  # fmt: skip
    images = all_images(project)
    store(
        project,
        [],
        [
            ImportedMap(im, maps[i % len(maps)], "ana", "reference", "")
            for i, im in enumerate(images)
        ],
    )
    project.engine.dispose()


def mirrored(array: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """An image or label map at the size of the benchmark, its edges mirrored."""
    missing = [max(side - own, 0) for side, own in zip((HEIGHT, WIDTH), array.shape, strict=True)]
    padded = np.pad(array, [(0, n) for n in missing], mode="reflect")
    return padded[:HEIGHT, :WIDTH]


def with_note(png: bytes, note: str) -> bytes:
    """A PNG with a text in front of its end: other bytes, the same pixels."""
    chunk = b"tEXtComment\0" + note.encode()
    end = png.rindex(b"IEND") - 4
    packed = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return png[:end] + packed + png[end:]


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if arguments[:1] in (["--export"], ["--import"]):
        one(arguments[0].removeprefix("--"), arguments[1], Path(arguments[2]))
    else:
        main(int(arguments[0]) if arguments else IMAGES, arguments[1:] or list(FORMATS))
