"""The design of a study: a counterbalanced order of passes, and how many images it takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.core.sessions import STRATEGIES
from premask.core.study import Assignment
from premask.core.words import count
from premask.evaluate.effort import ImageMinutes
from premask.evaluate.effort_certainty import Interval

PAPER_SAVING = 0.78
PAPER_SPREAD = (0.69, 0.28)
"""Standard deviation of the minutes by their median, from scratch and pre-annotated: the means
of the three types of the paper's Table 7 (73.4/102, 99.8/128, 71.7/128; 1.6/20, 9/22, 12.3/35)."""

PILOT_IMAGES = 5
"""Images that both strategies must have been timed on before their spread replaces the paper's."""

_STUDIES = 4_000


def assign(
    images: Sequence[tuple[str, str]],
    annotators: Sequence[str],
    *,
    per_image: int = 1,
    seed: int = 0,
) -> tuple[Assignment, ...]:
    """Share images out so that neither practice nor people are taken for saving.

    Every annotator sees each of their images under both strategies. Within each type half
    of an annotator's images are first labelled from scratch and half from the
    pre-annotation; the second pass follows the order of the first, so that the two passes
    over any image lie equally far apart. Types are shared out evenly.

    Parameters
    ----------
    images : sequence of (str, str)
        Id and type.
    annotators : sequence of str
        Different names.
    per_image : int
        Annotators for each image; 1 shares the images out in disjoint parts (paper,
        section 4.3), more lets agreement be measured.
    seed : int
        Of the shuffles.

    Returns
    -------
    tuple of Assignment
        By annotator, then position.

    Raises
    ------
    PremaskError
        For nobody, somebody twice, no image, more annotators an image than there are, or
        somebody who would have nothing to do.

    Examples
    --------
    >>> plan = assign([("a", "I"), ("b", "I")], ["ana"])
    >>> [(one.image, one.strategy) for one in plan]
    [('a', 'scratch'), ('b', 'preannotated'), ('a', 'preannotated'), ('b', 'scratch')]
    """
    if not images or not annotators:
        raise PremaskError(
            f"{count(len(images), 'image')} and {count(len(annotators), 'annotator')};"
            " at least 1 of each is needed"
        )
    twice = sorted({name for name in annotators if list(annotators).count(name) > 1})
    if twice:
        raise PremaskError(f"{', '.join(twice)} is there twice; name each annotator once")
    if not 1 <= per_image <= len(annotators):
        raise PremaskError(
            f"{per_image} annotators for each image; 1 to {len(annotators)} are accepted"
        )
    rng = np.random.default_rng(seed)
    lists: dict[str, list[tuple[str, str]]] = {name: [] for name in annotators}
    shared = 0
    for type_ in sorted({type_ for _, type_ in images}):
        ids = sorted(image for image, own in images if own == type_)
        for image in (ids[i] for i in rng.permutation(len(ids))):
            for step in range(per_image):
                lists[annotators[(shared + step) % len(annotators)]].append((type_, image))
            shared += per_image
    idle = sorted(name for name, had in lists.items() if not had)
    if idle:
        raise PremaskError(
            f"{count(len(images), 'image')} for {len(annotators)} annotators, {per_image} of them"
            f" for each image, leave nothing for {', '.join(idle)}; name fewer annotators or give"
            " an image to more of them (--per-image)"
        )
    made: list[Assignment] = []
    for turn, name in enumerate(sorted(lists)):
        # Counted on through the types: even within each one, and over all of them.
        first = [(image, STRATEGIES[(i + turn) % 2]) for i, (_, image) in enumerate(lists[name])]
        order = [first[i] for i in rng.permutation(len(first))]
        second = [(image, STRATEGIES[1 - STRATEGIES.index(strategy)]) for image, strategy in order]
        made += [
            Assignment(image, name, strategy, position)
            for position, (image, strategy) in enumerate([*order, *second], 1)
        ]
    return tuple(made)


@dataclass(frozen=True)
class Precision:
    """How sure a study of some size will be of the saving by total hours.

    Attributes
    ----------
    interval : Interval
        In which 95 of 100 studies of this size find it; fractions.
    """

    images: int
    interval: Interval


@dataclass(frozen=True)
class Spread:
    """What the expected precision hangs on.

    Attributes
    ----------
    saving : float
        By the medians, a fraction.
    log_std : tuple of float
        Standard deviation of the logarithm of the minutes, from scratch and pre-annotated.
    correlation : float
        Between the two, over images: slow images are slow under both.
    source : str
        Where the figures came from, for people.
    """

    saving: float
    log_std: tuple[float, float]
    correlation: float
    source: str


def spread_of(pilot: Sequence[ImageMinutes] = ()) -> Spread:
    """The spread of minutes over images: of a pilot's where there is enough of it.

    Parameters
    ----------
    pilot : sequence of ImageMinutes
        From :attr:`premask.evaluate.effort.Effort.images`.
    """
    timed = [one for one in pilot if one.scratch > 0 and one.preannotated > 0]
    if len(timed) < PILOT_IMAGES:
        log_std = tuple(math.sqrt(math.log1p(cv**2)) for cv in PAPER_SPREAD)
        return Spread(PAPER_SAVING, (log_std[0], log_std[1]), 0.0, "the paper's Table 7")
    logs = np.log([(one.scratch, one.preannotated) for one in timed])
    # Types differ in their minutes; what one knows beforehand is no uncertainty.
    types = [one.type for one in timed]
    centred = logs.copy()
    for type_ in set(types):
        own = [i for i, other in enumerate(types) if other == type_]
        centred[own] -= np.median(logs[own], axis=0)
    std = centred.std(axis=0, ddof=1)
    together = float(np.corrcoef(centred.T)[0, 1]) if (std > 0).all() else 0.0
    saving = 1 - float(np.exp(np.median(logs[:, 1] - logs[:, 0])))
    source = f"the {len(timed)} images that were timed under both strategies here"
    return Spread(saving, (float(std[0]), float(std[1])), together, source)


def expected_precision(
    sizes: Sequence[int], spread: Spread, *, seed: int = 0
) -> tuple[Precision, ...]:
    """How wide the interval of the saving will be, for studies of several sizes.

    Minutes are drawn log-normal over images; each size is tried 4000 times.

    Parameters
    ----------
    sizes : sequence of int
        Numbers of images, at least 2 each.

    Raises
    ------
    PremaskError
        For a size under 2.
    """
    for size in sizes:
        if size < 2:
            raise PremaskError(f"a study of {size} images has no interval; 2 or more are accepted")
    (a, b), rho = spread.log_std, spread.correlation
    covariance = np.array([[a * a, rho * a * b], [rho * a * b, b * b]])
    found = []
    for size in sizes:
        rng = np.random.default_rng([seed, size])
        savings = np.concatenate(
            [
                _savings(rng.multivariate_normal((0, 0), covariance, (n, size)), spread.saving)
                for n in _chunks(size)
            ]
        )
        low, high = np.quantile(savings, [0.025, 0.975])
        found.append(Precision(size, Interval(float(low), float(high))))
    return tuple(found)


def _chunks(size: int) -> list[int]:
    """Studies at a time, to bound the memory."""
    step = max(1, min(_STUDIES, 2_000_000 // size))
    return [min(step, _STUDIES - i) for i in range(0, _STUDIES, step)]


def _savings(logs: NDArray[np.float64], saving: float) -> NDArray[np.float64]:
    hours = np.exp(logs).sum(axis=1)
    found: NDArray[np.float64] = 1 - (1 - saving) * hours[:, 1] / hours[:, 0]
    return found
