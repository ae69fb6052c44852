"""Label maps of other tools into a project: all of an import, or nothing of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from premask.core.errors import PremaskError, nearest
from premask.core.exchange import Finding, Incoming, LabelMap, Report, first_position
from premask.core.phases import VOID, neutral_colours
from premask.core.records import ImageRecord, Parameters
from premask.core.words import count
from premask.interchange.formats import find_format
from premask.interchange.vocabulary import Vocabulary
from premask.io.archives import unpacked
from premask.io.label_maps import encode_label_map
from premask.project import objects
from premask.project.candidates import has_candidate, key_of
from premask.project.images import all_images, stem, with_crop
from premask.project.imports import ImportedMap, store
from premask.project.project import Project, now
from premask.project.schema import CandidateRow
from premask.workflow.add import check_type, read_record
from premask.workflow.exchange import MANIFEST, read_manifest, refuse_if_strict
from premask.workflow.label_folders import image_stem

KINDS: Mapping[str, str] = {
    "reference": "the truth that candidates are scored against",
    "scratch": "label maps that were drawn from scratch",
    "preannotated": "label maps that were repaired from a candidate",
    "candidate": "proposals to choose from and to repair",
}
"""What imported label maps may be taken as."""


@dataclass
class Imported:
    """What came in, and what the validation report says of it."""

    done: list[str] = field(default_factory=list)
    """Names of the images, one for each label map."""
    added: list[str] = field(default_factory=list)
    """Names of images that came along and were added."""
    times: list[str] = field(default_factory=list)
    """Measures of time that came along, as the study takes them."""
    findings: list[Finding] = field(default_factory=list)


def import_label_maps(
    project: Project,
    format_: str,
    path: Path,
    *,
    kind: str = "reference",
    annotator: str = "",
    renames: Mapping[str, str] | None = None,
    tolerance: int = 0,
    add_images: bool = False,
    strict: bool = False,
    images: Sequence[ImageRecord] | None = None,
    on_image: Callable[[int, int], None] = lambda _done, _total: None,
) -> Imported:
    """Read label maps, matched with the project's images by their names.

    A map may have the size of the crop or of the original frame. Nothing is overwritten:
    a map that was imported before stays as an older version.

    Parameters
    ----------
    kind : str
        A key of :data:`KINDS`.
    annotator : str
        Who made them, where the file does not say; ``imported`` by default.
    renames : dict of str to str, optional
        A name in the file to a phase of the project.
    tolerance : int
        How far a colour may be from a phase's in each channel, for formats of colours.
    add_images : bool
        Whether images that come along and are not in the project are added.
    strict : bool
        Whether any finding of the report is an error.

    Raises
    ------
    PremaskError
        For an unknown format, a file that is damaged, a label map that does not fit its
        image, where not one map fits an image, and for any finding under ``strict``. The
        project is as it was then.
    """
    found = find_format(format_)
    _check_kind(kind)
    if not 0 <= tolerance < 256:
        raise PremaskError(f"a tolerance of {tolerance} is not possible; 0 to 255 is accepted")
    report = Report()
    vocabulary = Vocabulary(project.phases, report, renames or {}, tolerance)
    with unpacked(path) as source:
        ids = read_manifest(source / MANIFEST if source.is_dir() else source.parent / MANIFEST)
        incoming = list(found.load(source, vocabulary))
        known = list(all_images(project) if images is None else images)
        staged = _Staged(project, kind, annotator or "imported", f"{format_}: {path}")
        matcher = _Matcher(known, ids, report)
        for done, one in enumerate(incoming, 1):
            image = matcher.find(one)
            if image is None and add_images and one.image is not None:
                image = staged.add(one)
                matcher.enter(image)
            if image is None:
                report.add("no image", one.source, _no_image(one, known, add_images))
            else:
                staged.keep(image, one, fitted(image, one.read(), report, one.source))
            on_image(done, len(incoming))
    if not staged.maps and not staged.candidates:
        raise PremaskError(_nothing(format_, path, len(incoming), report))
    for image in known:
        if image.id not in staged.seen:
            report.add("no label map", image.name, "it has no label map among these")
    refuse_if_strict(strict, report, "nothing was imported")
    store(project, staged.new_images, staged.maps, staged.candidates)
    measures = {time.measure for one in staged.maps for time in one.times}
    return Imported(
        staged.names, [one.name for one in staged.new_images], sorted(measures), report.findings
    )


def fitted(image: ImageRecord, label_map: LabelMap, report: Report, where: str) -> LabelMap:
    """A label map in the crop of its image, with its unlabelled pixels reported.

    Raises
    ------
    PremaskError
        Where its size is neither that of the crop nor that of the original frame.
    """
    height, width = label_map.shape
    if (height, width) == (image.height, image.width):
        cut = label_map[image.view_height :]
        n = int(np.count_nonzero(cut != VOID))
        if n:
            report.add(
                "size", where, f"{n} labelled px lie in the information bar and are left out", n
            )
        label_map = label_map[: image.view_height]
    elif (height, width) != (image.view_height, image.width):
        raise PremaskError(
            f"{where}: the label map of {image.name} has {width}x{height} px, the image"
            f" {image.width}x{image.view_height} px; they must be equal"
            + (
                f" (crop it with: premask set PROJECT --image {image.name}"
                f" --crop-bottom {image.height - height})"
                if width == image.width and height < image.height
                else ""
            )
        )
    void = label_map == VOID
    n = int(np.count_nonzero(void))
    if n:
        share = 100 * n / label_map.size
        report.add("unlabelled", where, f"{n} px ({share:.2g} %) are void", n, first_position(void))
    return np.ascontiguousarray(label_map)


class _Matcher:
    """Which image a label map belongs to: by id, by name, by name without endings."""

    def __init__(self, images: Sequence[ImageRecord], ids: Mapping[str, str], report: Report):
        self.report = report
        self.ids = ids
        self.by_id: dict[str, ImageRecord] = {}
        self.by_key: dict[str, list[ImageRecord]] = {}
        for image in images:
            self.enter(image)

    def enter(self, image: ImageRecord) -> None:
        """Know one more image."""
        self.by_id[image.id] = image
        for key in dict.fromkeys((image.name, stem(image.name), image_stem(image.name))):
            self.by_key.setdefault(key, []).append(image)

    def find(self, one: Incoming) -> ImageRecord | None:
        """The image of a label map; None where there is none."""
        plain = one.name.replace("\\", "/").rpartition("/")[2]
        told = one.id or self.ids.get(one.name) or self.ids.get(stem(plain))
        if told in self.by_id:
            return self.by_id[told]
        for key in dict.fromkeys((plain, stem(plain), image_stem(plain))):
            fits = self.by_key.get(key, [])
            if len(fits) > 1:
                ids = ", ".join(image.id[:8] for image in fits)
                raise PremaskError(
                    f"{one.source}: {len(fits)} images of the project have the name {key} ({ids});"
                    " rename the label map's image, or take one of them out of the project"
                )
            if fits:
                if key not in {plain, stem(plain)}:
                    self.report.add(
                        "name", one.source, f"{plain} is taken for {fits[0].name}: its name matches"
                        " only without its second ending",
                    )  # fmt: skip
                return fits[0]
        return None


class _Staged:
    """What an import would keep. Objects are written (no one points at them), nothing else."""

    def __init__(self, project: Project, kind: str, annotator: str, note: str):
        self.project, self.kind, self.annotator, self.note = project, kind, annotator, note
        self.new_images: list[ImageRecord] = []
        self.maps: list[ImportedMap] = []
        self.candidates: list[CandidateRow] = []
        self.names: list[str] = []
        self.seen: dict[str, set[str]] = {}

    def add(self, one: Incoming) -> ImageRecord:
        """Read an image that came along; it is entered with the label maps."""
        assert one.image is not None
        check_type(self.project, one.type)
        record, _ = read_record(one.image, type_=one.type, um_per_px=one.um_per_px)
        content = objects.put(self.project.root, one.image.read_bytes(), one.image.suffix)
        name = one.image_name or one.image.name
        record = replace(with_crop(record, one.crop_bottom or 0), name=name, content=content)
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
            self.candidates.append(
                candidate_row(self.project, image, label_map, maker or "imported")
            )
            return
        colours = [phase.colour for phase in self.project.phases.phases]
        content = objects.put(self.project.root, encode_label_map(label_map, colours), ".png")
        self.maps.append(ImportedMap(image, content, maker, self.kind, self.note, one.times))


def candidate_row(
    project: Project, image: ImageRecord, label_map: LabelMap, method: str
) -> CandidateRow:
    """A proposal from a finished label map: its phases are its regions, named as they are."""
    present = np.unique(label_map)
    table = np.zeros(256, np.uint8)
    table[present] = np.arange(present.size)
    names = [None if label == VOID else int(label) for label in present]
    data = encode_label_map(table[label_map], neutral_colours(int(present.size)))
    content = objects.put(project.root, data, ".png")
    parameters = Parameters(method, int(present.size), 0, {"imported": content[:16]})
    if has_candidate(project, image, parameters):
        raise PremaskError(
            f"{image.name}: the project has this very candidate of {method} already; nothing was"
            " imported"
        )
    return CandidateRow(
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
        names={"names": names, "margins": [float(n is not None) for n in names], "source": "hand"},
        islands={"rule": "off"},
    )


def _check_kind(kind: str) -> None:
    if kind not in KINDS:
        raise PremaskError(
            f"label maps cannot be imported as {kind!r}; {', '.join(KINDS)} are accepted"
            f"{nearest(kind, KINDS)}"
        )


def _no_image(one: Incoming, images: Sequence[ImageRecord], add_images: bool) -> str:
    hint = "" if one.image is None or add_images else "; it came along: --add-images adds it"
    near = nearest(one.name, [image.name for image in images])
    return f"no image {one.name} in the project, left out{hint}{near}"


def _nothing(format_: str, path: Path, n: int, report: Report) -> str:
    if not n:
        return f"no label maps in {path} in the format {format_}; nothing was imported"
    first = next(one for one in report.findings if one.kind == "no image")
    return (
        f"none of the {count(n, 'label map')} in {path} belongs to an image of the project;"
        f" nothing was imported ({first.line})"
    )
