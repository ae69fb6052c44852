"""Score a folder of label maps against a folder of truths."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from premask.core.errors import PremaskError
from premask.core.phases import make_phases
from premask.evaluate.policy import Absent, NamingMode, Policy, check_n_phases
from premask.evaluate.scores import Measured, Scores, measure, summarise
from premask.io.label_maps import read_label_map
from premask.workflow.dataset.manifest import types_of_built
from premask.workflow.label_folders import ByStem, Matched, match_folders, read_types
from premask.workflow.paper_tables import scores_table
from premask.workflow.tables import Table

Progress = Callable[[int, int], None]
"""Called with the images done so far and all of them."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The scores of two folders, and what could not be compared.

    Attributes
    ----------
    scores : Scores
    matched : tuple of str
        Stems of the images that were compared.
    only_predicted, only_truth : tuple of str
        Files without a partner in the other folder.
    ignored : tuple of str
        Files that are no PNG.
    untyped : tuple of str
        Stems that the CSV of types does not name; they count in the overall figures only.
    types_unmatched : tuple of str
        Entries of the CSV that name no compared image.
    """

    scores: Scores
    matched: tuple[str, ...]
    only_predicted: tuple[str, ...] = ()
    only_truth: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    untyped: tuple[str, ...] = ()
    types_unmatched: tuple[str, ...] = ()

    @property
    def unmatched(self) -> tuple[str, ...]:
        """One line for each kind of file that was left out, naming every one."""
        kinds = (
            ("predicted, without a truth", self.only_predicted),
            ("truth, without a prediction", self.only_truth),
            ("not a PNG", self.ignored),
            ("without a type, in the overall figures only", self.untyped),
            ("in the CSV of types, but not compared", self.types_unmatched),
        )
        return tuple(f"{len(names)} {kind}: {', '.join(names)}" for kind, names in kinds if names)

    def to_dict(self) -> dict[str, Any]:
        """The answer of ``premask evaluate --json``."""
        return {
            **self.scores.to_dict(),
            "unmatched": {
                "predicted": list(self.only_predicted),
                "truth": list(self.only_truth),
                "ignored": list(self.ignored),
                "untyped": list(self.untyped),
                "types": list(self.types_unmatched),
            },
        }


def evaluate_folders(
    predicted: Path,
    truth: Path,
    classes: int | Sequence[str],
    *,
    types_csv: Path | None = None,
    naming: str = "given",
    absent: str = "skip",
    tolerance: float = 3.0,
    progress: Progress | None = None,
) -> Evaluation:
    """Compare two folders of index PNGs, matched by stem.

    Parameters
    ----------
    predicted, truth : Path
        Folders; pixel value = phase (or region, with a naming other than ``given``),
        255 = void.
    classes : int or sequence of str
        The number of phases, or their names in the order of their indices; else their
        indices name them.
    types_csv : Path, optional
        Lines of ``stem,type``: scores for each type as well. Without it the types are those of
        the manifest where the truth is the ``labels`` of a data set that premask built.
    naming, absent, tolerance
        As in :func:`premask.evaluate.scores.score`.
    progress : callable, optional
        Called after each image.

    Raises
    ------
    PremaskError
        For folders without a match, two files of one stem, and, naming the file, sizes
        that differ and values that are no phase; and too few or too many phases.
    """
    policy = Policy(cast("NamingMode", naming), cast("Absent", absent), tolerance)
    if isinstance(classes, int):
        names: Sequence[str] = [str(i) for i in range(check_n_phases(classes))]
    else:
        names = make_phases(classes).names
    found = match_folders(predicted, truth)
    if types_csv:
        types = read_types(types_csv)
    else:
        told = types_of_built(truth.absolute().parent)
        types = ByStem({stem: told[stem] for stem in found.pairs if stem in told}, {})
    images: list[tuple[Measured, str | None]] = []
    for stem, pair in found.pairs.items():
        images.append((_measure_files(*pair, len(names), policy), types.by_stem.get(stem)))
        if progress:
            progress(len(images), len(found.pairs))
    scores = summarise(images, policy, names)
    return _evaluation(scores, found, types, typed=bool(types.by_stem) or types_csv is not None)


def evaluation_table(evaluation: Evaluation) -> Table:
    """The figures by type and overall, with their policy."""
    return scores_table(evaluation.scores)


def evaluation_rows(evaluation: Evaluation) -> tuple[list[str], list[list[str]], list[str]]:
    """The same as plain text: the header, the rows and the lines of the policy."""
    table = evaluation_table(evaluation)
    return table.header, table.printed(), list(table.notes)


def _measure_files(predicted: Path, truth: Path, n_classes: int, policy: Policy) -> Measured:
    prediction, true_map = read_label_map(predicted), read_label_map(truth)
    try:
        return measure(prediction, true_map, n_classes, policy)
    except PremaskError as error:
        raise PremaskError(f"{predicted} against {truth}: {error}") from None


def _evaluation(scores: Scores, found: Matched, types: ByStem, *, typed: bool) -> Evaluation:
    return Evaluation(
        scores,
        tuple(found.pairs),
        found.only_predicted,
        found.only_truth,
        found.ignored,
        tuple(stem for stem in found.pairs if typed and stem not in types.by_stem),
        tuple(entry for stem, entry in types.entries.items() if stem not in found.pairs),
    )
