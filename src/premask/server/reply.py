"""Answers that are arrays: raw little-endian bytes, compressed."""

from __future__ import annotations

import gzip
import hashlib

import numpy as np
from fastapi import Request
from fastapi.responses import Response
from numpy.typing import NDArray

LEVEL = 1
"""Of gzip: on loopback the time to compress counts more than the bytes."""


def array_reply(
    array: NDArray[np.generic], request: Request | None = None, **headers: str | int
) -> Response:
    """An array as bytes, row by row, with its shape in headers.

    Parameters
    ----------
    array : ndarray of uint8, uint16 or int32
    request : Request, optional
        Given where the answer may be kept by the browser: it gets an ETag.
    headers
        Further ones.
    """
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    named = {
        "X-Shape": ",".join(map(str, array.shape)),
        "X-Type": array.dtype.name,
        **{name.replace("_", "-"): str(value) for name, value in headers.items()},
    }
    raw = little.tobytes()
    if request is None:
        named["Cache-Control"] = "no-store"
    else:
        tag = f'"{hashlib.sha256(raw).hexdigest()[:24]}"'
        named |= {"ETag": tag, "Cache-Control": "private, no-cache"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=named)
    named["Content-Encoding"] = "gzip"
    return Response(
        gzip.compress(raw, LEVEL, mtime=0), media_type="application/octet-stream", headers=named
    )
