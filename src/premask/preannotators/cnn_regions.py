"""From the network's responses to a few regions: pieces, their neighbours, Ward's merging."""

from __future__ import annotations

import heapq

import cv2
import numpy as np
from numpy.typing import NDArray

from premask.jit import jit

Values = NDArray[np.float64]
Labels = NDArray[np.int64]


def piece_responses(
    pieces: NDArray[np.int32], responses: NDArray[np.float32]
) -> tuple[Values, Values]:
    """Mean response and area of each piece of the image.

    Parameters
    ----------
    pieces : ndarray of int32, shape (H, W)
        0 to n - 1, every one of them present.
    responses : ndarray of float32, shape (C, h, w)
        Of the network, at its own size; interpolated bilinearly to (H, W).

    Returns
    -------
    means : ndarray of float64, shape (n, C)
    areas : ndarray of float64, shape (n,)
        In px.
    """
    height, width = pieces.shape
    flat = pieces.ravel()
    areas = np.bincount(flat).astype(np.float64)
    # One channel at a time: all of them at full size would take hundreds of megabytes.
    means = [
        np.bincount(flat, weights=cv2.resize(channel, (width, height)).ravel()) / areas
        for channel in responses
    ]
    return np.stack(means, axis=1), areas


def label_responses(labels: Labels, responses: NDArray[np.float32]) -> tuple[Values, Values]:
    """Mean response and area of each label 0 to n - 1 of the network's own map (h, w)."""
    flat = labels.ravel()
    areas = np.bincount(flat).astype(np.float64)
    means = [np.bincount(flat, weights=channel.ravel()) / areas for channel in responses]
    return np.stack(means, axis=1), areas


@jit
def pieces_of(labels: NDArray[np.int32]) -> NDArray[np.int32]:
    """4-connected pieces of equal label, numbered in reading order."""
    height, width = labels.shape
    pieces = np.full((height, width), -1, np.int32)
    stack = np.empty((height * width, 2), np.int32)
    n = 0
    for y0 in range(height):
        for x0 in range(width):
            if pieces[y0, x0] >= 0:
                continue
            pieces[y0, x0] = n
            stack[0, 0], stack[0, 1] = y0, x0
            top = 1
            while top:
                top -= 1
                y, x = stack[top, 0], stack[top, 1]
                for dy, dx in ((-1, 0), (0, -1), (0, 1), (1, 0)):
                    v, u = y + dy, x + dx
                    inside = 0 <= v < height and 0 <= u < width
                    if inside and pieces[v, u] < 0 and labels[v, u] == labels[y, x]:
                        pieces[v, u] = n
                        stack[top, 0], stack[top, 1] = v, u
                        top += 1
            n += 1
    return pieces


def merge_neighbours(
    pieces: NDArray[np.int32], means: Values, areas: Values, n_left: int
) -> tuple[Labels, Values, Values]:
    """Join touching pieces, those that raise the variance least first, until ``n_left`` remain.

    Ward's criterion restricted to 4-neighbours. A small piece goes cheaply into something
    like it, but stays where its responses stand out: unlike a limit of area, this keeps
    precipitates of a few pixels and takes noise of the same size.

    Returns
    -------
    target : ndarray of int64, shape (n,)
        The joined piece 0 to m - 1 of each piece.
    means, areas : ndarray, shapes (m, C) and (m,)
    """
    means, areas = means.copy(), areas.copy()
    neighbours = _neighbours(pieces, len(areas))
    parent, version = list(range(len(areas))), [0] * len(areas)
    queue: list[tuple[float, int, int, int, int]] = []

    def offer(a: int, others: list[int]) -> None:
        costs = _ward_costs(means, areas, a, others).tolist()
        for b, cost in zip(others, costs, strict=True):
            heapq.heappush(queue, (cost, a, b, version[a], version[b]))

    for a, touching in enumerate(neighbours):
        offer(a, sorted(b for b in touching if b > a))
    left = len(areas)
    while left > n_left and queue:
        _, a, b, version_a, version_b = heapq.heappop(queue)
        if version[a] != version_a or version[b] != version_b:
            continue  # one of the two has changed since
        means[a] = (areas[a] * means[a] + areas[b] * means[b]) / (areas[a] + areas[b])
        areas[a] += areas[b]
        parent[b] = a
        version[a] += 1
        version[b] = -1
        left -= 1
        neighbours[a] = (neighbours[a] | neighbours[b]) - {a, b}
        for c in neighbours[b] - {a}:
            neighbours[c].discard(b)
            neighbours[c].add(a)
        offer(a, sorted(neighbours[a]))
    kept, target = np.unique([_root(parent, a) for a in range(len(areas))], return_inverse=True)
    return target.astype(np.int64), means[kept], areas[kept]


def ward(means: Values, areas: Values, n_left: int) -> Labels:
    """Group weighted points by Ward's criterion, wherever they lie in the image.

    Parameters
    ----------
    means : ndarray of float64, shape (n, C)
    areas : ndarray of float64, shape (n,)
    n_left : int
        Groups asked for; fewer points than that stay single.

    Returns
    -------
    ndarray of int64, shape (n,)
        Groups 0 to min(n, n_left) - 1. Of equally good joints the first is taken.
    """
    means, areas = means.copy(), areas.copy()
    n = len(areas)
    everyone = list(range(n))
    group = np.arange(n)
    alive = np.ones(n, np.bool_)
    costs = np.stack([_ward_costs(means, areas, a, everyone) for a in everyone])
    np.fill_diagonal(costs, np.inf)
    for _ in range(n - n_left):
        a, b = divmod(int(costs.argmin()), n)
        means[a] = (areas[a] * means[a] + areas[b] * means[b]) / (areas[a] + areas[b])
        areas[a] += areas[b]
        group[group == b] = a
        alive[b] = False
        row = np.where(alive, _ward_costs(means, areas, a, everyone), np.inf)
        row[a] = np.inf
        costs[a], costs[:, a], costs[b], costs[:, b] = row, row, np.inf, np.inf
    return np.unique(group, return_inverse=True)[1].astype(np.int64)


def _ward_costs(means: Values, areas: Values, a: int, others: list[int]) -> Values:
    """By how much joining ``a`` to each other raises the sum of squared deviations."""
    share = areas[a] * areas[others] / (areas[a] + areas[others])
    costs: Values = share * ((means[others] - means[a]) ** 2).sum(axis=1)
    return costs


def _neighbours(pieces: NDArray[np.int32], n: int) -> list[set[int]]:
    down = np.stack([pieces[1:].ravel(), pieces[:-1].ravel()])
    right = np.stack([pieces[:, 1:].ravel(), pieces[:, :-1].ravel()])
    pairs = np.concatenate([down, right], axis=1).astype(np.int64)
    pairs = pairs[:, pairs[0] != pairs[1]]
    keys = np.unique(pairs.min(axis=0) * n + pairs.max(axis=0))
    found: list[set[int]] = [set() for _ in range(n)]
    for a, b in zip((keys // n).tolist(), (keys % n).tolist(), strict=True):
        found[a].add(b)
        found[b].add(a)
    return found


def _root(parent: list[int], a: int) -> int:
    while parent[a] != a:
        a = parent[a]
    return a
