"""The formats that label maps come and go in: one module a tool, listed here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from premask.core.errors import PremaskError, nearest
from premask.core.exchange import Ids, Incoming, Outgoing, Target
from premask.interchange.vocabulary import Vocabulary

Load = Callable[[Path, Vocabulary], Iterator[Incoming]]
"""A folder or file (archives are unpacked before) to label maps, which are read one by one."""

Save = Callable[[Iterable[Outgoing], Target], Ids]
"""Images, which are read one by one, into a folder. Returns what stands for each phase."""


@dataclass(frozen=True)
class Format:
    """How one format is read and written.

    Attributes
    ----------
    module : str
        In ``premask.interchange``, with ``load_NAME`` and ``save_NAME``.
    summary : str
        For the list of formats.
    function : str
        NAME, where it is not the module's.
    names : bool
        Phases are told by their names; else by numbers alone.
    layers : bool
        Several label maps of one image fit into it.
    pictures : bool
        The micrographs go along by default.
    """

    module: str
    summary: str
    function: str = ""
    names: bool = True
    layers: bool = False
    pictures: bool = False

    @property
    def load(self) -> Load:
        """The function that reads it."""
        return self._function("load")  # type: ignore[no-any-return]

    @property
    def save(self) -> Save:
        """The function that writes it."""
        return self._function("save")  # type: ignore[no-any-return]

    def _function(self, verb: str):  # type: ignore[no-untyped-def]
        # Imported on use: some need packages that take long to import, or are an extra.
        module = import_module(f"premask.interchange.{self.module}")
        return getattr(module, f"{verb}_{self.function or self.module}")


FORMATS: Mapping[str, Format] = {
    "png": Format("png", "index PNGs: pixel value = phase, 255 = void", names=False),
    "png-rgb": Format("png_rgb", "colour masks and colours.json, which names the colours"),
    "npz": Format("npz", "NumPy: an NPZ an image, with the names of the phases"),
    "labelbox": Format("labelbox", "Labelbox: NDJSON with masks, ontology", pictures=True),
    "cvat": Format("cvat", "CVAT: Segmentation mask 1.1"),
    "cvat-xml": Format("cvat_xml", "CVAT: CVAT for images 1.1, with masks and working_time"),
    "label-studio": Format(
        "label_studio", "Label Studio: tasks with bitmasks", layers=True, pictures=True
    ),
    "label-studio-rle": Format(
        "label_studio",
        "Label Studio: tasks with brush masks",
        "label_studio_rle",
        layers=True,
        pictures=True,
    ),
    "coco": Format("coco", "COCO panoptic: a PNG of segments an image"),
    "coco-instances": Format("coco_instances", "COCO instances: run lengths in one JSON file"),
    "labelme": Format("labelme", "labelme: a JSON file with masks an image", pictures=True),
    "voc": Format("voc", "PASCAL VOC: SegmentationClass and labelmap.txt", pictures=True),
    "imagej": Format("imagej", "ImageJ: labels TIFFs with scale and colours, ZIPs of ROIs"),
    "ome-tiff": Format("ome_tiff", "OME-TIFF: labels with scale, phases as annotation"),
    "ome-zarr": Format("ome_zarr", "OME-Zarr 0.5: image and labels as pyramids", pictures=True),
    "huggingface": Format(
        "huggingface", "Hugging Face: imagefolder with metadata.jsonl and card", pictures=True
    ),
    "microsteel": Format("microsteel", "MicroSteel, as it is released", pictures=True),
    "metaldam": Format("metaldam", "MetalDAM, as it is released", pictures=True),
}


def find_format(name: str) -> Format:
    """A format by its name.

    Raises
    ------
    PremaskError
        For an unknown one.
    """
    if name not in FORMATS:
        raise PremaskError(
            f"the format {name!r} is not known; {', '.join(FORMATS)} are{nearest(name, FORMATS)}"
        )
    return FORMATS[name]
