"""The list of methods, and the one way to run any of them."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import inspect
import math
import operator
from collections.abc import Callable, Iterable, Mapping
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


def rank(name: str) -> int:
    """The place of a method in :func:`all_methods`; behind all of them for one that went."""
    known = list(all_methods())
    return known.index(name) if name in known else len(known)


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
    try:
        options_of(name)
    except PremaskError as error:
        return str(error)
    check = find(name).ready
    reason: str | None = _import(check)(options.get("weights")) if check else None
    return reason


def load(name: str) -> Callable[..., NDArray[Any]]:
    """Import a method's function.

    Raises
    ------
    PremaskError
        Where a package is missing, and for whatever the import raises: the code of other
        packages runs here, and one that is broken must not take the others with it.
    """
    method = find(name)
    absent = [p for p in method.packages if importlib.util.find_spec(p) is None]
    if absent:
        raise PremaskError(
            f"{name} needs {' and '.join(absent)}, which is not installed:"
            f' pip install "premask[{method.extra}]"'
        )
    try:
        function = _import(method.target)
    except (Exception, SystemExit) as error:
        raise PremaskError(
            f"{name} ({method.target}) cannot be imported ({_told(error)});"
            " mend or remove the package that brings it"
        ) from error
    if not callable(function):
        raise PremaskError(
            f"{name} ({method.target}) is a {type(function).__name__} and no function;"
            " mend or remove the package that brings it"
        )
    return function


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:200]


def _import(target: str) -> Callable[..., Any]:
    module, _, function = target.partition(":")
    imported: Callable[..., Any] = operator.attrgetter(function)(importlib.import_module(module))
    return imported


def options_of(name: str) -> dict[str, inspect.Parameter]:
    """The knobs of a method: its keyword-only parameters but the seed.

    Raises
    ------
    PremaskError
        Where the method cannot be imported.
    """
    function = load(name)
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError) as error:
        raise PremaskError(
            f"{name} ({find(name).target}) does not tell its parameters ({_told(error)});"
            " a method is a plain Python function"
        ) from error
    return {p.name: p for p in parameters if p.kind is p.KEYWORD_ONLY and p.name != "seed"}


def default_options(name: str) -> dict[str, Any]:
    """The defaults of a method's knobs as JSON can hold them; empty where it cannot be imported.

    A tuple is a list; what JSON has no form for is told in words, and a knob without a
    default is None.
    """
    try:
        knobs = options_of(name)
    except PremaskError:
        return {}
    return {
        option: None if knob.default is knob.empty else _plain(knob.default)
        for option, knob in knobs.items()
    }


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    plain = value is None or isinstance(value, str | bool | int)
    return value if plain or (isinstance(value, float) and math.isfinite(value)) else str(value)


def check_options(name: str, options: Iterable[str]) -> None:
    """Refuse an option that a method does not have, with the nearest one."""
    known = options_of(name)
    for option in options:
        if option not in known:
            raise PremaskError(
                f"{name} has no option {option!r}; its options are"
                f" {', '.join(known) or 'none'}{nearest(option, known)}"
            )


def run(
    image: ArrayLike, method: str, n_classes: int, *, seed: int = 0, **options: Any
) -> NDArray[np.uint8]:
    """Check the image and the options, run the method, order its regions.

    See :func:`premask.preannotate`, which is this function's public name.
    """
    function = load(method)
    n_classes = check_n_classes(n_classes)
    check_options(method, options)
    array = as_image(image)
    if array.min() == array.max():
        raise PremaskError(
            f"the image is constant (every pixel is {array.min()}):"
            " there is nothing to divide into regions"
        )
    try:
        labels = np.asarray(function(array, n_classes, seed=seed, **options))
    except (PremaskError, MemoryError):
        raise
    except Exception as error:
        if method in METHODS:  # a fault of ours, to be seen as one
            raise
        raise PremaskError(f"{method} failed ({_told(error)})") from error
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
