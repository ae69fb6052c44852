"""Label maps of other tools into a project: all of an import, or nothing of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from premask.core.errors import PremaskError, nearest
from premask.core.exchange import Finding, Incoming, LabelMap, Report
from premask.core.phases import VOID
from premask.core.records import ImageRecord
from premask.core.words import count, typed
from premask.interchange.folders import root_of
from premask.interchange.formats import find_format
from premask.interchange.recognise import hint
from premask.interchange.vocabulary import Vocabulary
from premask.io.archives import unpacked
from premask.project.images import all_images, find_image
from premask.project.project import Project
from premask.workflow.exchange import MANIFEST, read_manifest, refuse_if_strict, report_void
from premask.workflow.import_hints import (
    check_told,
    diagnosed,
    said_of_empty,
    said_of_void,
    void_is_meant,
)
from premask.workflow.match_images import ImageMatcher, by_folded, suffix_of, told_of
from premask.workflow.stage_import import StagedImport, staging_folder

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
    method: str = "",
    renames: Mapping[str, str] | None = None,
    tolerance: int = 0,
    image: str = "",
    suffix: str = "",
    add_images: bool = False,
    strict: bool = False,
    finished: bool = False,
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
    method : str
        Which method made candidates; what the file says by default, else what the manifest of
        an export says, else ``imported``.
    renames : dict of str to str, optional
        A name in the file to a phase of the project.
    tolerance : int
        How far a colour may be from a phase's in each channel, for formats of colours.
    image : str
        The image of a label map that is alone: its name or the start of its id. By default
        the names are matched.
    suffix : str
        What the label maps have behind the names of their images: ``_mask``.
    add_images : bool
        Whether images that come along and are not in the project are added.
    strict : bool
        Whether any finding of the report is an error.
    finished : bool
        Whether somebody has said of each label map that it is done: one that is void alone is
        then meant so, unless something in it was not understood.

    Raises
    ------
    PremaskError
        For an unknown format, or another one than the manifest says; a method of what are no
        candidates, a file that is damaged, a label map that does not fit its image, where not
        one map fits an image or not one pixel was read as a phase, and for any finding under
        ``strict``. The project is as it was then.
    """
    found = find_format(format_)
    check_kind(kind)
    if method and kind != "candidate":
        raise PremaskError(
            f"only candidates have a method; add --as candidate to import those of {method!r}, or"
            " say with --annotator who made the label maps"
        )
    if not 0 <= tolerance < 256:
        raise PremaskError(f"a tolerance of {tolerance} is not possible; 0 to 255 is accepted")
    if image and suffix:
        raise PremaskError(
            f"--image {typed(image)} says which image it is, whatever its name; leave out --suffix"
        )
    report = Report()
    only = find_image(project, image) if image else None
    known = [only] if only else list(all_images(project) if images is None else images)
    with unpacked(path) as source, staging_folder(project) as folder:
        top = root_of(source, MANIFEST)
        manifest = read_manifest(top / MANIFEST if top.is_dir() else top.parent / MANIFEST)
        methods = by_folded(manifest.methods if manifest.format == format_ else {})
        check_told(manifest, format_, top)
        vocabulary = Vocabulary(
            project.phases,
            report,
            renames or {},
            tolerance,
            numbers=manifest.numbers if manifest.format == format_ else {},
            unnamed=manifest.unnamed if manifest.format == format_ else frozenset(),
            regions=kind == "candidate",
            predictions=kind == "candidate",
        )
        with diagnosed(format_, top):
            incoming = list(found.load(top, vocabulary))
        if not incoming:
            raise PremaskError(said_of_empty(found, format_, path, top, vocabulary))
        names, empty = {one.name for one in incoming}, 0
        if only:
            _check_alone(path, names, image)
        maker = annotator or "imported"
        staged = StagedImport(project, folder, kind, maker, f"{format_}: {path}", report)
        matcher = ImageMatcher(known, manifest.ids, report, suffix)
        for done, one in enumerate(incoming, 1):
            own = only or _image_of(one, matcher, staged, add_images=add_images)
            if own is None:
                said = _no_image(one, known, add_images, suffix, alone=len(names) == 1)
                report.add("no image", one.source, said)
            else:
                with diagnosed(format_, top):
                    label_map = one.read()
                label_map = fitted(own, label_map, report, one.source)
                empty += bool((label_map == VOID).all())
                maker = method or one.method or told_of(one, methods)
                staged.keep(own, replace(one, method=maker), label_map)
            on_image(done, len(incoming))
        if not staged.names:
            raise PremaskError(_nothing(path, len(incoming), report) + hint(format_, top))
        if empty == len(staged.names) and not void_is_meant(
            vocabulary, manifest, format_, finished=finished
        ):
            raise PremaskError(said_of_void(format_, path, top, empty, report))
        _report_absent(known, staged, matcher, vocabulary)
        refuse_if_strict(strict, report, "nothing was imported")
        staged.enter()
    measures = {time.measure for one in staged.maps for time in one.times}
    return Imported(
        staged.names, [one.name for one in staged.new_images], sorted(measures), report.findings
    )


def _report_absent(
    known: Sequence[ImageRecord],
    staged: StagedImport,
    matcher: ImageMatcher,
    vocabulary: Vocabulary,
) -> None:
    """Tell the report of what is in the project, or was asked for, and is not in the files."""
    report = vocabulary.report
    for one in known:
        if one.id not in staged.seen:
            report.add("no label map", one.name, "it has no label map among these")
    if matcher.suffix and not matcher.suffix_met:
        report.add("name", "--suffix", f"no name in the files ends with {matcher.suffix!r}")
    for name in vocabulary.idle:
        report.add(
            "unknown",
            "--map",
            f"no label in the files is called {name!r}; names there:"
            f" {', '.join(vocabulary.met) or 'none'}{nearest(name, vocabulary.met)}",
        )


def check_kind(kind: str) -> None:
    """Refuse what is no key of :data:`KINDS`."""
    if kind not in KINDS:
        raise PremaskError(
            f"label maps cannot be imported as {kind!r}; {', '.join(KINDS)} are accepted"
            f"{nearest(kind, KINDS)}"
        )


def _image_of(
    one: Incoming, matcher: ImageMatcher, staged: StagedImport, *, add_images: bool
) -> ImageRecord | None:
    """The image of a label map; one that comes along and is new is added where that is wanted."""
    image = matcher.find(one)
    if image is not None or not add_images or one.image is None:
        return image
    record = staged.read_image(one)
    same = matcher.by_id.get(record.id)
    if same is not None:
        matcher.report.add(
            "name",
            one.source,
            f"{record.name} is taken for {same.name}: the names differ, the content is the same",
        )
        return same
    added = staged.add(record, one.image)
    matcher.enter(added)
    return added


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
                f" (crop it with: premask set PROJECT --image {typed(image.name)}"
                f" --crop-bottom {image.height - height})"
                if width == image.width and height < image.height
                else ""
            )
        )
    report_void(label_map, where, report)
    return np.ascontiguousarray(label_map)


def _check_alone(path: Path, names: set[str], image: str) -> None:
    if len(names) > 1:
        first = ", ".join(sorted(names)[:2])
        raise PremaskError(
            f"{path} has label maps of {len(names)} images, e.g. {first}; --image {typed(image)}"
            " takes those of one: give one file"
        )


def _no_image(
    one: Incoming, images: Sequence[ImageRecord], add_images: bool, suffix: str, *, alone: bool
) -> str:
    """That a label map has no image, and which option would find it one."""
    names = [image.name for image in images]
    behind = None if suffix else suffix_of(one.name, names)
    hint = "" if one.image is None or add_images else "; it came along: --add-images adds it"
    if behind is not None:
        hint += f"; --suffix {typed(behind[0])} takes it for {behind[1]}"
    elif alone:
        hint += "; --image NAME says whose it is"
    near = "" if behind is not None else nearest(one.name, names)
    return f"no image {one.name} in the project, left out{hint}{near}"


def _nothing(path: Path, n: int, report: Report) -> str:
    first = next(one for one in report.findings if one.kind == "no image")
    return (
        f"none of the {count(n, 'label map')} in {path} belongs to an image of the project;"
        f" nothing was imported ({first.line})"
    )
