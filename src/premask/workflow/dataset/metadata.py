"""A data set for machines: Croissant, Hugging Face, ``CITATION.cff``, checksums."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from premask.core.datasets import DEFAULT_SPLIT
from premask.core.phases import Phases
from premask.io.files import sha256_of
from premask.io.pins import checksum
from premask.workflow.dataset.about import About, Author

METADATA = "metadata.jsonl"
HUB_PARTS = {"train": "train", "val": "validation", "test": "test"}
CROISSANT = "http://mlcommons.org/croissant"

_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": f"{CROISSANT}/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": f"{CROISSANT}/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def part_file(part: str) -> str:
    """The metadata of one part: ``metadataTrain.jsonl``.

    The name is one word, so that ``datasets`` takes it for no part of its own accord where it
    looks at all files of the folder.
    """
    return f"metadata{part.title()}.jsonl"


def metadata_files(
    rows: Sequence[Mapping[str, Any]], splits: Mapping[str, Mapping[str, Sequence[str]]]
) -> dict[str, bytes]:
    """``metadata.jsonl`` of all images and one for each part of the split ``default``."""
    part_of = {s: part for part, stems in splits[DEFAULT_SPLIT].items() for s in stems}
    scaled = has_scales(rows)
    lines = {
        row["stem"]: {
            "file_name": row["image"]["file"],
            "mask_file_name": row["label_maps"][0]["file"],
            "stem": row["stem"],
            "image_file": Path(row["image"]["file"]).name,
            "mask_file": Path(row["label_maps"][0]["file"]).name,
            "type": row["type"] or "",
            "group": row["group"],
            "split": part_of.get(row["stem"], ""),
            **({"um_per_px": float(row["um_per_px"])} if scaled else {}),
        }
        for row in rows
    }
    files = {METADATA: _jsonl(lines.values())}
    for part in HUB_PARTS:
        own = [line for stem, line in lines.items() if part_of.get(stem) == part]
        if own:
            files[part_file(part)] = _jsonl(own)
    return files


def has_scales(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether every image has one: a column that is empty in one part is of no type there."""
    return all(row["um_per_px"] is not None for row in rows)


def croissant(
    about: About,
    phases: Phases,
    rows: Sequence[Mapping[str, Any]],
    bare: Sequence[Mapping[str, Any]],
    metadata: bytes,
    date: str,
) -> bytes:
    """``croissant.json``, after the specification 1.0 of MLCommons.

    Parameters
    ----------
    rows, bare : sequence of dict
        Of the manifest, the labelled and the unlabelled images.
    """
    names = ", ".join(f"{phase.index} {phase.name}" for phase in phases.phases)
    of_map = (
        f"Pixel value = phase: {names}; 255 is void. The files have palettes: readers that turn"
        " them into colours show the phases' colours."
    )
    content: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": f"{CROISSANT}/1.0",
        "name": re.sub(r"[^A-Za-z0-9_-]+", "-", about.title).strip("-") or "dataset",
        "alternateName": about.title,
        "description": about.description,
        "version": about.version,
        "datePublished": date,
        "creator": [author.schema for author in about.authors],
        "citeAs": bibtex(about, date),
        "keywords": ["micrograph", "microstructure", "semantic segmentation"],
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": "metadata",
                "name": "metadata",
                "description": "A line for each image.",
                "contentUrl": METADATA,
                "encodingFormat": "application/jsonlines",
                "sha256": sha256_of(metadata),
            },
            _file_set("image-files", "The micrographs.", "images/*", rows, "image"),
            _file_set("label-map-files", of_map, "labels/*.png", rows, "map"),
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "images",
                "name": "images",
                "description": "The micrographs and what is known of them.",
                "key": {"@id": "images/file"},
                "field": [
                    _joined("images", "image_file", "image-files"),
                    _content("images", "image", "image-files", "The micrograph."),
                    _column("images", "stem", "Name of the image; its label map has it too."),
                    _column("images", "type", "Processing type."),
                    _column("images", "group", "Images of one group belong on one side."),
                    _column("images", "split", "Part of the default split."),
                ],
            },
            {
                "@type": "cr:RecordSet",
                "@id": "label_maps",
                "name": "label_maps",
                "description": "The final label map of each image.",
                "key": {"@id": "label_maps/file"},
                "field": [
                    _joined("label_maps", "mask_file", "label-map-files"),
                    _content("label_maps", "label_map", "label-map-files", of_map),
                    _column("label_maps", "stem", "Name of the image."),
                ],
            },
        ],
    }
    if bare:
        told = "Micrographs without a label map, in no part of a split."
        content["distribution"].append(
            _file_set("unlabelled-files", told, "unlabelled/*", bare, "image")
        )
    if has_scales(rows):
        scale = _column("images", "um_per_px", "Scale, µm per pixel.", "sc:Float")
        content["recordSet"][0]["field"].append(scale)
    if about.licence:
        content["license"] = about.licence.url or about.licence.name
    if about.url:
        content["url"] = about.url
    return _json(content)


def citation_cff(about: About, date: str) -> bytes:
    """``CITATION.cff`` 1.2.0; JSON strings are YAML's, which needs no writer of its own."""
    authors = about.authors or (Author(f"The authors of {about.title}"),)
    lines = [
        "cff-version: 1.2.0",
        "message: If you use this data set, please cite it.",
        "type: dataset",
        f"title: {quoted(about.title)}",
        "authors:",
    ]
    for author in authors:
        rows = [f"{key}: {quoted(value)}" for key, value in author.citation.items()]
        lines += [f"  - {rows[0]}", *(f"    {row}" for row in rows[1:])]
    lines += [f"version: {quoted(about.version)}", f"date-released: {date}"]
    if about.licence and about.licence.url:  # only names of SPDX are allowed here
        lines.append(f"license: {about.licence.name}")
    if about.url:
        lines.append(f"url: {quoted(about.url)}")
    return ("\n".join(lines) + "\n").encode()


def bibtex(about: About, date: str) -> str:
    """The data set as an entry for BibTeX."""
    key = re.sub(r"[^a-z0-9]+", "", about.title.casefold()) or "dataset"
    authors = " and ".join(
        f"{one.family}, {one.given}" if one.family else f"{{{one.name}}}" for one in about.authors
    )
    fields = {"title": f"{{{about.title}}}", "author": authors, "year": date[:4]}
    fields |= {"version": about.version, "url": about.url}
    body = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items() if value)
    return f"@misc{{{key},\n{body}\n}}"


def checksums(folder: Path) -> bytes:
    """All files of a folder as ``sha256sum --check`` reads them."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [f"{checksum(path)}  {path.relative_to(folder).as_posix()}\n" for path in files]
    return "".join(lines).encode()


def quoted(text: str) -> str:
    """A string of JSON, which is one of YAML as well."""
    return json.dumps(text, ensure_ascii=False)


def _jsonl(rows: Iterable[Mapping[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _json(content: Any) -> bytes:
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg",
          ".tif": "image/tiff", ".tiff": "image/tiff"}  # fmt: skip


def _file_set(
    name: str, description: str, pattern: str, rows: Sequence[Mapping[str, Any]], what: str
) -> dict[str, Any]:
    endings = {Path(row["image"]["file"]).suffix for row in rows} if what == "image" else {".png"}
    kinds = sorted({_TYPES[ending] for ending in endings})
    return {
        "@type": "cr:FileSet",
        "@id": name,
        "name": name,
        "description": description,
        "encodingFormat": kinds[0] if len(kinds) == 1 else kinds,
        "includes": pattern,
    }


def _column(record: str, name: str, description: str, kind: str = "sc:Text") -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": f"{record}/{name}",
        "name": name,
        "description": description,
        "dataType": kind,
        "source": {"fileObject": {"@id": "metadata"}, "extract": {"column": name}},
    }


def _joined(record: str, column: str, files: str) -> dict[str, Any]:
    row = _column(record, column, "Name of the file.")
    row |= {"@id": f"{record}/file", "name": "file"}
    row["references"] = {"fileSet": {"@id": files}, "extract": {"fileProperty": "filename"}}
    return row


def _content(record: str, name: str, files: str, description: str) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": f"{record}/{name}",
        "name": name,
        "description": description,
        "dataType": "sc:ImageObject",
        "source": {"fileSet": {"@id": files}, "extract": {"fileProperty": "content"}},
    }
