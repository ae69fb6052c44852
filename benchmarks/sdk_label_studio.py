"""What label-studio-sdk makes of some masks, and how long it takes: for ``bench_exchange.py``.

PYTHON sdk_label_studio.py MASKS.npy: run by a Python that has label-studio-sdk and NumPy.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version

import numpy as np
from label_studio_sdk.converter.brush import decode_rle, mask2rle

REPEATS = 3


def main() -> None:
    """Print the version, the streams, and the CPU seconds of all masks, the best of a few."""
    masks = np.load(sys.argv[1])
    values = masks.astype(np.uint8) * 255
    encoding, decoding = [], []
    for _ in range(REPEATS):
        start = time.process_time()
        streams = [mask2rle(mask) for mask in values]
        middle = time.process_time()
        found = [decode_rle(rle).reshape(*mask.shape, 4)[..., 3] > 0
                 for rle, mask in zip(streams, masks, strict=True)]  # fmt: skip
        encoding.append(middle - start)
        decoding.append(time.process_time() - middle)
    if not np.array_equal(found, masks):
        raise SystemExit("label-studio-sdk does not read what it writes")
    answer = {"version": version("label-studio-sdk"), "streams": streams,
              "encode": min(encoding), "decode": min(decoding)}  # fmt: skip
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
