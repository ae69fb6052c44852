"""The truth of a synthetic micrograph: which phase lies where, for each processing type."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from premask.synthetic.fields import (
    Field,
    Shape,
    border_distance,
    cells,
    lowest_share,
    smooth_noise,
)
from premask.synthetic.particles import inclusions, precipitates

PHASES = ("Alpha", "TiB2", "TiN", "FeTiB", "Fe2B")
ALPHA, TIB2, TIN, FETIB, FE2B = range(5)
INSIDE = {"TiN": ("TiB2",)}


@dataclass(frozen=True)
class Recipe:
    """What a processing type shows (paper, Tables 3 and 4), as shares of the image's area.

    Attributes
    ----------
    description : str
    eutectic : int or None
        Index of the phase that fills the space between the grains, None for none.
    eutectic_share, coarse_share, fine_share, tin_share : tuple of float
        Lowest and highest share of the eutectic phase, of coarse and of fine TiB2, of TiN.
    """

    description: str
    eutectic: int | None
    eutectic_share: tuple[float, float]
    coarse_share: tuple[float, float]
    fine_share: tuple[float, float]
    tin_share: tuple[float, float]

    @property
    def phases(self) -> tuple[str, ...]:
        """Names of the phases that the type shows."""
        shown = {ALPHA, TIB2, TIN, self.eutectic}
        return tuple(name for i, name in enumerate(PHASES) if i in shown)


RECIPES = {
    "I": Recipe(
        "ferrite grains, lamellar FeTiB between them, few TiB2 crystals with TiN",
        FETIB, (0.22, 0.29), (0.009, 0.016), (0.002, 0.004), (0.0003, 0.0007),
    ),
    "II": Recipe(
        "ferrite with many TiB2 crystals, coarse and fine, with TiN",
        None, (0.0, 0.0), (0.10, 0.14), (0.030, 0.055), (0.0020, 0.0040),
    ),
    "III": Recipe(
        "ferrite, a network of mottled Fe2B, TiB2 crystals with TiN",
        FE2B, (0.20, 0.28), (0.030, 0.045), (0.006, 0.012), (0.0012, 0.0025),
    ),
}  # fmt: skip
BY_TYPE = {kind: recipe.phases for kind, recipe in RECIPES.items()}


@dataclass(frozen=True)
class Structure:
    """A microstructure before the microscope sees it.

    Attributes
    ----------
    truth : ndarray of uint8, shape (H, W)
        Indices into :data:`PHASES`.
    grains, colonies, crystals : ndarray of int32, shape (H, W)
        Numbers of the ferrite grain, of the eutectic colony and of the TiB2 crystal (0:
        none) that a pixel belongs to.
    """

    truth: NDArray[np.uint8]
    grains: NDArray[np.int32]
    colonies: NDArray[np.int32]
    crystals: NDArray[np.int32]


def build(recipe: Recipe, rng: np.random.Generator, shape: Shape) -> Structure:
    """Lay out grains, the phase between them, precipitates and inclusions."""
    spacing = float(rng.uniform(95, 150))
    grains = cells(rng, shape, spacing)
    truth = np.full(shape, ALPHA, np.uint8)
    colonies = np.zeros(shape, np.int32)
    if recipe.eutectic is not None:
        colonies = cells(rng, shape, 70)
        field = (_pockets if recipe.eutectic == FETIB else _network)(rng, grains, spacing)
        share = float(rng.uniform(*recipe.eutectic_share))
        truth[lowest_share(field, share, np.ones(shape, bool))] = recipe.eutectic
    crystals = np.zeros(shape, np.int32)
    clouds = smooth_noise(rng, shape, 260) + np.float32(0.9)
    for share_range, radius, spread, aspect in (
        (recipe.coarse_share, 19.0, 0.40, 2.2),
        (recipe.fine_share, 5.0, 0.35, 5.0),
    ):
        crystals = precipitates(
            rng, shape, float(rng.uniform(*share_range)),
            radius=radius, spread=spread, aspect=aspect, taken=crystals, where=clouds,
        )  # fmt: skip
    truth[crystals > 0] = TIB2
    truth[inclusions(rng, crystals, float(rng.uniform(*recipe.tin_share)))] = TIN
    return Structure(truth, grains, colonies, crystals)


def _pockets(rng: np.random.Generator, grains: NDArray[np.int32], spacing: float) -> Field:
    """Low in wide pockets along some of the grain borders: the last melt to freeze."""
    shape = (grains.shape[0], grains.shape[1])
    reach = border_distance(grains) / np.float32(spacing * 0.16)
    return reach - np.float32(1.1) * smooth_noise(rng, shape, spacing * 1.3, octaves=4)


def _network(rng: np.random.Generator, grains: NDArray[np.int32], spacing: float) -> Field:
    """Low along a connected network between dendrite arms."""
    shape = (grains.shape[0], grains.shape[1])
    ridge = np.abs(smooth_noise(rng, shape, spacing * 0.9, octaves=3))
    ridge += np.float32(0.16) * smooth_noise(rng, shape, 14)
    field: Field = ridge
    return field
