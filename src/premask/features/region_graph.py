"""Which superpixels touch, along how many pixels, and what flows between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from premask.jit import jit


@dataclass(frozen=True)
class RegionGraph:
    """The neighbours of each superpixel, both ways round, sorted.

    Attributes
    ----------
    starts : ndarray of int64, shape (n + 1,)
        The neighbours of superpixel i stand at ``starts[i]:starts[i + 1]``.
    neighbours : ndarray of int64, shape (m,)
    border : ndarray of float64, shape (m,)
        Pairs of 4-neighbouring pixels, one in each of the two.
    """

    starts: NDArray[np.int64]
    neighbours: NDArray[np.int64]
    border: NDArray[np.float64]

    @property
    def sources(self) -> NDArray[np.int64]:
        """The superpixel on the near side of each entry of ``neighbours``."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))


def region_graph(labels: NDArray[np.int32]) -> RegionGraph:
    """Collect the borders between superpixels.

    Parameters
    ----------
    labels : ndarray of int, shape (H, W)
        0 to n - 1, every one of them present.

    Examples
    --------
    >>> graph = region_graph(np.array([[0, 0, 1], [0, 0, 2]], np.int32))
    >>> graph.starts.tolist(), graph.neighbours.tolist(), graph.border.tolist()
    ([0, 2, 4, 6], [1, 2, 0, 2, 0, 1], [1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    """
    n = int(labels.max()) + 1
    pairs, border = np.unique(_borders(labels.astype(np.int32), n), return_counts=True)
    source = np.concatenate([pairs // n, pairs % n])
    target = np.concatenate([pairs % n, pairs // n])
    order = np.lexsort((target, source))
    starts = np.searchsorted(source[order], np.arange(n + 1)).astype(np.int64)
    both = np.concatenate([border, border]).astype(np.float64)
    return RegionGraph(starts, target[order], both[order])


@jit
def _borders(labels: NDArray[np.int32], n: int) -> NDArray[np.int64]:
    """Low * n + high for each pair of 4-neighbours with different labels."""
    height, width = labels.shape
    keys = np.empty(2 * height * width, np.int64)
    count = 0
    for y in range(height):
        for x in range(width):
            a = np.int64(labels[y, x])
            if x + 1 < width and labels[y, x + 1] != a:
                b = np.int64(labels[y, x + 1])
                keys[count] = min(a, b) * n + max(a, b)
                count += 1
            if y + 1 < height and labels[y + 1, x] != a:
                b = np.int64(labels[y + 1, x])
                keys[count] = min(a, b) * n + max(a, b)
                count += 1
    return keys[:count].copy()


def affinity(graph: RegionGraph, levels: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """Border lengths, discounted by how much the two superpixels differ in level.

    Parameters
    ----------
    graph : RegionGraph
    levels : ndarray of shape (n,)
        Mean grey level of each superpixel.
    step : float
        A difference of this much counts 1/e.

    Returns
    -------
    ndarray of float64, shape (m,)
        For each entry of ``graph.neighbours``.
    """
    difference = np.abs(levels[graph.sources] - levels[graph.neighbours])
    weights: NDArray[np.float64] = graph.border * np.exp(-difference / step)
    return weights


def diffused(
    features: NDArray[np.float64],
    graph: RegionGraph,
    weights: NDArray[np.float64],
    *,
    rounds: int,
    rate: float = 0.5,
) -> NDArray[np.float64]:
    """Let the features of a superpixel flow to those neighbours that it resembles.

    Anisotropic diffusion (P. Perona and J. Malik, Scale-space and edge detection using
    anisotropic diffusion, 1990) on the region graph: textures, whose superpixels differ
    at random, become even, while particles with a sharp border keep what they are.

    Parameters
    ----------
    features : ndarray of shape (n, d)
    weights : ndarray of shape (m,)
        Zero to the border's length (:func:`affinity`): how freely features flow.
    rounds : int
    rate : float
        Share that a superpixel gives away in each round where nothing resists, 0 to 1.
    """
    n = len(graph.starts) - 1
    around = np.bincount(graph.sources, weights=graph.border, minlength=n)
    share = rate * weights / around[graph.sources]
    flow = csr_matrix((share, graph.neighbours, graph.starts), shape=(n, n))
    kept = 1 - np.asarray(flow.sum(axis=1))
    mixed = features
    for _ in range(rounds):
        mixed = kept * mixed + flow @ mixed
    return mixed
