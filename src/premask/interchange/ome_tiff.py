"""OME-TIFF: a labels image with its scale, the phases as a map annotation."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from xml.sax.saxutils import quoteattr

import tifffile

from premask.core.exchange import Ids, Incoming, LabelMap, Outgoing, Target
from premask.interchange.folders import PICTURES, files_in, root_of, with_picture
from premask.interchange.pictures import write_picture
from premask.interchange.values import labels_of, shifted, shifted_ids
from premask.interchange.vocabulary import Vocabulary
from premask.io.files import write_atomically
from premask.io.images import reading
from premask.io.label_maps import read_label_map
from premask.io.tiff import tiff_texts

SUFFIXES = (".ome.tif", ".ome.tiff", ".tif", ".tiff")
NAMESPACE = "premask/phases"
SCHEMA = "http://www.openmicroscopy.org/Schemas/OME/2016-06"


def load_ome_tiff(path: Path, vocabulary: Vocabulary) -> Iterator[Incoming]:
    """The OME-TIFFs of a folder, or one file.

    Raises
    ------
    PremaskError
        On reading, for a damaged file or values that are no labels.
    """
    folder = root_of(path, *(f"*{suffix}" for suffix in SUFFIXES))
    for file in [path] if path.is_file() else files_in(folder, SUFFIXES):
        ending = next((one for one in SUFFIXES if file.name.lower().endswith(one)), "")
        stem = file.name[: len(file.name) - len(ending)]
        one = Incoming(f"{stem}.tif", file.name, partial(_read, file, vocabulary))
        yield with_picture(one, file.parent, stem)


def _read(path: Path, vocabulary: Vocabulary) -> LabelMap:
    values = read_label_map(path)
    with reading(path):
        description, _ = tiff_texts(path)
    return labels_of(values, path.name, vocabulary, _names(description))


def _names(description: str) -> dict[int, str]:
    # A few attributes, read without an XML parser, which would have to be guarded.
    annotation = re.search(
        rf'<MapAnnotation\b[^>]*Namespace="{NAMESPACE}"[^>]*>(.*?)</MapAnnotation>',
        description,
        re.DOTALL,
    )
    pairs = re.findall(r'<M K="(\d{1,3})">([^<]*)</M>', annotation[1]) if annotation else []
    return {int(number): html.unescape(name) for number, name in pairs}


def save_ome_tiff(images: Iterable[Outgoing], target: Target) -> Ids:
    """Write ``NAME.ome.tif`` for each image: 0 is background (void), phases their index + 1."""
    ids = shifted_ids(target.phases)
    for image in images:
        buffer = io.BytesIO()
        tifffile.imwrite(
            buffer,
            shifted(image.label_map),
            photometric="minisblack",
            compression="zlib",
            description=_ome_xml(image, ids).encode(),
            software="premask",
            metadata=None,  # the description is whole
        )
        write_atomically(target.folder / f"{image.name}.ome.tif", buffer.getvalue())
        if target.pictures:
            write_picture(target.folder / PICTURES, image)
    return ids


def _ome_xml(image: Outgoing, ids: Ids) -> str:
    """Written here because tifffile's own has a random identifier: the same map, same bytes."""
    size = "".join(
        f' PhysicalSize{axis}="{image.um_per_px!r}" PhysicalSize{axis}Unit="µm"'
        for axis in ("XY" if image.um_per_px else "")
    )
    names = "".join(
        f'<M K="{number}">{html.escape(name, quote=False)}</M>'
        for name, number in sorted(ids.items(), key=lambda item: item[1])
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<OME xmlns="{SCHEMA}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        f' xsi:schemaLocation="{SCHEMA} {SCHEMA}/ome.xsd" Creator="premask">'
        f'<Image ID="Image:0" Name={quoteattr(image.name)}>'
        '<Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint8"'
        f' SizeX="{image.width}" SizeY="{image.height}" SizeC="1" SizeZ="1" SizeT="1"{size}>'
        '<Channel ID="Channel:0:0" Name="phases" SamplesPerPixel="1"/>'
        '<TiffData IFD="0" PlaneCount="1"/></Pixels>'
        '<AnnotationRef ID="Annotation:0"/></Image>'
        f'<StructuredAnnotations><MapAnnotation ID="Annotation:0" Namespace="{NAMESPACE}">'
        f"<Value>{names}</Value></MapAnnotation></StructuredAnnotations></OME>"
    )
