"""The numbers of a phase in a specimen: over its fields, and over the particles of all of them."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.quantify.distribution import Distribution, distribution
from premask.quantify.field import Field
from premask.quantify.fractions import fractions
from premask.quantify.neighbours import expected_at_random
from premask.quantify.over_fields import OverFields, over_fields
from premask.quantify.pooled import NEIGHBOUR, SHAPES, SIZES, pooled_particles


@dataclass(frozen=True, eq=False)
class PhaseNumbers:
    """What one phase of one image or specimen measures.

    Attributes
    ----------
    fraction : OverFields
        Area fraction; over the parts of an image, or over the images of a specimen.
    pooled : float
        Area fraction of all labelled pixels together.
    number, border, small : int
        Particles; of these, those at the border; pieces left out as too small.
    number_per_area : OverFields
        Per mm², or per 10⁶ px.
    sizes : dict of str to Distribution
        Sizes and shapes, of the particles that count; see :mod:`premask.quantify.pooled`.
    nearest_neighbour : Distribution
        Of all particles.
    at_random : float
        Its mean if as many points were strewn at random.
    mean_intercept, surface_per_volume, mean_free_path : OverFields
        Over fields that have the phase's boundary.
    intercept_by_direction : tuple of float
        Mean intercept along rows and along columns, all fields together.
    interfaces : list of OverFields
        Interface with each phase per volume, over fields that are not wholly void; with its
        own grains where the index is that of the phase.
    contacts : ndarray of float64, shape (n_phases,)
        Share of its interfaces that it has with each other phase, all fields together.
    contiguity : OverFields
        Share of its grains' surface that it has with its own grains; only where grains are
        known.
    pooled_contiguity : float
        The same of all fields together.
    """

    fraction: OverFields
    pooled: float
    number: int
    border: int
    small: int
    number_per_area: OverFields
    sizes: dict[str, Distribution]
    nearest_neighbour: Distribution
    at_random: float
    mean_intercept: OverFields
    surface_per_volume: OverFields
    mean_free_path: OverFields
    intercept_by_direction: tuple[float, float]
    interfaces: list[OverFields]
    contacts: NDArray[np.float64]
    contiguity: OverFields
    pooled_contiguity: float

    @property
    def counted(self) -> int:
        """Particles in the sizes and shapes."""
        return self.sizes["area"].n

    @property
    def clustering(self) -> float:
        """Mean distance to the nearest neighbour by that at random: 1 random, above: ordered."""
        return self.nearest_neighbour.mean / self.at_random

    def to_dict(self, names: Sequence[str]) -> dict[str, Any]:
        """As JSON; what is not told is None."""
        contacts = zip(names, self.contacts.tolist(), strict=True)
        along_rows, along_columns = self.intercept_by_direction
        return {
            "fraction": {**_estimate(self.fraction), "pooled": _told(self.pooled)},
            "number": self.number,
            "border": self.border,
            "counted": self.counted,
            "small": self.small,
            "number_per_area": _estimate(self.number_per_area),
            **{name: found.to_dict() for name, found in self.sizes.items()},
            "nearest_neighbour": {
                **self.nearest_neighbour.to_dict(),
                "at_random": _told(self.at_random),
                "clustering": _told(self.clustering),
            },
            "mean_intercept": {
                **_estimate(self.mean_intercept),
                "along_rows": _told(along_rows),
                "along_columns": _told(along_columns),
            },
            "surface_per_volume": _estimate(self.surface_per_volume),
            "mean_free_path": _estimate(self.mean_free_path),
            "interfaces": {
                name: _estimate(found)
                for name, found in zip(names, self.interfaces, strict=True)
                if found.n
            },
            "contacts": {name: _told(share) for name, share in contacts if not math.isnan(share)},
            "contiguity": {
                **_estimate(self.contiguity),
                "pooled": _told(self.pooled_contiguity),
            },
        }


def image_numbers(field: Field) -> list[PhaseNumbers]:
    """Every phase of one image.

    The fractions are those of all its pixels, their spread and interval those of its parts.
    """
    return [
        replace(one, fraction=replace(one.fraction, mean=one.pooled))
        for one in _numbers([field], field.parts)
    ]


def specimen_numbers(fields: Sequence[Field]) -> list[PhaseNumbers]:
    """Every phase of a specimen; each of its images is one field.

    Parameters
    ----------
    fields : sequence of Field
        At least one; all with the same phases, and all with or all without a scale. Fields
        that are wholly void do not count.

    Raises
    ------
    PremaskError
        For none, or where some are in µm and some in px.
    """
    if not fields:
        raise PremaskError("a specimen has no field; at least one label map is needed")
    if len({field.um_per_px is None for field in fields}) > 1:
        raise PremaskError(
            "some fields are in µm and some in px; give every one its scale, or none"
        )
    return _numbers(fields, np.array([field.fractions for field in fields]))


def _numbers(fields: Sequence[Field], shares: NDArray[np.float64]) -> list[PhaseNumbers]:
    pooled = fractions(np.sum([field.pixels for field in fields], axis=0))
    met = functools.reduce(operator.add, (field.lines for field in fields))
    areas = np.array([field.lines.interfaces for field in fields])
    return [
        PhaseNumbers(
            fraction=over_fields(shares[:, phase]),
            pooled=float(pooled[phase]),
            **_particles(fields, phase),
            number_per_area=over_fields([field.number_per_area[phase] for field in fields]),
            mean_intercept=over_fields([field.lines.mean_intercept[phase] for field in fields]),
            surface_per_volume=over_fields(
                [field.lines.surface_per_volume[phase] for field in fields]
            ),
            mean_free_path=over_fields([field.lines.mean_free_path[phase] for field in fields]),
            intercept_by_direction=tuple(met.mean_intercept_by_direction[:, phase].tolist()),
            interfaces=[over_fields(areas[:, phase, other]) for other in range(len(pooled))],
            contacts=met.contacts[phase],
            contiguity=over_fields([field.lines.contiguity[phase] for field in fields]),
            pooled_contiguity=float(met.contiguity[phase]),
        )
        for phase in range(len(pooled))
    ]


def _particles(fields: Sequence[Field], phase: int) -> dict[str, Any]:
    """What is told of a phase's particles in all fields together."""
    found = pooled_particles(fields, phase)
    numbers = [int(np.count_nonzero(field.particles.phase == phase)) for field in fields]
    expected = [
        (n, expected_at_random(n, field.window.area, field.window.perimeter))
        for n, field in zip(numbers, fields, strict=True)
        if n > 1
    ]
    points = sum(n for n, _ in expected)
    return {
        "number": len(found.weights),
        "border": int(found.particles.border.sum()),
        "small": int(sum(field.small[phase] for field in fields)),
        "sizes": {name: distribution(*found.described(name)) for name in (*SIZES, *SHAPES)},
        "nearest_neighbour": distribution(*found.described(NEIGHBOUR)),
        "at_random": sum(n * e for n, e in expected) / points if points else math.nan,
    }


def _estimate(found: OverFields) -> dict[str, float | int | None]:
    return {
        "n": found.n,
        "mean": _told(found.mean),
        "std": _told(found.std),
        "ci95": _told(found.ci95),
        "relative_accuracy": _told(found.relative_accuracy),
    }


def _told(value: float) -> float | None:
    return None if math.isnan(value) else value
