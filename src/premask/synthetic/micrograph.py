"""Synthetic micrographs with an exact truth, for the demo and the tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError, nearest
from premask.synthetic.appearance import photographed, reflected
from premask.synthetic.bar import BAR_HEIGHT, information_bar
from premask.synthetic.structure import RECIPES, build

KINDS = tuple(RECIPES)
SMALLEST = 64
LARGEST = 16384


@dataclass(frozen=True)
class SyntheticMicrograph:
    """A micrograph that premask made, and what is in it.

    Attributes
    ----------
    image : ndarray of uint8, shape (H + bar, W)
        With the information bar at the bottom where one was asked for.
    truth : ndarray of uint8, shape (H, W)
        Indices into :data:`premask.synthetic.PHASES`, exact to the pixel; no void.
    um_per_px : float
        Scale in µm per px.
    kind : str
        The processing type, ``"I"``, ``"II"`` or ``"III"``.
    bar : int
        Height of the information bar in px, 0 for none.
    """

    image: NDArray[np.uint8]
    truth: NDArray[np.uint8]
    um_per_px: float
    kind: str
    bar: int = 0


def synthesize(
    kind: str, *, seed: int = 0, shape: tuple[int, int] = (959, 1280), with_bar: bool = False
) -> SyntheticMicrograph:
    """Make a micrograph of a boride steel with the phases of the paper's Table 3.

    Parameters
    ----------
    kind : {"I", "II", "III"}
        The processing type: ferrite with lamellar FeTiB, with TiB2 alone, or with a
        network of Fe2B. All three have TiB2 crystals, some with TiN inside.
    seed : int
        Same kind, seed and shape: same bytes.
    shape : tuple of int
        (H, W) in px, 64 to 16384 each. Grains and particles keep their size in px; the
        shares of Table 4 are met from about 400x400 px.
    with_bar : bool
        Add an opaque bar of 65 px with a scale bar below the image, as SEM software does.

    Returns
    -------
    SyntheticMicrograph

    Raises
    ------
    PremaskError
        For an unknown kind, or a shape or a seed out of range.

    Examples
    --------
    >>> made = synthesize("II", seed=3, shape=(96, 128))
    >>> made.image.shape, made.truth.dtype.name, made.kind
    ((96, 128), 'uint8', 'II')
    """
    if kind not in RECIPES:
        raise PremaskError(
            f"no kind {kind!r} of synthetic micrograph; {', '.join(KINDS)} are accepted"
            f"{nearest(kind, KINDS)}"
        )
    if len(shape) != 2 or not all(SMALLEST <= side <= LARGEST for side in shape):
        raise PremaskError(
            f"a synthetic micrograph of shape {shape} cannot be made;"
            f" (height, width) of {SMALLEST} to {LARGEST} px is accepted"
        )
    if seed < 0:
        raise PremaskError(f"the seed is {seed}; a whole number from 0 is accepted")
    # The kind takes part in the seed: the three types of one seed are three places.
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    um_per_px = round(float(rng.choice([0.05, 0.08, 0.1, 0.12])), 3)
    structure = build(RECIPES[kind], rng, shape)
    image = photographed(reflected(structure, rng), rng)
    if with_bar:
        text = f"15.0 kV   WD 9.8 mm   BSE   type {kind}"
        image = np.vstack([image, information_bar(shape[1], um_per_px, text)])
    return SyntheticMicrograph(
        image, structure.truth, um_per_px, kind, BAR_HEIGHT if with_bar else 0
    )
