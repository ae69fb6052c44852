"""Packages that only some formats need."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from premask.core.errors import PremaskError


def need(package: str, extra: str) -> ModuleType:
    """Import a package of one of premask's extras.

    Raises
    ------
    PremaskError
        Where it is not installed, with the command that installs it.
    """
    try:
        return import_module(package)
    except ImportError:
        raise PremaskError(
            f"this format needs the package {package}; install it with:"
            f" pip install 'premask[{extra}]'"
        ) from None
