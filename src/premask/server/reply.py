"""Answers that are arrays: raw little-endian bytes, compressed for who takes that."""

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
    array: NDArray[np.generic], request: Request, *, kept: bool = False, **headers: str | int
) -> Response:
    """An array as bytes, row by row, with its shape in headers.

    Parameters
    ----------
    array : ndarray of uint8, uint16 or int32
    kept : bool
        Whether the browser may keep the answer: it gets an ETag.
    headers
        Further ones.
    """
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    named = {
        "X-Shape": ",".join(map(str, array.shape)),
        "X-Type": array.dtype.name,
        "Vary": "Accept-Encoding",
        **{name.replace("_", "-"): str(value) for name, value in headers.items()},
    }
    raw = little.tobytes()
    if not kept:
        named["Cache-Control"] = "no-store"
    else:
        tag = f'"{hashlib.sha256(raw).hexdigest()[:24]}"'
        named |= {"ETag": tag, "Cache-Control": "private, no-cache"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=named)
    if takes_gzip(request.headers.get("accept-encoding", "")):
        named["Content-Encoding"] = "gzip"
        raw = gzip.compress(raw, LEVEL, mtime=0)
    return Response(raw, media_type="application/octet-stream", headers=named)


def takes_gzip(accepted: str) -> bool:
    """Whether an ``Accept-Encoding`` lets an answer be compressed.

    Examples
    --------
    >>> takes_gzip("br, gzip;q=0.5"), takes_gzip("*"), takes_gzip("identity")
    (True, True, False)
    >>> takes_gzip("*, gzip;q=0")
    False
    """
    weights = {}
    for part in accepted.lower().split(","):
        name, _, weight = part.partition(";")
        _, _, number = weight.partition("q=")
        weights[name.strip()] = number.strip().rstrip("0.") != "" or not number
    return weights.get("gzip", weights.get("*", False))
