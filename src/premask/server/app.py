"""The server: one project, its routes, and the built front end."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles

from premask import __version__
from premask.core.errors import DiskFullError, PremaskError
from premask.io.files import is_full
from premask.project.project import Project
from premask.project.sessions import ConflictError
from premask.server import (
    candidates,
    consensus,
    images,
    reviews,
    sessions,
    settings,
    study,
    verify,
)
from premask.server.security import guard

STATIC = Path(__file__).parent / "static"


def create_app(project: Project | None, *, token: str | None = None) -> FastAPI:
    """The application of a project (of none, to describe the routes).

    Parameters
    ----------
    token : str, optional
        Needed by every request where other machines can reach the server.
    """
    app = FastAPI(title="premask", version=__version__, docs_url=None, redoc_url=None)
    app.state.project = project
    app.middleware("http")(guard(token))
    app.add_exception_handler(PremaskError, _refused)
    app.add_exception_handler(ConflictError, _conflict)
    app.add_exception_handler(DiskFullError, _full)
    app.add_exception_handler(OSError, _system)
    for routes in (
        images.router,
        candidates.router,
        sessions.router,
        reviews.router,
        consensus.router,
        settings.router,
        study.router,
        verify.router,
    ):
        app.include_router(routes, prefix="/api")
    if STATIC.is_dir():
        app.mount("/", StaticFiles(directory=STATIC, html=True), name="page")
    return app


async def _refused(_request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, status_code=400)


async def _full(request: Request, _error: Exception) -> JSONResponse:
    project: Project = request.app.state.project
    line = (
        f"the disk of {project.root} is full: make room;"
        " what you draw is kept in this browser until then"
    )
    return JSONResponse({"detail": line}, status_code=507)


async def _system(request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, OSError) and is_full(error):
        return await _full(request, error)
    raise error


async def _conflict(_request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, status_code=409)
