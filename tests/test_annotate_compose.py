"""What a choice begins with; the page shows the same before it is begun."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

import numpy as np
import pytest

from premask.core.origins import ORIGINS
from premask.core.phases import make_phases
from premask.workflow import annotate
from premask.workflow.annotate import Choice, compose

MAPS = {
    1: np.array([[0, 0, 1, 1, 2, 255]], np.uint8),
    2: np.array([[1, 0, 0, 1, 255, 1]], np.uint8),
    3: np.array([[2, 0, 1, 2, 2, 0]], np.uint8),
}


# The same cases are in frontend/src/core/compose.test.ts.
@pytest.mark.parametrize(
    ("phases", "expected", "sources"),
    [
        ({1: 2}, [1, 0, 0, 1, 2, 1], "cccccc"),
        ({2: 3, 1: 2}, [2, 0, 0, 2, 2, 1], "mccmmc"),
        ({}, [0, 0, 1, 1, 2, 255], "ccccc-"),
    ],
)
def test_a_phase_is_there_exactly_where_its_candidate_has_it(
    monkeypatch: pytest.MonkeyPatch, phases: Mapping[int, int], expected: list[int], sources: str
) -> None:
    known = [
        SimpleNamespace(id=number, parameters=SimpleNamespace(method=method))
        for number, method in {1: "kmeans", 2: "cnn", 3: "model:steel"}.items()
    ]
    monkeypatch.setattr(annotate, "all_candidates", lambda *_: known)
    monkeypatch.setattr(annotate, "_named", lambda _project, _known, number, _image: MAPS[number])
    project = SimpleNamespace(phases=make_phases(["A", "B", "C"]))
    labels, origins = compose(project, None, Choice(1, phases))  # type: ignore[arg-type]
    assert labels.tolist() == [expected]
    codes = {"c": ORIGINS["candidate"], "m": ORIGINS["model"], "-": ORIGINS["none"]}
    assert origins.tolist() == [[codes[one] for one in sources]], "who proposed each pixel"
