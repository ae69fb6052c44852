"""Masks in the forms of other tools: what writing and reading them costs, and theirs beside.

PREMASK_LABEL_STUDIO_PYTHON names a Python that has label-studio-sdk, where this one has not;
without one nothing is measured.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as pycocotools

from bench_metrics import N_PHASES, cpu_seconds, make_pair
from common import Target, report, table, targets
from premask.interchange import label_studio_rle, rle

Mask = NDArray[np.bool_]
SDK = Path(__file__).with_name("sdk_label_studio.py")
WANTED = 20
"""Times as fast as label-studio-sdk, at least."""


def main() -> None:
    """A smooth map and a speckled one, a mask for each phase."""
    maps = {
        "smooth": make_pair(0, speckle=0.0)[1],
        "5 % speckle": make_pair(0, speckle=0.05)[0],
    }
    found, rows, others = [], [], []
    for name, label_map in maps.items():
        masks = [label_map == phase for phase in range(N_PHASES)]
        sdk = by_sdk(masks)
        if sdk is None:
            return
        compared, row = compare(name, masks, sdk)
        found += compared
        rows.append(row)
        others += [[name, *line] for line in other_forms(masks)]
    report(
        "exchange",
        "Masks in the forms of other tools: cost",
        targets(found),
        "Label Studio's brush masks of one map of 1280x959 px with 5 phases, 5 masks, as lists of"
        f" numbers, CPU ms; beside it label-studio-sdk {sdk['version']}:",
        table(["map", "numbers", "write", "SDK", "read", "SDK", "json.dumps"], rows),
        "COCO's and CVAT's masks of the same map, CPU ms; beside COCO's text pycocotools, in C:",
        table(["map", "form", "bytes", "write", "pycocotools", "read", "pycocotools"], others),
        "Compiling the loops on their first use (about two seconds, kept on disk) is not counted.",
    )


def by_sdk(masks: list[Mask]) -> dict[str, Any] | None:
    """The streams and the seconds of label-studio-sdk, or why there are none."""
    python = os.environ.get("PREMASK_LABEL_STUDIO_PYTHON", sys.executable)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "masks.npy"
        np.save(path, np.stack(masks))
        done = subprocess.run([python, SDK, path], capture_output=True, text=True, check=False)
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:]
        print(
            f"skipped: {python} cannot run label-studio-sdk {reason}; set"
            " PREMASK_LABEL_STUDIO_PYTHON to a Python that has it"
        )
        return None
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def compare(name: str, masks: list[Mask], sdk: dict[str, Any]) -> tuple[list[Target], list[str]]:
    """Premask and label-studio-sdk on one map."""
    streams: list[list[int]] = sdk["streams"]
    height, width = masks[0].shape
    write, read = both_ways(
        masks, label_studio_rle.encode, lambda text: label_studio_rle.decode(text, height, width)
    )
    ours = [label_studio_rle.encode(mask) for mask in masks]
    dump = cpu_seconds(lambda: json.dumps(ours))
    same = "yes" if ours == streams else "no"
    found = [Target(f"the same bytes, {name}", same, "yes", same == "yes")]
    for what, mine, theirs in (("write", write, sdk["encode"]), ("read", read, sdk["decode"])):
        ratio = theirs / mine
        found.append(
            Target(
                f"label-studio-sdk / premask, CPU time, {what}, {name}",
                f"{ratio:.0f}x",
                f"at least {WANTED}x",
                ratio >= WANTED,
            )
        )
    numbers = sum(map(len, streams))
    times = (write, sdk["encode"], read, sdk["decode"], dump)
    return found, [name, f"{numbers:,}", *(f"{1000 * seconds:.0f}" for seconds in times)]


def other_forms(masks: list[Mask]) -> list[list[str]]:
    """COCO's text and counts, CVAT's text: bytes and ms."""
    height, width = masks[0].shape
    theirs = both_ways(
        masks,
        lambda mask: pycocotools.encode(np.asfortranarray(mask.astype(np.uint8))),
        lambda coded: np.ascontiguousarray(pycocotools.decode(coded)) > 0,
    )
    forms: dict[str, tuple[Callable[[Mask], Any], Callable[[Any], Mask], Callable[[Any], str]]] = {
        "COCO, compressed": (
            rle.encode_coco_text,
            lambda text: rle.decode_coco(text, height, width),
            str,
        ),
        "COCO, counts": (
            rle.encode_coco,
            lambda counts: rle.decode_coco(counts, height, width),
            json.dumps,
        ),
        "CVAT": (
            lambda mask: (found := rle.encode_cvat(mask)).rle and (found.rle, box_of(found)),
            lambda coded: rle.decode_cvat(*coded, height, width),
            lambda coded: str(coded[0]),
        ),
    }
    lines = []
    for name, (encode, decode, text) in forms.items():
        ours = both_ways(masks, encode, decode)
        n_bytes = sum(len(text(encode(mask))) for mask in masks)
        beside = theirs if name == "COCO, compressed" else None
        lines.append(
            [
                name,
                f"{n_bytes:,}",
                f"{1000 * ours[0]:.0f}",
                f"{1000 * beside[0]:.0f}" if beside else "",
                f"{1000 * ours[1]:.0f}",
                f"{1000 * beside[1]:.0f}" if beside else "",
            ]
        )
    return lines


def box_of(mask: rle.CvatMask) -> tuple[int, int, int, int]:
    """Left, top, width, height."""
    return mask.left, mask.top, mask.width, mask.height


def both_ways(
    masks: list[Mask], encode: Callable[[Mask], Any], decode: Callable[[Any], Mask]
) -> tuple[float, float]:
    """CPU seconds of writing and of reading all masks, after a look at what comes back."""
    coded = [encode(mask) for mask in masks]
    if not all(np.array_equal(decode(one), mask) for one, mask in zip(coded, masks, strict=True)):
        raise SystemExit("a mask does not come back")
    return (
        cpu_seconds(lambda: [encode(mask) for mask in masks]),
        cpu_seconds(lambda: [decode(one) for one in coded]),
    )


if __name__ == "__main__":
    main()
