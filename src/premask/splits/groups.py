"""Groups of images that must stay together."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence


def joined(groups: Sequence[Hashable], pairs: Iterable[tuple[int, int]]) -> list[int]:
    """Merge groups by pairs of their members.

    Parameters
    ----------
    groups : sequence
        The group of each image.
    pairs : iterable of (int, int)
        Positions of images that belong together whatever their groups: near-duplicates.

    Returns
    -------
    list of int
        The merged group of each image, numbered from 0 in the order of first appearance.

    Examples
    --------
    >>> joined(["a", "a", "b", "c"], [(0, 2)])
    [0, 0, 0, 1]
    """
    parent = list(range(len(groups)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first: dict[Hashable, int] = {}
    same = [(first.setdefault(group, i), i) for i, group in enumerate(groups)]
    for one, other in [*same, *pairs]:
        low, high = sorted((root(one), root(other)))
        parent[high] = low
    numbers: dict[int, int] = {}
    return [numbers.setdefault(root(i), len(numbers)) for i in range(len(groups))]
