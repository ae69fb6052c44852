"""The one place that knows numba: compiled loops with a typed decorator."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., object])


def jit(function: F) -> F:
    """Compile a loop over arrays; the machine code is kept on disk between runs."""
    return cast("F", numba.njit(cache=True, nogil=True)(function))
