"""ImageJ's ROIs: the phases of a label map as composite selections."""

from __future__ import annotations

import io
import re
import zipfile
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from premask.core.exchange import LabelMap, Target
from premask.core.phases import Phase
from premask.interchange.extras import need
from premask.interchange.outlines import filled, outlines
from premask.interchange.overlay import masks_of
from premask.interchange.palette import rgb

MOVE, LINE, CLOSE = 0, 1, 4
"""Segments of Java's paths, in which ImageJ keeps a composite selection."""


def encode_rois(label_map: LabelMap, target: Target, where: str) -> bytes:
    """A ZIP for ImageJ's ROI Manager with one composite selection for each phase.

    The selections run along the edges of pixels, with holes, so that nothing is lost; what is
    lost all the same is measured by reading them back, and reported.

    Parameters
    ----------
    where : str
        The image, for the report.
    """
    roifile = need("roifile", "exchange")
    buffer, seen = io.BytesIO(), set[str]()
    with zipfile.ZipFile(buffer, "w") as archive:
        for index, mask in masks_of(label_map):
            phase = target.phases.phases[index]
            data = _encode(roifile, mask, phase)
            name = re.sub(r'[\x00-\x1f<>:"/\\|?*]', "_", phase.name)
            name = f"{name}-{index}" if name.casefold() in seen else name
            seen.add(name.casefold())
            archive.writestr(zipfile.ZipInfo(f"{name}.roi"), data, zipfile.ZIP_DEFLATED)
            lost = int(np.count_nonzero(_decode(roifile, data, mask.shape) != mask))
            if lost:
                target.report.add(
                    "loss", where, f"the selection of {phase.name} is {lost} px off", lost
                )
    return buffer.getvalue()


def _encode(roifile: ModuleType, mask: NDArray[np.bool_], phase: Phase) -> bytes:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    path = _path(outlines(mask))
    roi = roifile.ImagejRoi(
        roitype=roifile.ROI_TYPE.RECT,
        version=227,
        name=phase.name,
        top=int(rows[0]),
        left=int(columns[0]),
        bottom=int(rows[-1]) + 1,
        right=int(columns[-1]) + 1,
        shape_roi_size=path.size,
        multi_coordinates=path,
        stroke_color=bytes((255, *rgb(phase.colour))),
        group=phase.index + 1,
    )
    data: bytes = roi.tobytes()
    return data


def _path(polygons: list[NDArray[np.int32]]) -> NDArray[np.float32]:
    """Polygons as segments: the kind, then x and y."""
    parts = []
    for polygon in polygons:
        segments = np.empty((len(polygon), 3), np.float32)
        segments[:, 0], segments[:, 1:] = LINE, polygon
        segments[0, 0] = MOVE
        parts += [segments.ravel(), np.array([CLOSE], np.float32)]
    return np.concatenate(parts)


def _decode(roifile: ModuleType, data: bytes, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    polygons = roifile.ImagejRoi.frombytes(data).coordinates(multi=True)
    return filled((np.rint(one).astype(np.int32) for one in polygons), (shape[0], shape[1]))
