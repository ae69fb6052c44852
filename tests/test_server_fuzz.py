"""The API, fuzzed from its own description: whatever comes, it never fails inside."""

from __future__ import annotations

from pathlib import Path

import schemathesis
from hypothesis import HealthCheck, given, settings

from helpers import write_images
from premask.core.phases import make_phases
from premask.project.project import init_project
from premask.project.sessions import add_annotator
from premask.project.settings import Settings
from premask.server.app import create_app
from premask.workflow.add import add_images
from premask.workflow.preannotate import preannotate

HEADERS = {"X-Premask-Annotator": "ana", "Host": "127.0.0.1"}


def test_no_request_makes_the_server_fail(tmp_path: Path) -> None:
    project = init_project(tmp_path / "project", Settings(make_phases(["A", "B", "C"])))
    add_images(project, write_images(tmp_path / "in", 1), crop_bottom=0)
    preannotate(project, methods=["multi-otsu"], n_regions=3, jobs=1)
    add_annotator(project, "ana")
    app = create_app(project)
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, headers=HEADERS)
    fuzzed = 0
    for operation in schema.get_all_operations():

        @given(case=operation.ok().as_strategy())
        @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
        def fuzz(case: schemathesis.Case) -> None:
            response = case.call(headers=HEADERS)
            assert response.status_code < 500, response.text

        fuzz()
        fuzzed += 1
    assert fuzzed > 15, "every route is in the description"
