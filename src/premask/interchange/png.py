"""Index PNGs: one 8-bit palette PNG an image, pixel value = phase, 255 = void."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from premask.core.exchange import Ids, Incoming, LabelMap, Outgoing, Target
from premask.core.phases import VOID
from premask.interchange.folders import PICTURES, files_in, report_others, root_of, with_picture
from premask.interchange.pictures import write_picture
from premask.interchange.values import index_ids, labels_of
from premask.interchange.vocabulary import Vocabulary
from premask.io.files import write_atomically
from premask.io.label_maps import encode_label_map, read_label_map


def load_png(path: Path, vocabulary: Vocabulary) -> Iterator[Incoming]:
    """The index PNGs of a folder, or one file.

    Raises
    ------
    PremaskError
        On reading, for a value that is no phase.
    """
    folder = root_of(path, "*.[pP][nN][gG]")
    files = [path] if path.is_file() else files_in(folder, [".png"])
    if folder.is_dir():
        report_others(folder, files, "PNG", vocabulary.report)
    for file in files:
        one = Incoming(file.name, file.name, partial(_read, file, vocabulary))
        yield with_picture(one, file.parent, file.stem)


def _read(path: Path, vocabulary: Vocabulary) -> LabelMap:
    regions = {i: f"region {i}" for i in range(VOID)} if path.stem in vocabulary.unnamed else None
    return labels_of(read_label_map(path), path.name, vocabulary, regions, by_definition=True)


def save_png(images: Iterable[Outgoing], target: Target) -> Ids:
    """Write ``NAME.png`` for each image, with the palette inside."""
    for image in images:
        data = encode_label_map(image.label_map, target.colours)
        write_atomically(target.folder / f"{image.name}.png", data)
        if target.pictures:
            write_picture(target.folder / PICTURES, image)
    return index_ids(target.phases)
