"""The card of a data set on Hugging Face."""

from __future__ import annotations

from collections.abc import Sequence

from premask.core.phases import VOID, Phases

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
"""Hugging Face's categories of size."""

CARD = """---
task_categories:
- image-segmentation
tags:
- microscopy
- microstructure
size_categories:
- {size}
---

# Micrographs with label maps

Written by premask: {n_images} label maps. Before this is published it needs a licence (`license:`
above), a title, and words on the material, its preparation, the microscope and the annotators.

| value | phase | colour | % of labelled pixels |
|---|---|---|---|
{rows}

Value 0 is a phase, not background. Value {void} is void: {n_void} pixels are not labelled; use it
as `ignore_index`. `id2label.json` names the values.

```python
from datasets import load_dataset

data = load_dataset("imagefolder", data_dir=".")
```

Columns: {columns}; `type` (processing type) and `um_per_px` (scale, µm per pixel) where known.
"""


def card(
    phases: Phases, shares: Sequence[float], n_images: int, n_void: int, pictures: bool
) -> str:
    """The README of a data set, as Hugging Face shows it.

    Parameters
    ----------
    shares : sequence of float
        Of each phase in the labelled pixels, 0 to 1.
    n_void : int
        Unlabelled pixels.
    pictures : bool
        Whether the micrographs are in it.
    """
    rows = (
        f"| {phase.index} | {phase.name.replace('|', chr(92) + '|')} | `{phase.colour}` |"
        f" {100 * share:.2f} |"
        for phase, share in zip(phases.phases, shares, strict=True)
    )
    return CARD.format(
        size=next((name for most, name in SIZES if n_images < most), "n>1M"),
        n_images=n_images,
        rows="\n".join(rows),
        void=VOID,
        n_void=n_void,
        columns="`image`, `mask`" if pictures else "`mask`",
    )
