"""The micrographs of a project."""

from __future__ import annotations

from dataclasses import asdict, replace

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from premask.core.errors import PremaskError, nearest
from premask.core.micrograph import Image
from premask.core.records import ImageRecord
from premask.io.images import read_micrograph
from premask.project import objects
from premask.project.database import transaction
from premask.project.project import Project, now
from premask.project.schema import ImageRow

FIELDS = tuple(ImageRecord.__dataclass_fields__)


def insert_image(project: Project, record: ImageRecord) -> bool:
    """Remember an image; False where it is there already, known by its content."""
    try:
        with transaction(project.engine) as session:
            known = session.get(ImageRow, record.id)
            if known is not None and known.removed is None:
                return False
            if known is not None:  # it comes back, with all that hangs on it
                known.removed, known.name = None, record.name
                return True
            last = session.scalar(select(func.max(ImageRow.position)))
            session.add(ImageRow(**asdict(record), position=(last or 0) + 1, added=now()))
    except IntegrityError:  # another process added the same image at this moment
        return False
    return True


def update_image(project: Project, record: ImageRecord) -> None:
    """Store the type, the crop and the scale of an image anew."""
    with transaction(project.engine) as session:
        row = session.get_one(ImageRow, record.id)
        row.type, row.crop_bottom = record.type, record.crop_bottom
        row.um_per_px, row.scale_source = record.um_per_px, record.scale_source


def all_images(project: Project, type_: str | None = None) -> list[ImageRecord]:
    """The images in the order in which they were added, of one type or of all."""
    query = (
        select(ImageRow)
        .where(ImageRow.removed.is_(None))
        .order_by(ImageRow.position, ImageRow.name)
    )
    if type_ is not None:
        query = query.where(ImageRow.type == type_)
    with transaction(project.engine) as session:
        return [_record(row) for row in session.scalars(query)]


def find_image(project: Project, wanted: str) -> ImageRecord:
    """One image by its name, its name without the suffix, or the start of its id.

    Raises
    ------
    PremaskError
        Where none or several fit.
    """
    images = all_images(project)
    fits = (
        [image for image in images if image.name == wanted]
        or [image for image in images if stem(image.name) == wanted]
        or [image for image in images if len(wanted) >= 4 and image.id.startswith(wanted)]
    )
    if not fits:
        raise PremaskError(
            f"no image {wanted!r} in {project.root}{nearest(wanted, [i.name for i in images])}"
        )
    if len(fits) > 1:
        ids = ", ".join(image.id[:10] for image in fits)
        raise PremaskError(f"{len(fits)} images are named {wanted!r}; name one by its id: {ids}")
    return fits[0]


def stem(name: str) -> str:
    """A file's name without its last suffix."""
    return name.rpartition(".")[0] or name


def read_pixels(project: Project, record: ImageRecord) -> Image:
    """The pixels of an image in its crop."""
    path = objects.existing(project.root, record.content)
    pixels = read_micrograph(path, page=record.page).pixels
    return pixels[: record.view_height]


def with_crop(record: ImageRecord, rows: int) -> ImageRecord:
    """The image with another crop.

    Raises
    ------
    PremaskError
        If it would leave less than half of the image.
    """
    if not 0 <= rows <= record.height // 2:
        raise PremaskError(
            f"{record.name}: {rows} px cannot be cropped from a height of {record.height} px;"
            f" 0 to {record.height // 2} is accepted"
        )
    return replace(record, crop_bottom=rows)


def _record(row: ImageRow) -> ImageRecord:
    return ImageRecord(**{name: getattr(row, name) for name in FIELDS})


def remove_image(project: Project, image: ImageRecord) -> None:
    """Take an image out of the project.

    Its sessions, label maps and candidates stay in the database, so that a study can say
    what it left out, and all is there again if the image is added once more.
    """
    with transaction(project.engine) as session:
        session.get_one(ImageRow, image.id).removed = now()


def removed_images(project: Project) -> list[ImageRecord]:
    """The images that were taken out, in the order in which they were added."""
    query = select(ImageRow).where(ImageRow.removed.is_not(None)).order_by(ImageRow.position)
    with transaction(project.engine) as session:
        return [_record(row) for row in session.scalars(query)]
