"""A trained model as one more pre-annotator: ``model:PATH`` (paper, sections 2 and 4.2).

Its regions come with names, so that the next images start from phases and not from clusters.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError, nearest
from premask.core.micrograph import Image, grey
from premask.core.phases import Phases
from premask.core.records import Parameters
from premask.core.regions import order_by_grey
from premask.deploy.predictor import Model, Options, find_model, load_model, predict
from premask.deploy.tiling import TEST_TIME
from premask.io.pins import checksum
from premask.naming.table import NameTable, make_table

PREFIX = "model:"
KNOBS = ("test_time",)
SHA256 = "sha256"


def is_model(method: str) -> bool:
    """Whether a method's name means a trained model."""
    return method.startswith(PREFIX)


def model_path(method: str) -> Path:
    """The path in a model's name: the folder of a run, or a file."""
    return Path(method.removeprefix(PREFIX)).expanduser()


def model_parameters(method: str, options: Mapping[str, Any], name: str = "") -> Parameters:
    """What a candidate of a model hangs on: the file's content, and the model's name.

    Parameters
    ----------
    method : str
        ``model:`` and the folder of a run, or its ``model.onnx``.
    options : mapping
        ``test_time`` alone is accepted.
    name : str
        Under which the project knows the model; ``method`` if left.

    Raises
    ------
    PremaskError
        If there is no such model, ONNX Runtime is missing, or for another option.
    """
    for option in options:
        if option not in KNOBS:
            raise PremaskError(
                f"{method} has no option {option!r}; its options are {', '.join(KNOBS)}"
                f"{nearest(option, KNOBS)}"
            )
    if (wanted := options.get("test_time", "none")) not in TEST_TIME:
        raise PremaskError(f"test_time is {wanted!r}; {', '.join(TEST_TIME)} are accepted")
    path = find_model(model_path(method))
    sha256 = checksum(path)
    n_phases = len(_loaded(path.absolute(), sha256, 1).card.names)
    return Parameters(name or method, n_phases, 0, {**options, SHA256: sha256})


def model_regions(
    pixels: Image, parameters: Parameters, threads: int, method: str = ""
) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """The regions of a model's label map, darkest first as those of all methods, and their phases.

    Parameters
    ----------
    method : str
        Where the model is, ``model:PATH``; as it is called if left.

    Returns
    -------
    regions : ndarray of uint8, shape (H, W)
    names : tuple of str
        The model's name of the phase of each region.

    Raises
    ------
    PremaskError
        If the model's file changed since the run began.
    """
    path = find_model(model_path(method or parameters.method))
    model = _loaded(path.absolute(), parameters.options[SHA256], threads)
    options = Options(test_time=parameters.options.get("test_time", "none"))
    labels = predict(model, pixels, options).labels
    regions = order_by_grey(labels, grey(pixels))
    firsts = np.unique(regions, return_index=True)[1]
    return regions, tuple(model.card.names[phase] for phase in labels.ravel()[firsts])


def model_table(names: Sequence[str], phases: Phases) -> NameTable:
    """Names of a model's phases as those of a project; None for a phase that it does not have.

    Case does not matter.
    """
    known = {phase.name.casefold(): phase.index for phase in phases.phases}
    return make_table([known.get(name.casefold()) for name in names], "model")


@functools.lru_cache(maxsize=2)
def _loaded(path: Path, sha256: str, threads: int) -> Model:
    model = load_model(path, threads=threads)
    if model.sha256 != sha256:
        raise PremaskError(f"{path} changed while it was used; run the command again")
    return model


def strangers(method: str, parameters: Parameters, phases: Phases) -> list[str]:
    """The phases of a model, at ``model:PATH``, that a project does not have."""
    path = find_model(model_path(method))
    card = _loaded(path.absolute(), parameters.options[SHA256], 1).card
    known = {name.casefold() for name in phases.names}
    return [name for name in card.names if name.casefold() not in known]
