"""Which image of a project a label map belongs to."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from premask.core.errors import PremaskError
from premask.core.exchange import Incoming, Report
from premask.core.records import ImageRecord
from premask.io.images import IMAGE_SUFFIXES, image_stem
from premask.project.images import stem

_Index = dict[str, list[ImageRecord]]


def by_folded(told: Mapping[str, str]) -> dict[str, str]:
    """What the manifest of an export tells by the images' names there, for :func:`told_of`."""
    return {_folded(name): what for name, what in told.items()}


def told_of(one: Incoming, told: Mapping[str, str]) -> str:
    """What a manifest tells of a label map's image; empty where it tells nothing."""
    plain = _plain(one.name)
    return told.get(_without_ending(plain)) or told.get(plain, "")


class ImageMatcher:
    """Finds images by id, by name, by name without its ending, without all endings.

    Parameters
    ----------
    images : sequence of ImageRecord
        Of the project.
    ids : dict of str to str
        Ids by the names of an export, from its manifest.
    report : Report
        Is told where a name fits only without a second ending.
    suffix : str
        What label maps have behind the names of their images, before the ending: ``_mask``.
        Names without it are looked for as they are.
    """

    def __init__(
        self,
        images: Sequence[ImageRecord],
        ids: Mapping[str, str],
        report: Report,
        suffix: str = "",
    ):
        self.report = report
        self.suffix = _without_ending(_folded(suffix))
        self.suffix_met = False
        self.ids = by_folded(ids)
        self.by_id: dict[str, ImageRecord] = {}
        self._by_name: _Index = {}
        self._by_stem: _Index = {}
        self._by_bare: _Index = {}
        for image in images:
            self.enter(image)

    def enter(self, image: ImageRecord) -> None:
        """Know one more image."""
        self.by_id[image.id] = image
        name = _folded(image.name)
        self._by_name.setdefault(name, []).append(image)
        self._by_stem.setdefault(_without_ending(name), []).append(image)
        for bare in {image_stem(name), stem(name)}:
            self._by_bare.setdefault(bare, []).append(image)

    def find(self, one: Incoming) -> ImageRecord | None:
        """The image of a label map; None where there is none.

        Raises
        ------
        PremaskError
            Where several have its name.
        """
        plain = _plain(one.name)
        short = _without_ending(plain)
        for id_ in (one.id, self.ids.get(short), self.ids.get(plain)):
            if id_ in self.by_id:
                return self.by_id[id_]
        plain = self._without_suffix(plain)
        short = _without_ending(plain)
        exact = self._one(one.source, plain, self._by_name.get(plain, []))
        if exact is not None:
            return exact
        of_stem = self._by_stem.get(short, [])
        near = self._one(one.source, short, [*of_stem, *self._by_name.get(short, [])])
        if near is not None and near in of_stem:
            return near
        bare = image_stem(plain)
        found = near or self._one(one.source, bare, self._by_bare.get(bare, []))
        if found is not None:
            self.report.add(
                "name",
                one.source,
                f"{plain} is taken for {found.name}: its name matches only without a second ending",
            )
        return found

    def _without_suffix(self, name: str) -> str:
        front = _bare(name)
        if not self.suffix or front == self.suffix or not front.endswith(self.suffix):
            return name
        self.suffix_met = True
        return front.removesuffix(self.suffix) + name[len(front) :]

    def _one(self, source: str, key: str, fits: Sequence[ImageRecord]) -> ImageRecord | None:
        different = {image.id: image for image in fits}
        if len(different) > 1:
            ids = ", ".join(id_[:8] for id_ in different)
            raise PremaskError(
                f"{source}: {len(different)} images of the project have the name {key} ({ids});"
                " rename the label map's image, or take one of them out of the project"
            )
        return next(iter(different.values()), None)


def suffix_of(name: str, images: Iterable[str]) -> tuple[str, str] | None:
    """What a label map's name has behind that of an image, and the image; None for neither.

    Of several images the one with the longest name. It must be a word behind a space or a
    mark, so that ``steel 10`` is not ``steel 1``.

    Examples
    --------
    >>> suffix_of("steel_07_mask.png", ["steel_07.tif", "steel.tif"])
    ('_mask', 'steel_07.tif')
    >>> suffix_of("steel 1.5.png", ["steel 1.tif"])
    """
    front = _bare(_plain(name))
    found: tuple[str, str] | None = None
    for image in images:
        own = _folded(image)
        for start in (own, _bare(own)):
            rest = front.removeprefix(start)
            word = rest != front and re.fullmatch(r"[\W_]+[^\W\d_]{2}.*", rest)
            if word and (found is None or len(rest) < len(found[0])):
                found = rest, image
    return found


def _plain(name: str) -> str:
    """A name without its folders."""
    return _folded(name.replace("\\", "/").rpartition("/")[2])


def _folded(name: str) -> str:
    """One spelling of a name: macOS writes an umlaut as two characters, others as one."""
    return unicodedata.normalize("NFC", name)


def _without_ending(name: str) -> str:
    """A name without one ending of an image format; ``steel 1.5`` keeps its ``.5``."""
    front, dot, ending = name.rpartition(".")
    return front if front and f"{dot}{ending}".lower() in IMAGE_SUFFIXES else name


def _bare(name: str) -> str:
    """A name without any endings of image formats."""
    while (front := _without_ending(name)) != name:
        name = front
    return name
