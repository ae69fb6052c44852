"""Label maps through datumaro, in an environment of its own: it pins what premask does not.

    python datumaro_maps.py read FORMAT FOLDER MAPS.npz
    python datumaro_maps.py write FORMAT MAPS.npz FOLDER

The maps are arrays by the names of the images; ``names`` are those of the phases, and 255 is
where there is none.
"""

from __future__ import annotations

import sys

import datumaro as dm
import numpy as np
from datumaro.components.annotation import AnnotationType, LabelCategories, Mask


def read(format_: str, folder: str, maps: str) -> None:
    """Overlay the masks of each item; they must be disjoint."""
    dataset = dm.Dataset.import_from(folder, format_)
    names = [label.name for label in dataset.categories()[AnnotationType.label]]
    found = {}
    for item in dataset:
        label_map = np.full(item.media.size, 255, np.uint8)
        for annotation in item.annotations:
            if annotation.type == AnnotationType.bbox:  # COCO's, beside each mask
                continue
            assert annotation.type == AnnotationType.mask, annotation
            mask = np.asarray(annotation.image).astype(bool)
            assert (label_map[mask] == 255).all(), "masks overlap"
            label_map[mask] = annotation.label
        found[item.id] = label_map
    np.savez(maps, names=np.array(names), **{f"map {key}": value for key, value in found.items()})


def write(format_: str, maps: str, folder: str) -> None:
    """One mask a phase and image, in an image of noise."""
    content = np.load(maps)
    items = []
    for key in content.files:
        if key.startswith("map "):
            label_map = content[key]
            noise = np.random.default_rng(0).integers(0, 256, (*label_map.shape, 3))
            items.append(
                dm.DatasetItem(
                    key.removeprefix("map "),
                    subset="default",
                    media=dm.Image.from_numpy(noise.astype(np.uint8)),
                    annotations=[
                        Mask(label_map == i, label=int(i), id=int(i) + 1, group=int(i) + 1)
                        for i in np.unique(label_map)
                        if i != 255
                    ],
                )
            )
    labels = LabelCategories.from_iterable([str(name) for name in content["names"]])
    dataset = dm.Dataset.from_iterable(items, categories={AnnotationType.label: labels})
    how = {}
    if "colours" in content:  # it puts its background before them, but only if it adds it
        pairs = zip(content["names"], content["colours"].tolist(), strict=True)
        how["label_map"] = {str(name): [tuple(colour), [], []] for name, colour in pairs}
    dataset.export(folder, format_, save_media=True, **how)


if __name__ == "__main__":
    verb, *arguments = sys.argv[1:]
    {"read": read, "write": write}[verb](*arguments)
