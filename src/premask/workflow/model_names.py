"""One name for each trained model in a project, by its content, however its path is written."""

from __future__ import annotations

from pathlib import Path

from premask.core.errors import PremaskError
from premask.deploy.predictor import find_model
from premask.io.pins import checksum
from premask.project.candidates import methods_made
from premask.project.project import Project
from premask.workflow.model_method import SHA256, is_model, model_path


def names_of_models(project: Project) -> dict[str, str]:
    """The name of each model that has made candidates, by its SHA-256: that of its first one."""
    names: dict[str, str] = {}
    for method, options in methods_made(project):
        if is_model(method) and SHA256 in options:
            names.setdefault(str(options[SHA256]), method)
    return names


def known_name(project: Project, method: str) -> str:
    """The name under which a project knows a model: ``model:run`` for ``model:/data/run``.

    Parameters
    ----------
    method : str
        Another method's name is given back, and so is that of a model that is not known or is
        not there.

    Notes
    -----
    The same content is the same model. So is the same file with another content, as ever: its new
    candidates stand beside the old ones under one name.
    """
    if not is_model(method):
        return method
    names = names_of_models(project)
    if method in names.values():
        return method
    try:
        path = find_model(model_path(method))
    except PremaskError:
        return method  # whoever needs the file says so
    if (sha256 := checksum(path)) in names:
        return names[sha256]
    file = path.resolve()
    return next((name for name in names.values() if _file(name) == file), method)


def _file(method: str) -> Path | None:
    try:
        return find_model(model_path(method)).resolve()
    except PremaskError:
        return None
