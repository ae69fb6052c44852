"""Which label maps or candidates of each image an export takes, and how each is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from premask.core.errors import PremaskError, nearest
from premask.core.exchange import LabelMap, Layer, Report
from premask.core.phases import VOID
from premask.core.records import Candidate, ImageRecord
from premask.interchange.formats import Format
from premask.project.candidates import all_candidates, has_names
from premask.project.label_maps import read_version
from premask.project.project import Project
from premask.workflow.derive import derive
from premask.workflow.exchange import report_void
from premask.workflow.final_maps import final_version
from premask.workflow.model_names import known_name
from premask.workflow.session_facts import session_facts


@dataclass(frozen=True)
class Source:
    """A label map that is to go out, not read yet.

    Attributes
    ----------
    named : bool
        Whether its indices are phases; else they are those of ``n_regions`` regions.
    seconds : float or None
        Active time of annotation, or what a candidate took, s.
    """

    read: Callable[[], LabelMap]
    named: bool = True
    n_regions: int = 0
    method: str = ""
    annotator: str = ""
    created: str = ""
    seconds: float | None = None


def label_sources(project: Project, images: Sequence[ImageRecord]) -> dict[str, list[Source]]:
    """The final label map of each image that has one, by the images' ids."""
    facts = session_facts(project)
    layers: dict[str, list[Source]] = {}
    for image in images:
        version = final_version(project, image)
        if version is None:
            continue
        own = facts.get(version.session) if version.session else None
        layers[image.id] = [
            Source(
                partial(read_version, project, version),
                annotator=version.annotator,
                created=version.created,
                seconds=60 * own.minutes if own else None,
            )
        ]
    return layers


def candidate_sources(
    project: Project, images: Sequence[ImageRecord], method: str | None, found: Format
) -> dict[str, list[Source]]:
    """The newest candidate of each image, or of each method where the format holds several.

    Parameters
    ----------
    method : str or None
        Candidates of this method alone.

    Raises
    ------
    PremaskError
        For a method of which there are none, while there are some of others.
    """
    candidates = all_candidates(project, images)
    method = method and known_name(project, method)
    methods = list(dict.fromkeys(one.parameters.method for one in candidates))
    if methods and method is not None and method not in methods:
        raise PremaskError(
            f"there are no candidates of {method!r}; there are some of {', '.join(methods)}"
            f"{nearest(method, methods)}"
        )
    layers: dict[str, list[Source]] = {}
    for one in candidates:
        if method in {None, one.parameters.method}:
            own = layers.setdefault(one.image, [])
            # the newest of each method; of any method where the format holds one map alone
            kept = [s for s in own if found.layers and s.method != one.parameters.method]
            layers[one.image] = [*kept, _source(project, one)]
    return layers


def _source(project: Project, candidate: Candidate) -> Source:
    return Source(
        lambda: derive(project, candidate).label_map,
        named=has_names(candidate.table),
        n_regions=candidate.parameters.n_regions,
        method=candidate.parameters.method,
        created=candidate.created,
        seconds=candidate.cost.seconds,
    )


def read_padded(source: Source, height: int, shift: int) -> LabelMap:
    """A label map in the frame of the export.

    Parameters
    ----------
    height : int
        Of the frame, px; void is added below.
    shift : int
        What is added to the indices.
    """
    label_map = source.read()
    if shift:  # phases come first, the regions behind them
        label_map = np.where(label_map == VOID, VOID, label_map + np.uint8(shift))
    padding = ((0, height - label_map.shape[0]), (0, 0))
    return np.pad(label_map, padding, constant_values=VOID)


def reporting_void(layer: Layer, where: str, height: int, report: Report) -> Layer:
    """The layer, which reports its unlabelled pixels when it is read for the first time.

    Parameters
    ----------
    where : str
        The image, for the report.
    height : int
        Of the image's crop, px; the void below is the frame's, not the label map's.
    """
    told = False

    def read() -> LabelMap:
        nonlocal told
        label_map = layer.read()
        if not told:
            told = True
            whose = f" of the candidate of {layer.method}" if layer.method else ""
            report_void(label_map[:height], where, report, whose)
        return label_map

    return replace(layer, read=read)
