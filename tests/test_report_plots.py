"""The report's plots: names stand in them as they are."""

from __future__ import annotations

import re
from html import unescape

import numpy as np

from premask.evaluate.dataset import count_classes, dataset_classes
from premask.workflow.report.plots import curves_plot, share_histograms


def texts(svg: str) -> list[str]:
    """The words of a plot; mathematics would be torn into pieces of them."""
    return [unescape(one) for one in re.findall(r"<text[^>]*>([^<]*)</text>", svg)]


NAMES = ["$a$", "_b", "5 $", r"\$ and \alpha$^2$", "<&> %"]


def test_names_of_phases_are_no_mathematics() -> None:
    label_map = np.arange(20).reshape(4, 5) % len(NAMES)
    found = dataset_classes([count_classes(label_map, len(NAMES))], len(NAMES))
    phases = [(name, "#800080") for name in NAMES]
    words = texts(share_histograms(found, phases, "I"))
    assert [one for one in words if one in NAMES] == NAMES
    curves = {name: [0.5, 0.25] for name in NAMES}
    words = texts(curves_plot("Dice $x$", [1, 2], curves))
    assert [one for one in words if one in NAMES] == NAMES
    assert "Dice $x$" in words
