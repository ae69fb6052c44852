"""What a data set holds: phases, pixels and sizes by type (paper, Tables 3 and 4, Figure 3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from premask.core.errors import PremaskError
from premask.core.label_maps import as_label_map, check_values
from premask.core.phases import VOID
from premask.evaluate.confusion import Counts, Values
from premask.evaluate.policy import check_n_phases


@dataclass(frozen=True, eq=False)
class ImageClasses:
    """The phases of one label map.

    Attributes
    ----------
    pixels : ndarray of int64, shape (n_phases,)
    void : int
        Pixels without a label.
    """

    name: str
    type: str | None
    width: int
    height: int
    pixels: Counts
    void: int

    @property
    def shares(self) -> Values:
        """Share of each phase in the labelled pixels; NaN where all is void."""
        total = self.pixels.sum()
        return self.pixels / total if total else np.full(len(self.pixels), np.nan)


@dataclass(frozen=True, eq=False)
class Classes:
    """The phases of a set of label maps.

    Attributes
    ----------
    images : tuple of ImageClasses
    n_phases : int
    types : dict of str to Classes
        The same for each processing type, in the order in which they came.

    Notes
    -----
    The paper's Table 4, "average ratio of pixels in the whole dataset", can be read in two
    ways: all pixels together (:attr:`share`) or the mean of the images' shares
    (:attr:`mean_share`). They differ where images differ in size. Both are given; void
    pixels count in neither, images that are wholly void not in the mean.
    """

    images: tuple[ImageClasses, ...]
    n_phases: int
    types: Mapping[str, Classes] = field(default_factory=dict)

    @property
    def pixels(self) -> Counts:
        """Pixels of each phase."""
        none = np.zeros(self.n_phases, np.int64)
        rows: Counts = np.array([none, *(one.pixels for one in self.images)])
        total: Counts = rows.sum(axis=0)
        return total

    @property
    def void(self) -> int:
        """Pixels without a label."""
        return sum(one.void for one in self.images)

    @property
    def share(self) -> Values:
        """Share of each phase in all labelled pixels together, 0 to 1 (Table 4)."""
        total = self.pixels.sum()
        return self.pixels / total if total else np.full(self.n_phases, np.nan)

    @property
    def shares(self) -> Values:
        """Share of each phase in each image with labels, (N, n_phases)."""
        rows = [one.shares for one in self.images if one.pixels.any()]
        return np.array(rows).reshape(-1, self.n_phases)

    @property
    def mean_share(self) -> Values:
        """Mean over images of each phase's share; images without the phase count as 0."""
        shares = self.shares
        return shares.mean(axis=0) if len(shares) else np.full(self.n_phases, np.nan)

    @property
    def std_share(self) -> Values:
        """Standard deviation over images (n - 1 below the line); NaN for fewer than two."""
        shares = self.shares
        return shares.std(axis=0, ddof=1) if len(shares) > 1 else np.full(self.n_phases, np.nan)

    @property
    def images_with(self) -> Counts:
        """How many images show each phase."""
        images: Counts = (self.shares > 0).sum(axis=0)
        return images

    @property
    def present(self) -> tuple[int, ...]:
        """The phases that any image shows (Table 3)."""
        return tuple(np.flatnonzero(self.pixels).tolist())

    @property
    def resolutions(self) -> dict[tuple[int, int], int]:
        """Images of each (width, height), the most frequent first (Table 3)."""
        counts = Counter((one.width, one.height) for one in self.images)
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def histogram(self, bins: int = 20) -> NDArray[np.int64]:
        """Images by the share that each phase has in them (Figure 3), (n_phases, bins).

        Bins are of one width from 0 to 1; the last one includes 1. Images without the
        phase are in none, so that a phase's row sums to :attr:`images_with`.
        """
        if not 1 <= bins <= 1000:
            raise PremaskError(f"{bins} bins were asked for; 1 to 1000 are accepted")
        rows = [
            np.histogram(column[column > 0], bins=bins, range=(0, 1))[0] for column in self.shares.T
        ]
        return np.array(rows, np.int64)


def count_classes(
    label_map: ArrayLike, n_phases: int, *, name: str = "", type_: str | None = None
) -> ImageClasses:
    """Count the phases of one label map.

    Parameters
    ----------
    label_map : array_like of int, shape (H, W)
        Phase indices 0 .. n_phases - 1, and 255 for void.

    Raises
    ------
    PremaskError
        For values that are no phase, naming the image.
    """
    check_n_phases(n_phases)
    what = f"label map {name}".rstrip()
    labels = as_label_map(label_map, what)
    counts = np.bincount(labels.ravel(), minlength=256).astype(np.int64)
    check_values(what, counts, n_phases)
    height, width = labels.shape
    return ImageClasses(name, type_, width, height, counts[:n_phases], int(counts[VOID]))


def dataset_classes(images: Iterable[ImageClasses], n_phases: int) -> Classes:
    """Sum up counted label maps, all together and by type.

    Images without a type count in the overall figures only.

    Parameters
    ----------
    images : iterable of ImageClasses
        From :func:`count_classes`; maps can be read, counted and dropped one by one.

    Examples
    --------
    >>> maps = {"a": [[0, 0, 1, 1]], "b": [[0, 0, 0, 255]]}
    >>> found = dataset_classes((count_classes(m, 2, name=k) for k, m in maps.items()), 2)
    >>> found.share.round(3).tolist(), found.mean_share.tolist()
    ([0.714, 0.286], [0.75, 0.25])
    """
    check_n_phases(n_phases)
    counted = tuple(images)
    for one in counted:
        if len(one.pixels) != n_phases:
            raise PremaskError(
                f"the label map {one.name} was counted with {len(one.pixels)} phases;"
                f" {n_phases} are expected of all"
            )
    names = dict.fromkeys(one.type for one in counted if one.type is not None)
    types = {
        name: Classes(tuple(one for one in counted if one.type == name), n_phases) for name in names
    }
    return Classes(counted, n_phases, types)
