"""What the texture method looks at in a micrograph, and how much each channel counts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from premask.core.micrograph import Image, grey
from premask.features.filters import Channel, blur, coherence, gradient, local_std
from premask.features.morphology import bright_particles, dark_particles, lines

WEIGHTS: dict[str, float] = {
    "blur 2": 2.0,
    "blur 4": 2.0,
    "blur 8": 0.5,
    "blur 16": 0.5,
    "rank": 2.0,
    "rank 16": 1.0,
    "std 1": 1.4,
    "std 2": 1.4,
    "edges 4": 0.7,
    "edges 8": 0.7,
    "edges 16": 1.4,
    "edges 32": 1.4,
    "coherence 8": 2.0,
    "coherence 16": 1.0,
    "dark 4": 1.0,
    "dark 8": 2.0,
    "dark 16": 1.0,
    "lines 15": 0.5,
    "lines 25": 1.0,
    "lines 41": 0.7,
}
"""Factors of the standardised channels, found on half of three sets of micrographs.

Grey levels and direction tell the large phases apart, ``dark`` small dark particles from
large ones, ``lines`` plates and needles from round particles of the same grey. No factor
is sharp: the score is flat within a factor of 1.5 of each.
"""

TIP = 0.5
"""Percentage of the darkest and of the brightest pixels that the stretch cuts off."""

LINE_RADIUS = 6
"""Lines are looked for among bright things up to twice this wide, px."""


def stretched(image: Image) -> NDArray[np.uint16]:
    """Grey levels spread over 16 bits, so that pale images count as much as hard ones."""
    levels = grey(image)
    low, high = np.percentile(levels, [TIP, 100 - TIP])
    if high <= low:
        low, high = float(levels.min()), float(levels.max())
    share = (levels.astype(np.float32) - low) / max(high - low, 1e-12)
    return np.asarray(np.rint(np.clip(share, 0, 1) * 65535), np.uint16)


def texture_channels(levels: NDArray[np.uint16]) -> dict[str, NDArray[Any]]:
    """The channels of :data:`WEIGHTS`, in its order, each (H, W), float or whole grey levels.

    Parameters
    ----------
    levels : ndarray of uint16, shape (H, W)
        From :func:`stretched`.
    """
    view = (levels / np.float32(65535)).astype(np.float32)
    ranks = _ranks(levels)
    edges = gradient(view)
    # Whole grey levels are enough here: the means of superpixels are finer again.
    smooth = np.rint(255 * blur(view, 1.0)).astype(np.uint8)
    bright = bright_particles(smooth, LINE_RADIUS)
    channels: dict[str, NDArray[Any]] = {"rank": ranks, "rank 16": blur(ranks, 16)}
    channels |= {f"blur {s}": blur(view, s) for s in (2, 4, 8, 16)}
    channels |= {f"std {s}": local_std(view, s) for s in (1, 2)}
    channels |= {f"edges {s}": blur(edges, s) for s in (4, 8, 16, 32)}
    channels |= {f"coherence {s}": coherence(view, s) for s in (8, 16)}
    channels |= {f"dark {r}": dark_particles(smooth, r) for r in (4, 8, 16)}
    channels |= {f"lines {n}": lines(bright, n) for n in (15, 25, 41)}
    return {name: channels[name] for name in WEIGHTS}


def _ranks(levels: NDArray[np.uint16]) -> Channel:
    """Share of the pixels that are darker; equal ones count half."""
    counts = np.bincount(levels.ravel(), minlength=65536)
    below = np.cumsum(counts) - counts / 2
    return (below / levels.size).astype(np.float32)[levels]
