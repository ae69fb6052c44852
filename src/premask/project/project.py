"""A project: a folder with its settings, its database and its objects."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine

from premask.core.errors import PremaskError
from premask.core.phases import Phases
from premask.project import settings as settings_file
from premask.project.database import open_database
from premask.project.settings import Settings


@dataclass(frozen=True)
class Project:
    """An open project; the functions beside this file read and write it."""

    root: Path
    settings: Settings
    engine: Engine

    @property
    def phases(self) -> Phases:
        """The phases of the project."""
        return self.settings.phases


def init_project(root: Path, settings: Settings) -> Project:
    """Make a project in a new or existing folder.

    Raises
    ------
    PremaskError
        If there is a project already, or the folder cannot be made.
    """
    if (root / settings_file.FILE_NAME).exists():
        raise PremaskError(f"{root} is a premask project already; use it, or name another folder")
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PremaskError(f"the folder {root} cannot be made: {error.strerror}") from None
    settings_file.write(root, settings)
    return Project(root, settings, open_database(root))


def open_project(root: Path) -> Project:
    """Open a project.

    Raises
    ------
    PremaskError
        If the folder is no project, or was written by a newer premask.
    """
    settings = settings_file.read(root)
    return Project(root, settings, open_database(root))


def now() -> str:
    """The time in UTC, as it is stored."""
    return datetime.now(UTC).isoformat(timespec="seconds")
