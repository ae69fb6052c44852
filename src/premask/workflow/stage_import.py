"""What an import would keep, beside the project until all of it is known to be good."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from premask.core.errors import PremaskError
from premask.core.exchange import Incoming, LabelMap, Report, ToolTime
from premask.core.phases import neutral_colours
from premask.core.records import ImageRecord, Parameters
from premask.io.files import sha256_of, write_atomically
from premask.io.label_maps import encode_label_map
from premask.project import objects
from premask.project.candidates import has_candidate, key_of
from premask.project.images import with_crop
from premask.project.imports import ImportedMap, store
from premask.project.project import Project, now
from premask.project.schema import CandidateRow
from premask.workflow.add import check_type, read_record

DAY = 86_400
LONGEST = 30 * DAY
"""No one works longer on one image, s: such a time is a tool's mistake."""


class StagedImport:
    """The images, label maps and candidates of one import.

    Parameters
    ----------
    folder : Path
        Holds the files until :meth:`enter`; on the project's disk.
    kind : str
        A key of :data:`premask.workflow.import_labels.KINDS`.
    annotator : str
        Who made the label maps that do not say it.
    note : str
        Where they come from.
    report : Report
        Is told of what is not taken.
    """

    def __init__(
        self,
        project: Project,
        folder: Path,
        kind: str,
        annotator: str,
        note: str,
        report: Report,
    ):
        self.project, self.folder, self.report = project, folder, report
        self.kind, self.annotator, self.note = kind, annotator, note
        self.new_images: list[ImageRecord] = []
        self.maps: list[ImportedMap] = []
        self.candidates: list[CandidateRow] = []
        self.names: list[str] = []
        self.seen: dict[str, set[str]] = {}

    def read_image(self, one: Incoming) -> ImageRecord:
        """What the project would remember of an image that came along.

        Raises
        ------
        PremaskError
            For a file that cannot be read, a type that the project does not have, a crop
            that leaves less than half.
        """
        assert one.image is not None
        check_type(self.project, one.type)
        record, _ = read_record(one.image, type_=one.type, um_per_px=one.um_per_px)
        return replace(
            with_crop(record, one.crop_bottom or 0), name=one.image_name or one.image.name
        )

    def add(self, record: ImageRecord, file: Path) -> ImageRecord:
        """Stage an image."""
        record = replace(record, content=self._put(file.read_bytes(), file.suffix.lower()))
        self.new_images.append(record)
        return record

    def keep(self, image: ImageRecord, one: Incoming, label_map: LabelMap) -> None:
        """Stage one label map.

        Raises
        ------
        PremaskError
            For a second map of one image by the same annotator (or method).
        """
        maker = one.method if self.kind == "candidate" else one.annotator or self.annotator
        if maker in self.seen.setdefault(image.id, set()):
            raise PremaskError(
                f"{one.source}: a second label map of {image.name}"
                f"{f' by {maker}' if maker else ''}; one an image is accepted"
            )
        self.seen[image.id].add(maker)
        self.names.append(image.name)
        if self.kind == "candidate":
            self._keep_candidate(image, one, label_map, maker or "imported")
            return
        colours = [phase.colour for phase in self.project.phases.phases]
        content = self._put(encode_label_map(label_map, colours), ".png")
        times = tuple(time for time in one.times if self._is_possible(time, one.source))
        self.maps.append(ImportedMap(image, content, maker, self.kind, self.note, times))

    def _is_possible(self, time: ToolTime, where: str) -> bool:
        """Whether somebody can have worked so long on one image; what is not is told."""
        if time.seconds <= LONGEST:
            return True
        self.report.add(
            "left out",
            where,
            f"{time.measure} says {time.seconds:.3g} s on one image, more than {LONGEST / DAY:.0f}"
            " days; this time is not taken",
        )
        return False

    def enter(self) -> None:
        """Make all that was staged part of the project."""
        for file in self.folder.iterdir():
            objects.adopt(self.project.root, file, file.name)
        store(self.project, self.new_images, self.maps, self.candidates)

    def _put(self, data: bytes, suffix: str) -> str:
        key = f"{sha256_of(data)}{suffix}"
        if not (self.folder / key).exists():
            write_atomically(self.folder / key, data)
        return key

    def _keep_candidate(
        self, image: ImageRecord, one: Incoming, label_map: LabelMap, method: str
    ) -> None:
        """Stage a proposal from a finished label map: its phases are its regions, named so.

        Labels behind the phases are regions that have no name yet.
        """
        present = np.unique(label_map)
        table = np.zeros(256, np.uint8)
        table[present] = np.arange(present.size)
        n_phases = len(self.project.phases)
        names = [int(label) if label < n_phases else None for label in present]
        data = encode_label_map(table[label_map], neutral_colours(int(present.size)))
        content = self._put(data, ".png")
        parameters = Parameters(method, int(present.size), 0, {"imported": content[:16]})
        if has_candidate(self.project, image, parameters):
            self.report.add(
                "left out", one.source, f"{image.name} has this very candidate of {method} already"
            )
            return
        row = CandidateRow(
            image_id=image.id,
            key=key_of(parameters, image.crop_bottom),
            method=method,
            n_regions=parameters.n_regions,
            seed=0,
            options=parameters.options,
            crop_bottom=image.crop_bottom,
            content=content,
            seconds=0.0,
            cpu_seconds=0.0,
            peak_mb=0.0,
            jobs=0,  # Table 1 counts candidates that were made alone, here
            hardware="imported",
            created=now(),
            names=_table_of(names),
            islands={"rule": "off"},
        )
        self.candidates.append(row)


def _table_of(names: list[int | None]) -> dict[str, Any]:
    if all(name is None for name in names):
        return {}
    return {
        "names": names,
        "margins": [float(name is not None) for name in names],
        "source": "hand",
    }


@contextlib.contextmanager
def staging_folder(project: Project) -> Iterator[Path]:
    """A folder on the project's disk that is gone in the end.

    Raises
    ------
    PremaskError
        Where it cannot be made.
    """
    cache = project.root / "cache"
    try:
        cache.mkdir(exist_ok=True)
        folder = tempfile.TemporaryDirectory(prefix="import-", dir=cache)
    except OSError as error:
        raise PremaskError(
            f"{cache} could not be written: {error.strerror or error}; a project that you may"
            " write to is needed"
        ) from None
    with folder as name:
        yield Path(name)
