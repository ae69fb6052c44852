"""The report's plots, as SVG that stands in the page: text stays text, on paper too."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from premask.core.sessions import STRATEGIES
from premask.evaluate.dataset import Classes
from premask.evaluate.effort import ImageMinutes
from premask.evaluate.learning_curve import LearningCurve

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.transforms import Transform

SPOKEN = {"scratch": "from scratch", "preannotated": "pre-annotated"}
COLOURS = {"scratch": "#5c6866", "preannotated": "#00616b"}
MARKERS = {"scratch": "o", "preannotated": "s"}
BINS = 20


def minutes_plot(images: Sequence[ImageMinutes]) -> str:
    """Both strategies' minutes of every image, a line from one to the other."""

    def draw(axes: Axes) -> None:
        ordered = sorted(images, key=lambda one: (one.type, one.scratch))
        x = np.arange(len(ordered))
        scratch, repaired = ([getattr(one, strategy) for one in ordered] for strategy in STRATEGIES)
        axes.vlines(x, scratch, repaired, color="#c3cbc8", zorder=1)
        for strategy, minutes in zip(STRATEGIES, (scratch, repaired), strict=True):
            axes.scatter(
                x,
                minutes,
                s=18,
                c=COLOURS[strategy],
                marker=MARKERS[strategy],
                label=SPOKEN[strategy],
                zorder=2,
            )
        types = [one.type for one in ordered]
        for type_ in dict.fromkeys(types):
            own = [i for i, other in enumerate(types) if other == type_]
            axes.axvline(own[0] - 0.5, color="#d8dedb", linewidth=0.8)
            axes.text(
                float(np.mean(own)), 1.01, f"type {type_}", ha="center", transform=_above(axes)
            )
        axes.set_xticks([])
        axes.set_xlabel("images, by type and minutes from scratch")
        axes.set_ylabel("minutes")
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False)

    return _svg("minutes", draw)


def learning_plot(curve: LearningCurve) -> str:
    """Median minutes by the order of an annotator's sessions."""

    def draw(axes: Axes) -> None:
        for strategy in STRATEGIES:
            # Everybody's own course, faintly, under the median.
            for person in curve.people.values() if len(curve.people) > 1 else ():
                points = [one for one in person.points if one.strategy == strategy]
                axes.plot(
                    [one.order for one in points],
                    [one.median for one in points],
                    color=COLOURS[strategy],
                    linewidth=0.5,
                    alpha=0.35,
                )
            points = [one for one in curve.points if one.strategy == strategy]
            axes.plot(
                [one.order for one in points],
                [one.median for one in points],
                MARKERS[strategy] + "-",
                color=COLOURS[strategy],
                markersize=4,
                linewidth=0.8,
                label=SPOKEN[strategy],
            )
        axes.set_xlabel("session of an annotator, in the order of work")
        axes.set_ylabel("minutes, median over annotators" if len(curve.people) > 1 else "minutes")
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False)

    return _svg("learning", draw)


def curves_plot(
    name: str,
    epochs: Sequence[int],
    curves: Mapping[str, Sequence[float | None]],
    colours: Mapping[str, str] | None = None,
) -> str:
    """Curves over the epochs of a training run; None where a value is undefined.

    Parameters
    ----------
    name : str
        Of the axis; tells the plots of a page apart.
    """
    from matplotlib.ticker import MaxNLocator

    def draw(axes: Axes) -> None:
        lines: list[Artist] = []
        for label, values in curves.items():
            defined = [np.nan if value is None else value for value in values]
            colour = (colours or {}).get(label, COLOURS["preannotated"])
            marker = "o" if len(epochs) < 30 else ""
            lines += axes.plot(epochs, defined, marker=marker, markersize=3, color=colour)
        axes.set_xlabel("epoch")
        axes.set_ylabel(name)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        if len(curves) > 1:
            _legend(axes, lines, list(curves))

    return _svg(f"curves {name}", draw)


def share_histograms(found: Classes, phases: Sequence[tuple[str, str]], name: str) -> str:
    """How many images have which share of each phase (Figure 3).

    Parameters
    ----------
    found : Classes
        Of one type.
    phases : sequence of (str, str)
        Name and colour.
    name : str
        Tells the plots of a page apart.
    """
    from matplotlib.ticker import MaxNLocator

    def draw(axes: Axes) -> None:
        edges = np.linspace(0, 100, BINS + 1)
        counts = found.histogram(BINS)
        bottom = np.zeros(BINS)
        bars: list[Artist] = []
        for i in found.present:
            colour = phases[i][1]
            bars += axes.bar(
                edges[:-1],
                counts[i],
                100 / BINS,
                bottom,
                align="edge",
                color=colour,
                edgecolor="#16201f",
                linewidth=0.4,
            )[:1]
            bottom += counts[i]
        axes.set_xlim(0, 100)
        axes.set_xlabel("share of the phase in an image, %")
        axes.set_ylabel("images")
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        _legend(axes, bars, [phases[i][0] for i in found.present])

    return _svg(f"histogram {name}", draw)


def _legend(axes: Axes, handles: Sequence[Artist], names: Sequence[str]) -> None:
    """A legend of names as they are; matplotlib leaves out those that begin with a ``_``."""
    legend = axes.legend(handles, [str(i) for i in range(len(names))], frameon=False)
    for text, name in zip(legend.get_texts(), names, strict=True):
        text.set_text(name)


def _above(axes: Axes) -> Transform:
    return axes.get_xaxis_transform()


def _svg(name: str, draw: Callable[[Axes], None]) -> str:
    return svg_figure(name, (7.2, 3.2), lambda figure: draw(figure.subplots()))


def svg_figure(name: str, size: tuple[float, float], draw: Callable[[Figure], None]) -> str:
    """A figure without a display and without the time of its making: same input, same bytes.

    Parameters
    ----------
    name : str
        Tells the figures of a page apart.
    size : (float, float)
        Width and height in inches.
    draw : callable
        Puts axes into the figure.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    settings: dict[Any, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": name,
        "font.size": 9,
        "font.family": "sans-serif",
        "text.parse_math": False,  # a name may have two dollar signs
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    with mpl.rc_context(settings), warnings.catch_warnings():
        # the page's font draws the text, not the one that its size is estimated with
        warnings.filterwarnings("ignore", "Glyph .* missing")
        figure = Figure(figsize=size, layout="constrained")
        draw(figure)
        stream = io.StringIO()
        figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None})
    text = stream.getvalue()
    return text[text.index("<svg") :]
