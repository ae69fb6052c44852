"""The list of methods and what every one of them promises."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from importlib.metadata import EntryPoint
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import premask
from helpers import small_micrograph
from premask.core.errors import PremaskError
from premask.preannotators import methods

RUNNABLE = [name for name in methods.METHODS if methods.not_ready(name, {}) is None]


def test_the_methods_of_the_paper_are_there() -> None:
    assert premask.methods()[:6] == [
        "multi-otsu", "superpixels", "kmeans", "cnn", "sam", "texture",
    ]  # fmt: skip


@pytest.mark.parametrize("name", RUNNABLE)
@pytest.mark.parametrize("kind", ["grey8", "grey16", "rgb8", "float"])
def test_every_method_keeps_the_contract(name: str, kind: str) -> None:
    grey = small_micrograph(1)
    image: NDArray[Any] = {
        "grey8": grey,
        "grey16": grey.astype(np.uint16) * 200 + 31,
        "rgb8": np.dstack([grey, 255 - grey, grey // 2]),
        "float": grey.astype(np.float32) / 255,
    }[kind]
    regions = premask.preannotate(image, name, 3, seed=5)
    assert regions.dtype == np.uint8
    assert regions.shape == grey.shape
    assert set(np.unique(regions)) <= {0, 1, 2}
    assert len(np.unique(regions)) >= 2
    levels = image.mean(axis=2) if image.ndim == 3 else image
    if kind != "rgb8":  # luma and the plain mean may order colours differently
        means = [float(levels[regions == i].mean()) for i in np.unique(regions)]
        assert means == sorted(means)
    np.testing.assert_array_equal(regions, premask.preannotate(image, name, 3, seed=5))


@pytest.mark.parametrize("name", RUNNABLE)
@pytest.mark.parametrize(
    "image",
    [np.full((40, 40), 3, np.uint8), np.full((40, 40, 3), 3, np.uint8), np.zeros((0, 4), np.uint8),
     np.zeros((4, 4, 5), np.uint8), np.full((8, 8), np.nan), np.array([["a", "b"]])],
    ids=["constant", "constant-rgb", "empty", "five-channels", "nan", "text"],
)  # fmt: skip
def test_every_method_refuses_what_cannot_be_divided(name: str, image: NDArray[Any]) -> None:
    with pytest.raises(PremaskError):
        premask.preannotate(image, name, 2)


@pytest.mark.parametrize("name", RUNNABLE)
@pytest.mark.parametrize("shape", [(1, 2), (2, 2), (3, 5), (1, 40), (9, 9)])
def test_a_tiny_image_is_divided_or_refused(name: str, shape: tuple[int, int]) -> None:
    image = np.arange(shape[0] * shape[1], dtype=np.uint8).reshape(shape) * 3
    with contextlib.suppress(PremaskError):
        regions = premask.preannotate(image, name, 2)
        assert regions.shape == shape
        assert regions.max() <= 1


@pytest.mark.parametrize("n_classes", [1, 0, -3, 65, 2.5, "3", None, True])
def test_a_wrong_number_of_regions_is_refused(n_classes: Any) -> None:
    with pytest.raises(PremaskError, match="2 to"):
        premask.preannotate(small_micrograph(0), "kmeans", n_classes)


def test_an_unknown_method_gets_the_nearest_name() -> None:
    with pytest.raises(PremaskError, match="did you mean multi-otsu"):
        premask.preannotate(small_micrograph(0), "multiotsu", 3)


def test_an_unknown_option_gets_the_nearest_name() -> None:
    with pytest.raises(PremaskError, match="did you mean sigma"):
        premask.preannotate(small_micrograph(0), "multi-otsu", 3, sigm=1)


def thirds(
    image: NDArray[Any], n_classes: int, *, seed: int = 0, upside_down: bool = False
) -> NDArray[Any]:
    """A method of somebody else."""
    rows = np.arange(image.shape[0]) * n_classes // image.shape[0]
    labels = np.repeat(rows[:, None], image.shape[1], axis=1)
    return labels[::-1] if upside_down else labels


def test_a_method_of_another_package_is_found(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    point = EntryPoint("thirds", f"{__name__}:thirds", methods.ENTRY_POINTS)
    monkeypatch.setitem(sys.modules, __name__, sys.modules[thirds.__module__])
    monkeypatch.setattr(methods, "entry_points", lambda group: [point])
    methods.offered.cache_clear()
    request.addfinalizer(methods.offered.cache_clear)
    assert "thirds" in premask.methods()
    regions = premask.preannotate(small_micrograph(0), "thirds", 3, upside_down=True)
    assert len(np.unique(regions)) == 3


def test_a_method_that_breaks_the_contract_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = methods.Method("premask.core.micrograph:as_image", "returns the image")
    monkeypatch.setitem(methods.METHODS, "broken", broken)
    monkeypatch.setattr(methods, "options_of", lambda name: {})
    monkeypatch.setattr(methods, "load", lambda name: lambda image, n, seed: image[:4, :4])
    with pytest.raises(PremaskError, match="one label per pixel"):
        premask.preannotate(small_micrograph(0), "broken", 2)


def test_importing_premask_imports_nothing_heavy() -> None:
    heavy = ("torch", "numba", "cv2", "scipy", "numpy")
    code = f"import sys, premask; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom premask.cli.main import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit:\n    pass\n"
        "print([m for m in ('torch','numba','cv2','scipy','sqlalchemy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
