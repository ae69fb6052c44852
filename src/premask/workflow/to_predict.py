"""Which images ``premask predict`` labels: micrographs, not the label maps that lie beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from premask.core.errors import PremaskError
from premask.core.phases import VOID
from premask.core.words import count, typed, verb
from premask.deploy.folder import images_of
from premask.deploy.records import RECORDS, files_of, read_rows
from premask.io.files import check_folder
from premask.io.label_maps import read_colours
from premask.project.objects import FOLDER
from premask.project.settings import FILE_NAME
from premask.workflow.dataset.folder import is_dataset
from premask.workflow.dataset.unlabelled import UNLABELLED

IMAGES = "images"
MADE = ["#000000"] * 9 + ["#ffffff"]
"""How the palette of a label map of premask ends: colours that no phase has, and white for void."""


@dataclass(frozen=True)
class ToPredict:
    """The images of a file or folder.

    Attributes
    ----------
    source : Path
        The folder that their names are relative to, or the only image.
    images : tuple of Path
    notes : tuple of str
        A line for each kind of what was left out.
    """

    source: Path
    images: tuple[Path, ...]
    notes: tuple[str, ...] = ()


def source_of(model: str, given: Path) -> tuple[Path, list[str]]:
    """Where the images are: the file or folder that was given, or the ``images`` of a data set.

    Parameters
    ----------
    model : str
        As the user has named it, for what to do with a project.

    Returns
    -------
    source : Path
    notes : list of str
        What is not taken.

    Raises
    ------
    PremaskError
        For a project, its objects, and what does not exist.
    """
    if not given.exists():
        raise PremaskError(f"{given}: there is no such file or folder; check the name")
    project = _project_of(given)
    if project is not None:
        raise PremaskError(
            f"{given} is {'' if project == given else 'inside '}a project of premask, whose images"
            f" get candidates of a model with: premask preannotate {typed(project)} --method"
            f" {typed(f'model:{model}')}"
        )
    if not is_dataset(given) or not (given / IMAGES).is_dir():
        return given, []
    note = f"{given} is a data set: its {IMAGES}/ are taken, not its label maps"
    if (given / UNLABELLED).is_dir():
        note += f"; for its {UNLABELLED}/ give {given / UNLABELLED}"
    return given / IMAGES, [note]


def check_out(given: Path, out: Path) -> None:
    """Refuse a folder for label maps that is no folder, or that must not get any.

    Parameters
    ----------
    given : Path
        The micrographs.
    out : Path
        It may lie in a folder of micrographs: its files are not taken for such.

    Raises
    ------
    PremaskError
        For a file, the folder of the micrographs itself, a project and a data set.
    """
    check_folder(out)
    folder = given if given.is_dir() else given.parent
    what = ""
    if out.resolve() in {folder.resolve(), (folder / IMAGES).resolve()}:
        what = "holds the micrographs"
    elif _project_of(out) is not None:
        what = "is a project of premask, or inside its objects"
    elif is_dataset(out):
        what = "is a data set"
    if what:
        another = f"{out.resolve().name}-predicted"
        raise PremaskError(
            f"{out} {what}; give another folder for the label maps, e.g. {typed(another)}"
        )


def to_predict(model: str, given: Path, out: Path) -> ToPredict:
    """The images of a file, of a folder with all folders in it, or of a data set.

    Label maps and confidence maps that premask has made are left out, and so are projects, and the
    label maps of data sets, in folders below.

    Raises
    ------
    PremaskError
        For a project, what does not exist, and where no image is left.
    """
    source, notes = source_of(model, given)
    if source.is_file():
        if is_label_map(source):
            raise PremaskError(f"{source} is a label map that premask has made; give a micrograph")
        return ToPredict(source, tuple(images_of(source, out)), tuple(notes))
    found = images_of(source, out)
    kept = [path for path in without_made(found, source) if not is_label_map(path)]
    if left := len(found) - len(kept):
        notes.append(
            f"{count(left, 'file')} below {source} {verb(left, 'is', 'are')} left out: what premask"
            " has made, label maps of data sets, projects"
        )
    if not kept:
        why = f" ({notes[-1]})" if left else ""
        raise PremaskError(f"{source} has no image (PNG, JPEG, BMP or TIFF){why}; give another")
    return ToPredict(source, tuple(kept), tuple(notes))


def micrographs(source: Path, out: Path) -> list[Path]:
    """The images of a folder without those of :func:`without_made`; cheap, for looks in a row."""
    return without_made(images_of(source, out), source)


def without_made(images: Sequence[Path], source: Path) -> list[Path]:
    """Images without those of projects, label maps of data sets, and recorded predictions."""
    dataset = cache(is_dataset)

    @cache
    def taken(folder: Path) -> bool:
        if folder == source:
            return True
        parent = folder.parent
        if (folder / FILE_NAME).is_file() or not taken(parent):
            return False
        return not dataset(parent) or folder.name.casefold().startswith((IMAGES, UNLABELLED))

    @cache
    def recorded(folder: Path) -> frozenset[Path]:
        own = frozenset(
            folder / file for row in read_rows(folder / RECORDS) for file in files_of(row)
        )
        return own if folder == source else own | recorded(folder.parent)

    return [path for path in images if taken(path.parent) and path not in recorded(path.parent)]


def is_label_map(path: Path) -> bool:
    """Whether a file is a label map that premask has made, by its palette."""
    if path.suffix.lower() != ".png":
        return False
    try:
        colours = read_colours(path)
    except PremaskError:
        return False  # whoever predicts it says what is wrong with it
    return len(colours) == VOID + 1 and colours[-len(MADE) :] == MADE


def _project_of(given: Path) -> Path | None:
    """The project that a path is, or in whose objects it lies."""
    if (given / FILE_NAME).is_file():
        return given
    path = given.resolve()
    for folder in (path, *path.parents):
        if folder.name == FOLDER and (folder.parent / FILE_NAME).is_file():
            return folder.parent
    return None
