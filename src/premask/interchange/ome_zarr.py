"""OME-Zarr 0.5: the micrograph and its labels as pyramids, phases with names and colours."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from premask.core.exchange import Ids, Outgoing, Target
from premask.core.phases import VOID_NAME
from premask.interchange.extras import need
from premask.interchange.ome_zarr_reading import load_ome_zarr
from premask.interchange.palette import BLACK, distinct
from premask.interchange.values import shifted, shifted_ids

__all__ = ["load_ome_zarr", "save_ome_zarr"]

VERSION, LABELS = "0.5", "phases"
SMALLEST = 256
"""The pyramid ends where both sides are at most so many pixels."""

CHUNK = 1024
Pixels = NDArray[np.uint8]


def save_ome_zarr(images: Iterable[Outgoing], target: Target) -> Ids:
    """Write ``NAME.ome.zarr`` for each image: 0 is background (void), phases their index + 1.

    Without pictures it has labels alone.
    """
    zarr = need("zarr", "exchange")
    ids = shifted_ids(target.phases)
    for image in images:
        group = zarr.open_group(target.folder / f"{image.name}.ome.zarr", mode="w", zarr_format=3)
        if target.pictures:
            levels = _pyramid(image.read_image(), _halved)
            colours = levels[0].ndim == 3
            levels = [np.moveaxis(level, -1, 0) for level in levels] if colours else levels
            axes = _multiscales(image, len(levels), channels=colours, centred=True)
            _write(zarr, group, levels, {"version": VERSION, **axes})
        else:
            group.attrs["ome"] = {"version": VERSION}
        inside = {"ome": {"version": VERSION, "labels": [LABELS]}}
        labels = group.create_group("labels", attributes=inside).create_group(LABELS)
        levels = _pyramid(shifted(image.label_map), lambda level: level[::2, ::2])
        axes = _multiscales(image, len(levels), channels=False, centred=False)
        about = _image_label(target, ids, pictures=target.pictures)
        _write(zarr, labels, levels, {"version": VERSION, **axes, "image-label": about})
    return ids


def _write(zarr: Any, group: Any, levels: list[Pixels], about: dict[str, Any]) -> None:
    group.attrs["ome"] = about
    for number, level in enumerate(levels):
        sides = [min(CHUNK, side) for side in level.shape[-2:]]
        array = group.create_array(
            f"s{number}",
            shape=level.shape,
            chunks=(*([1] if level.ndim == 3 else []), *sides),
            dtype=level.dtype,
            fill_value=0,
            compressors=zarr.codecs.ZstdCodec(level=3),
            dimension_names=(*(["c"] if level.ndim == 3 else []), "y", "x"),
            # a store that is written again must not keep an old chunk where a new one is empty
            config={"write_empty_chunks": True},
        )
        array[...] = level


def _pyramid(full: Pixels, smaller: Any) -> list[Pixels]:
    levels = [full]
    while max(levels[-1].shape[:2]) > SMALLEST:
        levels.append(smaller(levels[-1]))
    return levels


def _halved(image: Pixels) -> Pixels:
    """The mean of each 2x2 px; an odd last row or column stands twice."""
    rows, columns = image.shape[0] % 2, image.shape[1] % 2
    even = np.pad(image, [(0, rows), (0, columns), *[(0, 0)] * (image.ndim - 2)], mode="edge")
    pairs = even[::2].astype(np.uint16) + even[1::2]
    halved: Pixels = ((pairs[:, ::2] + pairs[:, 1::2] + 2) // 4).astype(np.uint8)
    return halved


def _multiscales(
    image: Outgoing, n_levels: int, *, channels: bool, centred: bool
) -> dict[str, Any]:
    """Axes and scales; a mean lies between its pixels, the nearest neighbour on one."""
    size = image.um_per_px or 1.0
    unit = {"unit": "micrometer"} if image.um_per_px else {}
    lead = [{"name": "c", "type": "channel"}] if channels else []
    datasets = []
    for number in range(n_levels):
        scale = size * 2**number
        shift = size * (2**number - 1) / 2 if centred else 0.0
        transformations: list[dict[str, Any]] = [
            {"type": "scale", "scale": [*[1.0] * len(lead), scale, scale]}
        ]
        if shift:
            place = [*[0.0] * len(lead), shift, shift]
            transformations.append({"type": "translation", "translation": place})
        datasets.append({"path": f"s{number}", "coordinateTransformations": transformations})
    spatial = [{"name": axis, "type": "space", **unit} for axis in "yx"]
    return {"multiscales": [{"name": image.name, "axes": [*lead, *spatial], "datasets": datasets}]}


def _image_label(target: Target, ids: Ids, *, pictures: bool) -> dict[str, Any]:
    colours = distinct(target.colours, [BLACK])
    named = zip(target.phases.names, colours, strict=True)
    return {
        "version": VERSION,
        "colors": [
            {"label-value": 0, "rgba": [0, 0, 0, 0]},
            *({"label-value": ids[name], "rgba": [*colour, 255]} for name, colour in named),
        ],
        "properties": [
            {"label-value": 0, "class": VOID_NAME},
            *({"label-value": ids[name], "class": name} for name in target.phases.names),
        ],
        **({"source": {"image": "../../"}} if pictures else {}),
    }
