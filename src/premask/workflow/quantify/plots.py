"""Plots of a microstructure's numbers: fractions of every field, histograms of particles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from premask.quantify.over_fields import OverFields
from premask.workflow.report.plots import svg_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#16201f"
FEWEST_BINS, MOST_BINS = 6, 24

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Histogram:
    """One panel: what is counted, and how it is drawn.

    Attributes
    ----------
    label : str
        With its unit.
    values : ndarray of float64, shape (n,)
    weights : ndarray of float64, shape (n,)
        How many particles each one stands for.
    logarithmic : bool
        Sizes span decades; shapes do not.
    """

    label: str
    values: Floats
    weights: Floats
    logarithmic: bool = False


def fractions_plot(
    name: str,
    phases: Sequence[tuple[str, str]],
    fields: Floats,
    found: Sequence[OverFields],
) -> str:
    """The area fraction of every field, with mean and 95 % interval.

    Parameters
    ----------
    name : str
        Of the specimen; tells the plots of a page apart.
    phases : sequence of (str, str)
        Names and colours.
    fields : ndarray of float64, shape (n_fields, n_phases)
    found : sequence of OverFields
        One for each phase.
    """

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        for row, ((_, colour), one) in enumerate(zip(phases, found, strict=True)):
            shares = 100 * fields[:, row]
            axes.scatter(shares, np.full(len(shares), row), s=20, c=colour, alpha=0.45, linewidth=0)
            interval = 0 if math.isnan(one.ci95) else 100 * one.ci95
            axes.errorbar(
                100 * one.mean,
                row - 0.3,
                xerr=interval,
                fmt="|",
                color=INK,
                capsize=3,
                markersize=9,
                elinewidth=1.2,
            )
        names = [phase for phase, _ in phases]
        axes.set_yticks(range(len(phases)), names, parse_math=False)  # a $ in a name is a $
        axes.set_ylim(len(phases) - 0.5, -0.7)
        axes.set_xlim(left=0)
        axes.grid(axis="x", color="#e4e9e7", linewidth=0.7)
        axes.set_axisbelow(True)
        axes.set_xlabel("area fraction of a field, %; bar: mean and 95 % interval")

    return svg_figure(f"fractions {name}", (7.2, 0.9 + 0.42 * len(phases)), draw)


def histograms(name: str, colour: str, panels: Sequence[Histogram]) -> str:
    """Histograms of one phase, side by side, each with its median.

    Parameters
    ----------
    name : str
        Of the phase and the specimen; tells the plots of a page apart.
    colour : str
        ``#rrggbb``.
    panels : sequence of Histogram
    """

    def draw(figure: Figure) -> None:
        row = figure.subplots(1, len(panels), squeeze=False)[0]
        for axes, panel in zip(row, panels, strict=True):
            _panel(axes, panel, colour)
        row[0].set_ylabel("particles")

    return svg_figure(f"histograms {name}", (2.5 * len(panels), 2.0), draw)


def bin_edges(values: Floats, *, logarithmic: bool) -> Floats:
    """Edges of bins from the smallest to the largest value; the more values, the more bins.

    Examples
    --------
    >>> bin_edges(np.array([1.0, 10.0, 100.0]), logarithmic=True).round(1).tolist()
    [1.0, 2.2, 4.6, 10.0, 21.5, 46.4, 100.0]
    """
    n = min(max(round(2 * len(values) ** (1 / 3)), FEWEST_BINS), MOST_BINS)
    low, high = float(values.min()), float(values.max())
    if low == high:
        return np.array([0.9 * low, 1.1 * high]) if low else np.array([-0.5, 0.5])
    edges = np.geomspace(low, high, n + 1) if logarithmic else np.linspace(low, high, n + 1)
    edges[-1] = high  # geomspace may end one rounding below
    return edges


def _panel(axes: Axes, panel: Histogram, colour: str) -> None:
    from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

    told = ~np.isnan(panel.values)
    values, weights = panel.values[told], panel.weights[told]
    axes.set_xlabel(panel.label)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    if not len(values):
        axes.text(0.5, 0.5, "none", ha="center", va="center", transform=axes.transAxes)
        axes.set_xticks([])
        axes.set_yticks([])
        return
    edges = bin_edges(values, logarithmic=panel.logarithmic)
    axes.hist(values, edges.tolist(), weights=weights, color=colour, edgecolor=INK, linewidth=0.4)
    order = np.argsort(values)
    half = np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2)
    axes.axvline(float(values[order][half]), color=INK, linewidth=1, linestyle=(0, (3, 2)))
    if panel.logarithmic and edges[-1] / edges[0] > 3:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.tick_params(axis="x", labelsize=8)
