"""The list of methods, and the one way to run any of them."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from premask.core.errors import PremaskError, nearest
from premask.core.micrograph import Image, as_image
from premask.core.regions import check_n_classes, order_by_grey

ENTRY_POINTS = "premask.preannotators"


class PreAnnotator(Protocol):
    """A method: an image and a number of regions in, any labels out.

    premask checks the image first and orders the labels afterwards.
    """

    def __call__(
        self, image: Image, n_classes: int, *, seed: int = 0, **options: Any
    ) -> NDArray[Any]:
        """Labels of shape (H, W), non-negative integers, at most ``n_classes`` different."""
        ...


@dataclass(frozen=True)
class Method:
    """Where a method lives and what it needs.

    Attributes
    ----------
    target : str
        ``module:function``, imported when the method first runs.
    summary : str
        What it does, in the words of the gallery and the help.
    packages : tuple of str
        Importable packages that it needs beyond premask's own.
    extra : str
        The extra of premask that installs them.
    ready : str
        ``module:function`` that takes the option ``weights`` (or None) and tells what is
        wrong with that file, or None.
    """

    target: str
    summary: str
    packages: tuple[str, ...] = ()
    extra: str = ""
    ready: str = ""


METHODS: dict[str, Method] = {
    "multi-otsu": Method(
        "premask.preannotators.multi_otsu:multi_otsu",
        "thresholds on the grey-level histogram, exact",
    ),
    "superpixels": Method(
        "premask.preannotators.superpixels:superpixels",
        "Felzenszwalb's superpixels, grouped by their grey levels",
    ),
    "kmeans": Method(
        "premask.preannotators.kmeans:kmeans",
        "clusters of pixel values, optionally of position and filters",
    ),
    "cnn": Method(
        "premask.preannotators.cnn:cnn",
        "Kanezaki's network, trained from scratch on each image",
        packages=("torch",),
        extra="cnn",
    ),
    "sam": Method(
        "premask.preannotators.sam:sam",
        "Segment Anything's masks, merged and grouped; needs a weights file",
        packages=("torch", "transformers", "safetensors"),
        extra="sam",
        ready="premask.preannotators.sam_weights:weights_status",
    ),
    "texture": Method(
        "premask.preannotators.texture:texture",
        "superpixels described by grey level and texture, clustered and smoothed",
    ),
}


def all_methods() -> dict[str, Method]:
    """Premask's own methods, then those that installed packages offer.

    A package offers one through the entry-point group ``premask.preannotators``: a name
    and a callable of the form of :class:`PreAnnotator`. A name of premask's own is kept.
    """
    return {**METHODS, **{k: v for k, v in offered().items() if k not in METHODS}}


@functools.cache
def offered() -> dict[str, Method]:
    """The methods of other packages, by name; looked up once, as it reads many files."""
    points = sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name)
    return {
        point.name: Method(point.value, f"from {point.dist.name if point.dist else point.value}")
        for point in points
    }


def find(name: str) -> Method:
    """The method of a name, or an error with the nearest one."""
    known = all_methods()
    if name not in known:
        raise PremaskError(
            f"no method {name!r}; the methods are {', '.join(known)}{nearest(name, known)}"
        )
    return known[name]


def not_ready(name: str, options: Mapping[str, Any]) -> str | None:
    """Why a method cannot run here and what to do about it; None where it can.

    Parameters
    ----------
    name : str
        One of :func:`all_methods`.
    options : mapping
        The options that it would run with: ``sam`` needs a weights file.
    """
    method = find(name)
    absent = [p for p in method.packages if importlib.util.find_spec(p) is None]
    if absent:
        return (
            f"{name} needs {' and '.join(absent)}, which is not installed:"
            f' pip install "premask[{method.extra}]"'
        )
    if method.ready:
        reason: str | None = _import(method.ready)(options.get("weights"))
        return reason
    return None


def load(name: str) -> Callable[..., NDArray[Any]]:
    """Import a method's function."""
    method = find(name)
    absent = not_ready(name, {}) if not method.ready else None
    if absent:
        raise PremaskError(absent)
    try:
        return _import(method.target)
    except (ImportError, AttributeError) as error:
        raise PremaskError(
            f"the method {name} ({method.target}) cannot be imported: {error}"
        ) from error


def _import(target: str) -> Callable[..., Any]:
    module, _, function = target.partition(":")
    imported: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return imported


def options_of(name: str) -> dict[str, inspect.Parameter]:
    """The knobs of a method: its keyword-only parameters but the seed."""
    parameters = inspect.signature(load(name)).parameters.values()
    return {p.name: p for p in parameters if p.kind is p.KEYWORD_ONLY and p.name != "seed"}


def run(
    image: ArrayLike, method: str, n_classes: int, *, seed: int = 0, **options: Any
) -> NDArray[np.uint8]:
    """Check the image and the options, run the method, order its regions.

    See :func:`premask.preannotate`, which is this function's public name.
    """
    function = load(method)
    n_classes = check_n_classes(n_classes)
    known = options_of(method)
    for option in options:
        if option not in known:
            raise PremaskError(
                f"{method} has no option {option!r}; its options are"
                f" {', '.join(known) or 'none'}{nearest(option, known)}"
            )
    array = as_image(image)
    if array.min() == array.max():
        raise PremaskError(
            f"the image is constant (every pixel is {array.min()}):"
            " there is nothing to divide into regions"
        )
    labels = function(array, n_classes, seed=seed, **options)
    if labels.shape != array.shape[:2]:
        raise PremaskError(
            f"{method} returned regions of shape {labels.shape} for an image of"
            f" {array.shape[:2]}; a method must return one label per pixel"
        )
    regions = order_by_grey(labels, array)
    if int(regions.max()) >= n_classes:
        raise PremaskError(
            f"{method} returned {int(regions.max()) + 1} regions where {n_classes} were asked for"
        )
    return regions
