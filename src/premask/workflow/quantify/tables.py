"""The numbers of a microstructure as tables: per specimen, and per image."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from premask.quantify.over_fields import OverFields
from premask.quantify.pooled import SHAPE_PX
from premask.quantify.summary import PhaseNumbers
from premask.workflow.quantify.measure import Quantified
from premask.workflow.tables import Cell, Column, Table

FRACTION_NOTES = (
    "Mean, SD and 95 % interval (Student's t) over the fields, each counting once; a field is an"
    " image that is not wholly void. RA: the interval as a share of the mean (ASTM E562, E1245)."
    " Pooled: all labelled pixels together."
)
IMAGE_NOTE = (
    "± 95 %: over equal parts of the image, {parts} x {parts} of them. It tells how even the image"
    " is, and says nothing of the specimen's other fields."
)
LINES_NOTE = (
    "Means and ± 95 %: over the fields; along rows and columns: all fields together. S_V = 2 P_L:"
    " boundary of the phase per volume. Mean free path: (1 - L_L) / N_L, between particles of the"
    " phase. Structures with a direction need sections and lines in several."
)
CONTACTS_NOTE = "Share of a phase's interfaces that it has with each other phase."
INTERFACES_NOTE = (
    "S_V = 2 P_L of each pair of phases: mean over the fields of their interface per volume"
    " (1/µm = 1000 mm²/mm³)."
)
NO_GRAINS_NOTE = (
    "Contiguity, the share of its grains' surface that a phase has with its own grains, needs the"
    " boundaries between grains of one phase. A label map of phases has none; --instances gives"
    " them."
)
GRAINS_NOTE = (
    "With itself: the boundaries between grains of the phase. Contiguity: 2 N_aa / (2 N_aa + N_ab),"
    " the share of its grains' surface that a phase has with its own grains; ± 95 %: over the"
    " fields; pooled: all fields together."
)
SIZE_NOTE = (
    "Diameter: of the circle of the same area; 10, 50, 90 %: so many of the particles are smaller."
)
SHAPE_NOTE = (
    f"Shapes: of the counted particles of {SHAPE_PX} px and more, as fewer pixels have none. Aspect"
    " ratio: of the ellipse with the same moments. Circularity: 4 pi area / perimeter²."
)
RANDOM_NOTE = (
    "At random: mean distance of as many points strewn over the image (Donnelly's correction for"
    " the edge); ratio: measured by random, above 1 ordered, below 1 clustered."
)


def specimen_tables(found: Quantified) -> list[Table]:
    """All tables of the specimens."""
    return [
        fractions_table(found),
        sizes_table(found),
        shapes_table(found),
        lines_table(found),
        interfaces_table(found),
        contacts_table(found),
    ]


def fractions_table(found: Quantified) -> Table:
    """Area fraction of each phase with its interval over fields (ASTM E562, E1245)."""
    columns = (
        Column("Specimen"),
        Column("Phase"),
        Column("Fields (images)", 0),
        Column("Area %", 2),
        Column("SD %", 2),
        Column("± 95 %", 2),
        Column("RA %", 1),
        Column("Pooled %", 2),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            specimen,
            phase,
            one.fraction.n,
            100 * one.fraction.mean,
            100 * one.fraction.std,
            100 * one.fraction.ci95,
            one.fraction.relative_accuracy,
            100 * one.pooled,
        )
        for specimen, phase, one in _rows(found)
    ]
    return Table("Area fractions", columns, tuple(rows), (FRACTION_NOTES,))


def sizes_table(found: Quantified) -> Table:
    """Number and sizes of the particles."""
    unit = found.unit
    rows: list[tuple[Cell, ...]] = []
    for specimen, phase, one in _rows(found, with_particles=True):
        diameter = one.sizes["equivalent_diameter"]
        rows.append(
            (
                specimen,
                phase,
                one.number,
                one.border,
                one.small,
                one.number_per_area.mean,
                diameter.mean,
                diameter.std,
                *(diameter.percentiles[i] for i in (0, 2, 4)),
                one.sizes["feret_max"].mean,
                one.sizes["feret_min"].mean,
            )
        )
    names = (
        "Particles",
        "At border",
        "Too small",
        f"per {found.area_unit}",
        f"Diameter {unit}",
        "SD",
        "10 %",
        "50 %",
        "90 %",
        f"Feret max {unit}",
        f"Feret min {unit}",
    )
    return Table(
        "Particles: number and size",
        _columns(names, rows, dict.fromkeys((2, 3, 4), 0), [range(6, 13)]),
        tuple(rows),
        (SIZE_NOTE,),
    )


def shapes_table(found: Quantified) -> Table:
    """Shapes of the particles, and how far they lie apart."""
    rows: list[tuple[Cell, ...]] = []
    for specimen, phase, one in _rows(found, with_particles=True):
        ratio, circularity = one.sizes["aspect_ratio"], one.sizes["circularity"]
        rows.append(
            (
                specimen,
                phase,
                circularity.n,
                ratio.mean,
                ratio.median,
                circularity.mean,
                circularity.median,
                one.nearest_neighbour.mean,
                one.at_random,
                one.clustering,
            )
        )
    names = (
        "Of them",
        "Aspect ratio",
        "Aspect median",
        "Circularity",
        "Circularity median",
        f"Nearest neighbour {found.unit}",
        "At random",
        "Ratio",
    )
    columns = _columns(names, rows, {2: 0, 9: 2}, [range(3, 5), range(5, 7), range(7, 9)])
    return Table("Particles: shape and distance", columns, tuple(rows), (SHAPE_NOTE, RANDOM_NOTE))


def lines_table(found: Quantified) -> Table:
    """Mean intercepts, boundary per volume, mean free path."""
    unit = found.unit
    rows: list[tuple[Cell, ...]] = [
        (
            specimen,
            phase,
            one.mean_intercept.mean,
            one.mean_intercept.ci95,
            *one.intercept_by_direction,
            *_mean_and_interval(one.surface_per_volume),
            *_mean_and_interval(one.mean_free_path),
        )
        for specimen, phase, one in _rows(found, with_particles=True)
    ]
    names = (
        f"Intercept {unit}, mean of fields",
        "± 95 %",
        "Along rows",
        "Along columns",
        f"S_V 1/{unit}, mean of fields",
        "S_V ± 95 %",
        f"Free path {unit}, mean of fields",
        "Path ± 95 %",
    )
    columns = _columns(names, rows, {}, [range(2, 6), range(6, 8), range(8, 10)])
    return Table("Intercepts and boundaries", columns, tuple(rows), (LINES_NOTE,))


def interfaces_table(found: Quantified) -> Table:
    """Interface of each pair of phases; the contiguity where grains are known."""
    known = any(one.contiguity.n for _, _, one in _rows(found, with_particles=True))
    own = ("Contiguity", "± 95 %", "Pooled") if known else ()
    rows: list[tuple[Cell, ...]] = []
    for specimen, phase, one in _rows(found, with_particles=True):
        areas = [other.mean if other.n else None for other in one.interfaces]
        contiguity = (*_mean_and_interval(one.contiguity), one.pooled_contiguity)
        rows.append((specimen, phase, *areas, *(contiguity if known else ())))
    names = [f"with {name} 1/{found.unit}" for name in found.names]
    areas_end = 2 + len(names)
    columns = _columns(
        [*names, *own],
        rows,
        dict.fromkeys(range(areas_end, areas_end + len(own)), 3),
        [range(2, areas_end)],
    )
    notes = (INTERFACES_NOTE, GRAINS_NOTE if known else NO_GRAINS_NOTE)
    return Table("Interfaces of the phases: S_V, mean of fields", columns, tuple(rows), notes)


def contacts_table(found: Quantified) -> Table:
    """Which phase touches which."""
    rows: list[tuple[Cell, ...]] = [
        (specimen, phase, *(None if name == phase else 100 * share for name, share in shares))
        for specimen, phase, one in _rows(found, with_particles=True)
        for shares in [list(zip(found.names, one.contacts.tolist(), strict=True))]
    ]
    columns = (
        Column("Specimen"),
        Column("Phase"),
        *(Column(f"with {name} %", 1) for name in found.names),
    )
    return Table("Contacts of the phases", columns, tuple(rows), (CONTACTS_NOTE,))


def images_table(found: Quantified) -> Table:
    """The main figures of every image."""
    rows: list[tuple[Cell, ...]] = [
        (
            image.name,
            phase,
            100 * one.pooled,
            100 * one.fraction.ci95,
            one.number,
            one.border,
            one.number_per_area.mean,
            one.sizes["equivalent_diameter"].mean,
            one.sizes["feret_max"].mean,
            one.mean_intercept.mean,
        )
        for image in found.images
        for phase, one in zip(found.names, image.numbers, strict=True)
    ]
    unit = found.unit
    names = (
        "Area %",
        "± 95 %",
        "Particles",
        "At border",
        f"per {found.area_unit}",
        f"Diameter {unit}",
        f"Feret max {unit}",
        f"Mean intercept {unit}",
    )
    columns = _columns(names, rows, {2: 2, 3: 2, 4: 0, 5: 0}, [range(7, 9)])
    parts = found.settings.parts
    notes = (IMAGE_NOTE.format(parts=parts),) if parts > 1 else ()
    return Table("Every image", (Column("Image"), *columns[1:]), tuple(rows), notes)


def _rows(
    found: Quantified, *, with_particles: bool = False
) -> Iterator[tuple[str, str, PhaseNumbers]]:
    for specimen in found.specimens:
        for phase, one in zip(found.names, specimen.numbers, strict=True):
            if one.number or one.small or not with_particles:
                yield specimen.name, phase, one


def _mean_and_interval(found: OverFields) -> tuple[float, float]:
    return found.mean, found.ci95


def _columns(
    names: Sequence[str],
    rows: Sequence[tuple[Cell, ...]],
    fixed: dict[int, int],
    alike: Sequence[range] = (),
) -> tuple[Column, ...]:
    """Specimen, phase and figures.

    Parameters
    ----------
    names : sequence of str
        Headings of the figures.
    rows : sequence of tuple
        Their numbers decide on the decimals.
    fixed : dict of int to int
        Decimals of the columns that have a fixed number of them.
    alike : sequence of range
        Columns that have the decimals of the first among them.
    """
    first = {i: group[0] for group in alike for i in group}
    return (
        Column("Specimen"),
        Column("Phase"),
        *(
            Column(name, fixed.get(i, decimals([row[first.get(i, i)] for row in rows])))
            for i, name in enumerate(names, 2)
        ),
    )


def decimals(cells: Sequence[Cell]) -> int:
    """Decimals that give the middle one of some numbers three digits that count; at most 6.

    Examples
    --------
    >>> decimals([12.345, 1.2, 150.0]), decimals([0.0321]), decimals([4000.0]), decimals([None])
    (1, 4, 0, 2)
    """
    sizes = sorted(
        abs(cell) for cell in cells if isinstance(cell, float) and cell and math.isfinite(cell)
    )
    if not sizes:
        return 2
    return min(max(2 - math.floor(math.log10(sizes[len(sizes) // 2])), 0), 6)
