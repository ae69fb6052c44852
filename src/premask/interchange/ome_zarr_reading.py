"""Labels of OME-Zarr stores, version 0.4 and 0.5, whoever wrote them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from premask.core.errors import PremaskError
from premask.core.exchange import Incoming, LabelMap
from premask.core.phases import VOID
from premask.interchange.extras import need
from premask.interchange.folders import inside
from premask.interchange.values import labels_of
from premask.interchange.vocabulary import Vocabulary
from premask.io.images import MAX_PIXELS
from premask.io.raster import check_size
from premask.io.structured import guarded, read_json

STORES = ("zarr.json", ".zgroup")
CODECS = frozenset(
    {"bytes", "transpose", "sharding_indexed", "crc32c", "gzip", "zlib", "zstd", "blosc", "lz4",
     "bz2", "lzma", "shuffle", "delta"}
)  # fmt: skip
"""What chunks may be coded with. Zarr knows others, one of which runs programs (pickle)."""


def load_ome_zarr(path: Path, vocabulary: Vocabulary) -> Iterator[Incoming]:
    """The labels of a store, or of all stores in a folder.

    Of several labels of an image the one named ``phases`` is taken, else the first.

    Raises
    ------
    PremaskError
        For a store without labels; on reading, for one that is damaged.
    """
    need("zarr", "exchange")
    for store in _stores(path):
        where = _name(store) or store.name
        with guarded(where):
            found = _attributes(store / "labels").get("labels")
            if not isinstance(found, list) or not found:
                raise PremaskError(f"{where}: there are no labels in it")
            chosen = "phases" if "phases" in found else found[0]
            labels = inside(store / "labels", chosen, where)
        if len(found) > 1:
            vocabulary.report.add(
                "left out", where, f"of {len(found)} labels {chosen!r} is taken", len(found) - 1
            )
        yield Incoming(f"{where}.png", where, partial(_read, labels, where, vocabulary))


def _stores(path: Path) -> list[Path]:
    if any((path / name).is_file() for name in STORES):
        return [path]
    folder = path
    inside = sorted(one for one in folder.iterdir() if one.is_dir()) if path.is_dir() else []
    stores = [one for one in inside if any((one / name).is_file() for name in STORES)]
    if not stores and len(inside) == 1:
        return _stores(inside[0])
    return stores


def _name(store: Path) -> str:
    """The image's: of the folder, else what the store says."""
    name = store.name
    if name.lower().endswith(".zarr"):
        name = name[: -len(".zarr")]
        return name[: -len(".ome")] if name.lower().endswith(".ome") else name
    scales = _attributes(store).get("multiscales")
    first = scales[0] if isinstance(scales, list) and scales else {}
    told = first.get("name") if isinstance(first, dict) else None
    return told if isinstance(told, str) else ""


def _attributes(group: Path) -> dict[str, Any]:
    """What OME says of a group: under ``ome`` since 0.5, on top before."""
    for name, keys in (("zarr.json", ("attributes", "ome")), (".zattrs", ())):
        if (group / name).is_file():
            content = read_json(group / name)
            for key in keys:
                content = content.get(key, {}) if isinstance(content, dict) else {}
            return content if isinstance(content, dict) else {}
    return {}


def _read(labels: Path, where: str, vocabulary: Vocabulary) -> LabelMap:
    with guarded(where):
        about = _attributes(labels)
        values = _array(inside(labels, about["multiscales"][0]["datasets"][0]["path"], where))
        names = _names(about.get("image-label"))
    return labels_of(values, where, vocabulary, names)


def _names(about: Any) -> dict[int, str]:
    properties = about.get("properties") if isinstance(about, dict) else None
    found = {}
    for one in properties if isinstance(properties, list) else []:
        if not isinstance(one, dict) or type(one.get("label-value")) is not int:
            continue
        name = next((one[key] for key in ("class", "name", "label") if key in one), None)
        if isinstance(name, str):
            found[one["label-value"]] = name
    return found


def _array(path: Path) -> LabelMap:
    """A level of a pyramid, after its promises have been checked."""
    zarr = need("zarr", "exchange")
    _check_codecs(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        array = zarr.open_array(path, mode="r")
        height, width = array.shape[-2:]
        check_size(width, height, MAX_PIXELS)
        if array.dtype.kind not in "bui" or math.prod(array.shape) != height * width:
            raise PremaskError(
                f"labels of {array.dtype} and shape {array.shape} cannot be read; whole numbers of"
                " one plane are accepted"
            )
        if math.prod(array.shards or array.chunks) > max(4 * height * width, 1 << 24):
            raise PremaskError(f"chunks of {array.chunks} for an image of {width}x{height} px")
        values = np.asarray(array[...]).reshape(height, width)
    low, high = int(values.min()), int(values.max())
    if low < 0 or high > VOID:
        raise PremaskError(
            f"values from {low} to {high} cannot be phases; 0 to 255 are accepted (labels of"
            " single objects have to be classified first)"
        )
    return np.ascontiguousarray(values, np.uint8)


def _check_codecs(path: Path) -> None:
    if (path / "zarr.json").is_file():
        used = _codecs(read_json(path / "zarr.json").get("codecs", []))
    else:
        content = read_json(path / ".zarray")
        coders = [content.get("compressor"), *(content.get("filters") or [])]
        used = [one["id"] for one in coders if one is not None]
    for name in used:
        if name not in CODECS:
            raise PremaskError(
                f"chunks coded as {name!r:.60} are not read; {', '.join(sorted(CODECS))} are"
            )


def _codecs(listed: Any) -> list[Any]:
    found = []
    for one in listed:
        found.append(one["name"])
        inner = one.get("configuration", {})
        found += _codecs([*inner.get("codecs", []), *inner.get("index_codecs", [])])
    return found
