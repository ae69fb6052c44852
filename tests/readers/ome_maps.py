"""Label maps as ome-zarr and ome-types read them, in an environment of their own.

python ome_maps.py zarr FOLDER MAPS.npz
python ome_maps.py tiff FOLDER MAPS.npz
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np


def zarr_maps(folder: Path) -> dict[str, np.ndarray]:
    import zarr
    from ome_zarr.io import parse_url
    from ome_zarr.reader import Reader
    from ome_zarr_models.v05 import Image, ImageLabel

    found = {}
    for path in sorted(folder.glob("*.zarr")):
        name = path.name.removesuffix(".ome.zarr")
        Image.from_zarr(zarr.open_group(path, mode="r"))  # refuses what is not to the standard
        ImageLabel.from_zarr(zarr.open_group(path / "labels" / "phases", mode="r"))
        nodes = {node.zarr.basename(): node for node in Reader(parse_url(path))()}
        labels = nodes["phases"]
        for level, data in enumerate(labels.data):
            found[f"map {name} {level}"] = np.asarray(data)
        for level, data in enumerate(nodes[path.name].data):
            found[f"image {name} {level}"] = np.asarray(data)
        about = {
            "colours": {str(k): list(map(float, v)) for k, v in labels.metadata["color"].items()},
            "names": {str(k): v["class"] for k, v in labels.metadata["properties"].items()},
            "scales": labels.metadata["coordinateTransformations"],
        }
        found[f"about {name}"] = np.array(json.dumps(about))
    return found


def tiff_maps(folder: Path) -> dict[str, np.ndarray]:
    import tifffile
    from ome_types import from_tiff, validate_xml

    found = {}
    for path in sorted(folder.glob("*.ome.tif")):
        name = path.name.removesuffix(".ome.tif")
        with tifffile.TiffFile(path) as tiff:
            validate_xml(tiff.ome_metadata)  # by the schema
        ome = from_tiff(path)
        (annotation,) = ome.structured_annotations
        pixels = ome.images[0].pixels
        about = {
            "name": ome.images[0].name,
            "names": {pair.k: pair.value for pair in annotation.value.ms},
            "size": [pixels.physical_size_x, pixels.physical_size_x_unit.value],
        }
        found[f"map {name}"] = tifffile.imread(path)
        found[f"about {name}"] = np.array(json.dumps(about))
    return found


what, folder, maps = sys.argv[1:]
np.savez(maps, **{"zarr": zarr_maps, "tiff": tiff_maps}[what](Path(folder)))
