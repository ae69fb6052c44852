"""What a label map should not show: reported to the user, never corrected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from premask.core.errors import PremaskError
from premask.core.phases import VOID, Phases


@dataclass(frozen=True)
class Finding:
    """One thing in a label map that the project says should not be.

    Attributes
    ----------
    kind : {"not-allowed", "not-inside"}
        A phase that the processing type may not show (paper, Table 3), or one that
        touches another phase than the ones it lies inside.
    phase : int
        The phase it is about.
    px : int
        Pixels of the phase, or of the components that are not inside.
    components : int
        4-connected components that ``px`` counts.
    touches : tuple of int
        For ``not-inside``: the other phases that are touched, by index.
    sentence : str
        The same in plain English.
    """

    kind: Literal["not-allowed", "not-inside"]
    phase: int
    px: int
    components: int
    touches: tuple[int, ...]
    sentence: str


def check(label_map: NDArray[np.uint8], phases: Phases, type_: str | None = None) -> list[Finding]:
    """Everything that a label map shows against what the project knows of its phases.

    Parameters
    ----------
    label_map : ndarray of uint8, shape (H, W)
        Phase indices, 255 for void.
    phases : Phases
    type_ : str, optional
        Processing type of the micrograph.

    Returns
    -------
    list of Finding
        In the order of the phases; empty where all is as it should be.

    Raises
    ------
    PremaskError
        For a value that is neither a phase nor void.
    """
    values = np.flatnonzero(np.bincount(label_map.ravel(), minlength=256))
    strange = values[(values >= len(phases)) & (values != VOID)]
    if len(strange):
        raise PremaskError(
            f"the label map holds the value {strange[0]}, which is no phase;"
            f" 0 to {len(phases) - 1} and {VOID} (void) are accepted"
        )
    return [*check_allowed(label_map, phases, type_), *check_inside(label_map, phases)]


def check_allowed(label_map: NDArray[np.uint8], phases: Phases, type_: str | None) -> list[Finding]:
    """Phases that the processing type may not show (paper, Table 3)."""
    allowed = phases.allowed(type_)
    findings = []
    counts = np.bincount(label_map.ravel(), minlength=256)
    for phase in range(len(phases)):
        if phase in allowed or not counts[phase]:
            continue
        px = int(counts[phase])
        components = int(ndimage.label(label_map == phase)[1])
        name = phases.names[phase]
        sentence = (
            f"{name} may not occur in type {type_}, but {px} px in {components}"
            f" {_plural('component', components)} are labelled {name}."
        )
        findings.append(Finding("not-allowed", phase, px, components, (), sentence))
    return findings


def check_inside(label_map: NDArray[np.uint8], phases: Phases) -> list[Finding]:
    """Components of a phase that touch another phase than those it must lie inside.

    A component touches what is above, below, left and right of its pixels. The image's
    edge and void pixels say nothing of what lies there and do not count.
    """
    findings = []
    for name, around in phases.inside.items():
        phase = phases.index(name)
        hosts = tuple(phases.index(host) for host in around)
        found = _outside(label_map, phase, hosts)
        if found is None:
            continue
        components, px, touches = found
        sentence = (
            f"{name} must lie inside {_list([phases.names[host] for host in hosts], 'or')}, but"
            f" {components} {_plural('component', components)} ({px} px)"
            f" {'touches' if components == 1 else 'touch'}"
            f" {_list([phases.names[other] for other in touches], 'and')}."
        )
        findings.append(Finding("not-inside", phase, px, components, touches, sentence))
    return sorted(findings, key=lambda finding: finding.phase)


def _outside(
    label_map: NDArray[np.uint8], phase: int, hosts: tuple[int, ...]
) -> tuple[int, int, tuple[int, ...]] | None:
    """Number and area (px) of the components that touch a stranger, and the strangers."""
    components, _ = ndimage.label(label_map == phase)
    welcome = np.zeros(256, bool)
    welcome[[phase, *hosts, VOID]] = True
    pairs = []
    for here, there in (
        (np.s_[1:], np.s_[:-1]),
        (np.s_[:-1], np.s_[1:]),
        (np.s_[:, 1:], np.s_[:, :-1]),
        (np.s_[:, :-1], np.s_[:, 1:]),
    ):
        offends = (components[here] > 0) & ~welcome[label_map[there]]
        pairs.append(np.stack([components[here][offends], label_map[there][offends]]))
    offenders, strangers = np.concatenate(pairs, axis=1)
    if not len(offenders):
        return None
    which = np.unique(offenders)
    area = int(np.bincount(components.ravel())[which].sum())
    return len(which), area, tuple(np.unique(strangers).tolist())


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else f"{noun}s"


def _list(names: list[str], joined_by: str) -> str:
    return f" {joined_by} ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)
