"""Label maps or candidates of a project in the formats of other tools."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from premask import __version__
from premask.core.errors import PremaskError, nearest
from premask.core.exchange import Finding, Ids, Layer, Outgoing, Report, Target
from premask.core.micrograph import window
from premask.core.phases import Phase, Phases, neutral_colours
from premask.core.records import ImageRecord
from premask.interchange.formats import Format, find_format
from premask.io.files import write_atomically
from premask.io.staging import files_in, publish, staging
from premask.project import objects
from premask.project.candidates import all_candidates
from premask.project.images import all_images, read_pixels, stem
from premask.project.project import Project
from premask.workflow.exchange import MANIFEST, refuse_if_strict
from premask.workflow.export_place import earlier_export, refuse_to_replace
from premask.workflow.export_sources import (
    Source,
    candidate_sources,
    label_sources,
    read_padded,
    reporting_void,
)

WHAT = ("labels", "candidates")
FRAMES = ("crop", "original")


@dataclass
class Exported:
    """What went out, and what the validation report says of it."""

    done: list[str] = field(default_factory=list)
    """Names of the images."""
    methods: list[tuple[str, ...]] = field(default_factory=list)
    """Of each image the methods of its candidates; nothing of label maps."""
    findings: list[Finding] = field(default_factory=list)


def export_label_maps(
    project: Project,
    format_: str,
    out: Path,
    *,
    what: str = "labels",
    method: str | None = None,
    frame: str = "crop",
    pictures: bool | None = None,
    prefix: str = "",
    strict: bool = False,
    on_image: Callable[[int, int], None] = lambda _done, _total: None,
) -> Exported:
    """Write the final label maps of a project, or its candidates.

    Parameters
    ----------
    out : Path
        A folder, or a name that ends in ``.zip``. An earlier export there is replaced; files
        that no export wrote are never.
    what : {"labels", "candidates"}
        ``labels``: of each image the map that :func:`final_version` names.
    method : str, optional
        Candidates of this method alone. Without it the newest of any, and all of them in
        formats that hold several.
    frame : {"crop", "original"}
        The original frame is padded with void where the information bar was.
    pictures : bool, optional
        Whether the micrographs go along; what the format's tool needs by default.
    prefix : str
        What stands before a picture's name in the tool.
    strict : bool
        Whether any finding of the report is an error.

    Raises
    ------
    PremaskError
        For an unknown format, choice or method, where there is nothing to write, or other
        files are in the way. Nothing is written then.
    """
    found = find_format(format_)
    report = Report()
    plan = plan_export(project, found, report, what=what, method=method, frame=frame)
    earlier = earlier_export(out, project.root, {one.id for one in plan.images})
    with staging(out) as folder:
        target = Target(
            folder, plan.phases, report, found.pictures if pictures is None else pictures, prefix
        )
        ids = found.save(_watched(plan, report, on_image), target)
        files = {path.relative_to(folder).as_posix() for path in files_in(folder)}
        refuse_to_replace(sorted(files), out, earlier)
        _write_manifest(folder, (format_, what, frame), ids, target, plan, files | earlier.files)
        refuse_if_strict(strict, report, "nothing was exported")
        publish(folder, out)
    methods = [tuple(layer.method for layer in one.layers) for one in plan.images]
    return Exported(
        [one.file_name for one in plan.images],
        methods if what == "candidates" else [],
        report.findings,
    )


@dataclass(frozen=True)
class Plan:
    """What is to go out, not read yet, and what the indices of its label maps mean.

    Attributes
    ----------
    heights : dict of str to int
        Of the images' crops by their ids, px; an image may be padded to more.
    unnamed : set of str
        Ids of images whose label maps are regions without names.
    """

    images: list[Outgoing]
    phases: Phases
    heights: Mapping[str, int]
    unnamed: frozenset[str] = frozenset()


def plan_export(
    project: Project, found: Format, report: Report, *, what: str, method: str | None, frame: str
) -> Plan:
    """What an export of a project holds; see :func:`export_label_maps`.

    Raises
    ------
    PremaskError
        For an unknown choice or method, or where there is nothing to write.
    """
    _one_of("--what", what, WHAT)
    _one_of("--frame", frame, FRAMES)
    if method is not None and what == "labels":
        raise PremaskError(
            f"label maps have no method; add --what candidates to export those of {method}"
        )
    images = all_images(project)
    layers = (
        label_sources(project, images)
        if what == "labels"
        else candidate_sources(project, images, method, found)
    )
    for image in images:
        if not layers.get(image.id):
            report.add("no label map", image.name, "nothing to export")
    if not any(layers.values()):
        raise PremaskError(_nothing(project, images, what))
    phases, shift = _phases(project, layers, found, report)
    unnamed = {id_ for id_, own in layers.items() if not all(one.named for one in own)}
    chosen = [image for image in images if layers.get(image.id)]
    names = _names(chosen, report)
    outgoing = list(_outgoing(project, chosen, names, layers, shift, frame))
    heights = {image.id: image.view_height for image in images}
    return Plan(outgoing, phases, heights, frozenset(unnamed))


def _nothing(project: Project, images: Sequence[ImageRecord], what: str) -> str:
    methods = dict.fromkeys(one.parameters.method for one in all_candidates(project, images))
    if what == "labels" and methods:
        return (
            f"there is nothing to export ({what}), but there are candidates of"
            f" {', '.join(methods)}; add --what candidates, or make label maps with premask"
            " annotate or import"
        )
    return (
        f"there is nothing to export ({what}); make it with premask preannotate, annotate or import"
    )


def _phases(
    project: Project, layers: dict[str, list[Source]], found: Format, report: Report
) -> tuple[Phases, int]:
    """What the indices of the export mean, and by how much those of regions are shifted."""
    unnamed = [s for own in layers.values() for s in own if not s.named]
    phases = project.phases
    if not unnamed:
        return phases, 0
    n = max(source.n_regions for source in unnamed)
    all_unnamed = len(unnamed) == sum(map(len, layers.values()))
    report.add(
        "unnamed",
        "candidates",
        f"{len(unnamed)} of {sum(map(len, layers.values()))} are not named yet, exported as region"
        " indices, not phases (name them with premask name)",
        len(unnamed),
    )
    regions = [Phase(i, f"region {i}", c) for i, c in enumerate(neutral_colours(n))]
    if all_unnamed:
        return Phases(tuple(regions)), 0
    if not found.names:  # numbers alone: a region's index is what it is
        return phases, 0
    shifted = [Phase(len(phases) + one.index, one.name, one.colour) for one in regions]
    return Phases((*phases.phases, *shifted)), len(phases)


def _names(images: Sequence[ImageRecord], report: Report) -> dict[str, str]:
    """The images' names in the export by their ids: portable, and unique whatever the case."""
    names: dict[str, str] = {}
    taken: dict[str, str] = {}
    for image in images:
        own = stem(image.name)
        portable = name = _portable(own)
        length = 8
        while name.casefold() in taken:  # another folder, ending or case: the id tells them apart
            name = f"{portable}-{image.id[:length]}"
            length += 8
        if name != own:
            why = (
                f"another image goes out as {taken[portable.casefold()]}"
                if name != portable
                else "its name has characters that not every system takes"
            )
            report.add("name", image.name, f"it goes out as {name}, since {why}")
        taken[name.casefold()] = name
        names[image.id] = name
    return names


def _outgoing(
    project: Project,
    images: Sequence[ImageRecord],
    names: Mapping[str, str],
    layers: dict[str, list[Source]],
    shift: int,
    frame: str,
) -> Iterator[Outgoing]:
    for image in images:
        height = image.height if frame == "original" else image.view_height
        yield Outgoing(
            names[image.id],
            image.name,
            image.id,
            image.width,
            height,
            tuple(
                Layer(
                    partial(read_padded, source, height, 0 if source.named else shift),
                    source.method,
                    source.annotator,
                    source.created,
                    source.seconds,
                )
                for source in layers[image.id]
            ),
            partial(_display, project, image, height),
            _original(project, image, height),
            image.type,
            image.um_per_px,
        )


def _portable(name: str) -> str:
    """A name that every system takes for a file in an archive."""
    return re.sub(r'^\.|[\x00-\x1f<>:"/\\|?*]', "_", name)


def _display(project: Project, image: ImageRecord, height: int) -> NDArray[np.uint8]:
    return window(read_pixels(project, replace(image, crop_bottom=image.height - height)))


def _original(project: Project, image: ImageRecord, height: int) -> Path | None:
    """The untouched file, where a browser shows just what the label map lies on."""
    path = objects.existing(project.root, image.content)
    if height != image.height or image.page:
        return None
    if path.suffix == ".png":
        with path.open("rb") as file:
            depth = file.read(25)[24:]  # of the header
        return path if depth <= b"\x08" else None
    return path if path.suffix in {".jpg", ".jpeg"} else None


def _watched(
    plan: Plan, report: Report, on_image: Callable[[int, int], None]
) -> Iterator[Outgoing]:
    n = len(plan.images)
    for done, image in enumerate(plan.images):
        on_image(done, n)
        height = plan.heights[image.id]
        layers = [reporting_void(one, image.file_name, height, report) for one in image.layers]
        yield replace(image, layers=tuple(layers))
    on_image(n, n)


def _write_manifest(
    folder: Path,
    how: tuple[str, str, str],
    ids: Ids,
    target: Target,
    plan: Plan,
    files: Set[str],
) -> None:
    format_, what, frame = how
    content = {
        "premask": __version__,
        "format": format_,
        "what": what,
        "frame": frame,
        "phases": [
            {"index": one.index, "name": one.name, "colour": one.colour, "id": ids.get(one.name)}
            for one in target.phases.phases
        ],
        "void": ids.get("void"),
        "images": {
            one.name: {
                "file": one.file_name,
                "id": one.id,
                "width": one.width,
                "height": one.height,
                "um_per_px": one.um_per_px,
                "methods": [layer.method for layer in one.layers if layer.method],
                **({"unnamed": True} if one.id in plan.unnamed else {}),
            }
            for one in plan.images
        },
        "files": sorted(files),
    }
    data = json.dumps(content, indent=1, ensure_ascii=False).encode()
    write_atomically(folder / MANIFEST, data)


def _one_of(option: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise PremaskError(
            f"{option} {value!r} is not known; {' or '.join(known)} is accepted"
            f"{nearest(value, known)}"
        )
