"""A small bank of grey and texture filters, one channel each."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from premask.core.micrograph import Image, grey, window

Channel = NDArray[np.float32]

SCALES = (2.0, 4.0, 8.0)


def filter_bank(
    image: Image, scales: tuple[float, ...] = SCALES
) -> tuple[NDArray[np.float32], list[str]]:
    """Describe every pixel by its grey level and by the texture around it.

    Parameters
    ----------
    image : ndarray of uint8 or uint16, shape (H, W) or (H, W, 3)
        16-bit images are windowed to 8 bits first.
    scales : tuple of float
        Standard deviations of the windows, px.

    Returns
    -------
    channels : ndarray of float32, shape (C, H, W)
        Grey values are 0 to 1.
    names : list of str, length C
        What each channel is, e.g. ``"std 4"``.

    Notes
    -----
    For each scale: the local mean (``blur``), the local standard deviation (``std``), the
    density of edges (``edges``), the two curvatures (``bright ridge`` and ``dark ridge``: the
    smallest and the largest eigenvalue of the Hessian, times the squared scale) and the
    coherence of the structure tensor (``coherence``: 1 for parallel lines, 0 for none).
    """
    view = np.asarray(window(grey(image)), np.float32) / np.float32(255)
    edges = gradient(view)
    named: dict[str, Channel] = {"grey": view}
    for scale in scales:
        mean = blur(view, scale)
        named[f"blur {scale:g}"] = mean
        named[f"std {scale:g}"] = local_std(view, scale)
        named[f"edges {scale:g}"] = blur(edges, scale)
        bright, dark = ridges(view, scale)
        named[f"bright ridge {scale:g}"] = bright
        named[f"dark ridge {scale:g}"] = dark
        named[f"coherence {scale:g}"] = coherence(view, scale)
    return np.stack(list(named.values())), list(named)


def blur(channel: Channel, sigma: float) -> Channel:
    """Gaussian mean with mirrored borders; coarse scales are computed on a reduced image.

    A Gaussian of 4 px or more holds nothing finer than the reduced grid, so the error stays
    under 1 % of the channel's range while the time falls with the square of the reduction.
    """
    height, width = channel.shape
    factor = int(min(sigma / 2, min(height, width) / 8))
    if factor < 2:
        smooth = cv2.GaussianBlur(channel, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
        return np.asarray(smooth, np.float32)
    size = (max(width // factor, 1), max(height // factor, 1))
    small = cv2.resize(channel, size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / factor, borderType=cv2.BORDER_REFLECT)
    large = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(large, np.float32)


def gradients(channel: Channel) -> tuple[Channel, Channel]:
    """Central differences along x and y, per px."""
    x = cv2.Sobel(channel, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
    y = cv2.Sobel(channel, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
    return np.asarray(x, np.float32), np.asarray(y, np.float32)


def magnitude(x: Channel, y: Channel) -> Channel:
    """Length of the vectors (x, y).

    Not OpenCV's: its last bit changes with the place of an array in memory.
    """
    return np.sqrt(x * x + y * y)


def gradient(channel: Channel) -> Channel:
    """Magnitude of the gradient, per px."""
    return magnitude(*gradients(channel))


def local_std(channel: Channel, sigma: float) -> Channel:
    """Standard deviation under a Gaussian window."""
    mean = blur(channel, sigma)
    return np.sqrt(np.maximum(blur(channel * channel, sigma) - mean * mean, 0))


def ridges(channel: Channel, sigma: float) -> tuple[Channel, Channel]:
    """Strength of bright and of dark lines and blobs: the negative and positive curvatures.

    The eigenvalues of the Hessian of the smoothed channel, times sigma squared, so that the
    same line drawn at twice the size answers equally at twice the scale.
    """
    smooth = blur(channel, sigma)
    xx, yy, xy = (
        np.asarray(cv2.Sobel(smooth, cv2.CV_32F, *order, ksize=3, scale=sigma**2 / 4), np.float32)
        for order in ((2, 0), (0, 2), (1, 1))
    )
    middle = (xx + yy) / 2
    spread = magnitude(np.float32(0.5) * (xx - yy), xy)
    return np.maximum(spread - middle, 0), np.maximum(middle + spread, 0)


def coherence(channel: Channel, sigma: float) -> Channel:
    """How much the edges of a window run in one direction, 0 to 1."""
    x, y = gradients(channel)
    xx, yy, xy = blur(x * x, sigma), blur(y * y, sigma), blur(x * y, sigma)
    spread = magnitude(xx - yy, 2 * xy)
    total = xx + yy
    flat = total <= 1e-8
    return np.where(flat, 0, spread / np.where(flat, 1, total)).astype(np.float32)
