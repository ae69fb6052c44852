"""Open a project's database: SQLite, several processes at once, schema steps."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError
from sqlalchemy.orm import Session

from premask.core.errors import DiskFullError, PremaskError

HEAD = "0008"
"""The newest step in ``migrations/versions``; a test holds the two together."""

FILE_NAME = "premask.db"
BUSY_SECONDS = 60
NETWORK_FILE_SYSTEMS = ("nfs", "cifs", "smb", "afs", "9p", "fuse.sshfs", "davfs")


def open_database(root: Path) -> Engine:
    """Open the database of a project, making or updating its tables where needed.

    Raises
    ------
    PremaskError
        If the file is no database, or was written by a newer premask.
    """
    path = root / FILE_NAME
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY_SECONDS})
    # WAL lets readers and a writer work side by side, but its shared memory does not
    # work across a network drive; the rollback journal does.
    journal = "DELETE" if on_network_drive(path) else "WAL"

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute(f"PRAGMA journal_mode = {journal}")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.close()

    with readable_errors(path):
        revision = _revision(engine)
        if revision is None:
            _upgrade(engine)
        elif revision > HEAD:
            raise PremaskError(
                f"{root} was written by a newer premask (schema {revision}; this one knows"
                f" {HEAD}); update premask, the project was left as it is"
            )
        elif revision < HEAD:
            _upgrade(engine)
    return engine


@contextlib.contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """All or nothing, with the database's errors in the user's words."""
    with (
        readable_errors(Path(str(engine.url.database))),
        Session(engine, expire_on_commit=False) as session,
        session.begin(),
    ):
        yield session


@contextlib.contextmanager
def readable_errors(path: Path) -> Iterator[None]:
    """Turn a database's errors into one line that says what to do."""
    try:
        yield
    except IntegrityError:
        raise  # the caller's own: two writers met on one row
    except OperationalError as error:
        reason = str(error.orig)
        if "locked" in reason:
            raise PremaskError(
                f"{path} was in use by another process for {BUSY_SECONDS} s; try again"
            ) from None
        if "full" in reason:
            raise DiskFullError(
                f"the disk that holds {path} is full; make room and run the command again:"
                " what was finished is kept"
            ) from None
        raise PremaskError(f"{path} cannot be opened or written: {reason}") from None
    except DatabaseError as error:
        raise PremaskError(
            f"{path} is not a premask database or is damaged: {error.orig}; put back a copy of it"
        ) from None


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def _upgrade(engine: Engine) -> None:
    # Alembic takes half a second to import: only where there is a step to make.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "premask.project:migrations")
    with engine.connect() as connection:
        # Two processes may find an empty database at the same moment: the second waits
        # here, and then finds nothing left to do.
        connection.execute(text("BEGIN IMMEDIATE"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


def on_network_drive(path: Path) -> bool:
    """Whether a path lies on a network drive, as far as Linux tells; False elsewhere."""
    try:
        mounts = Path("/proc/mounts").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    best, kind = "", ""
    target = str(path.absolute())
    for line in mounts.splitlines():
        fields = line.split()
        if (
            len(fields) > 2
            and target.startswith(fields[1].rstrip("/") + "/")
            and len(fields[1]) >= len(best)
        ):
            best, kind = fields[1], fields[2]
    return kind.startswith(NETWORK_FILE_SYSTEMS)
