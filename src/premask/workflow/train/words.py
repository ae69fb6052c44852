"""What the one who waits for a training is told."""

from __future__ import annotations

from pathlib import Path

from premask.core.words import count
from premask.train.state import STATE_FILE, Row
from premask.workflow.train.run import RESULT, Order


def epoch_line(row: Row, order: Order) -> str:
    """An epoch in words, for the one who waits."""
    config = order.config
    total = f"{config.minutes:g} min" if config.minutes else str(config.epochs)
    score = f", mean IoU {100 * row['mean_iou']:.2f} %" if "mean_iou" in row else ""
    where = f"{order.name}: " if order.name else ""
    return (
        f"{where}epoch {row['epoch']} (of {total}): loss {row['loss']:.3f}{score},"
        f" {count(round(row['seconds']), 'second')}"
    )


def stopped_line(out: Path) -> str:
    """What is kept of a run, or of the runs of each type, that was interrupted."""
    kept = [path for name in (STATE_FILE, RESULT) for path in out.glob(f"**/{name}")]
    if not kept:
        return "stopped before the first epoch was finished: the same command begins anew"
    return (
        f"stopped; all finished epochs are kept in {out}, and the same command goes on from there"
    )
