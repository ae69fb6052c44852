"""Label maps as labelme's own reader makes them, in an environment of its own (it needs Qt).

python labelme_maps.py FOLDER MAPS.npz PHASE ...
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from labelme import LabelFile
from labelme.utils import img_data_to_arr, shapes_to_label

folder, maps, *names = sys.argv[1:]
found = {}
for path in sorted(Path(folder).glob("*.json")):
    if path.name == "premask.json":
        continue
    file = LabelFile(str(path))  # refuses what its page would refuse
    picture = img_data_to_arr(file.image_data)
    values = {name: number for number, name in enumerate(names, 1)}
    classes, _ = shapes_to_label(picture.shape, file.shapes, values)
    found[path.stem] = (classes - 1).astype(np.uint8)  # 0, none, becomes 255
np.savez(maps, **found)
