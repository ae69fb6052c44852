"""premask: from a folder of micrographs to a finished, pixel-labelled data set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from premask.core.errors import PremaskError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__version__ = "0.1.0"
__all__ = ["PremaskError", "__version__", "methods", "preannotate"]


def methods() -> list[str]:
    """Names of the pre-annotation methods: premask's own, then those of installed packages."""
    from premask.preannotators.methods import all_methods

    return list(all_methods())


def preannotate(
    image: ArrayLike, method: str, n_classes: int, *, seed: int = 0, **options: Any
) -> NDArray[np.uint8]:
    """Divide a micrograph into regions without any training data.

    Parameters
    ----------
    image : array_like of shape (H, W) or (H, W, 3)
        8 or 16 bit, or floating point.
    method : str
        One of :func:`methods`.
    n_classes : int
        The number of regions asked for.
    seed : int
        Same image, method, options and seed: same bytes.
    **options
        The method's own knobs, e.g. ``sigma=1.5`` for ``multi-otsu``.

    Returns
    -------
    ndarray of uint8, shape (H, W)
        Anonymous regions 0 .. n_classes - 1, ordered by mean grey level, darkest first.

    Raises
    ------
    PremaskError
        For an unknown method or option, or an image that cannot be used.

    Examples
    --------
    >>> import numpy as np, premask
    >>> image = np.array([[10, 10, 90, 91], [11, 10, 90, 200]], np.uint8)
    >>> premask.preannotate(image, "multi-otsu", 3)
    array([[0, 0, 1, 1],
           [0, 0, 1, 2]], dtype=uint8)
    """
    from premask.preannotators.methods import run

    return run(image, method, n_classes, seed=seed, **options)
