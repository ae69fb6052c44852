"""The gallery: one self-contained page with each micrograph beside its candidates."""

from __future__ import annotations

import base64
import hashlib
import math
import shlex
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, reduce
from importlib import resources
from itertools import groupby
from operator import add
from typing import Any

import jinja2
from markupsafe import Markup

from premask.core.errors import PremaskError
from premask.core.phases import VOID, neutral_colours, phase_fractions
from premask.evaluate.policy import NAMINGS, Policy
from premask.evaluate.scores import Scores
from premask.workflow.gallery_page import GalleryCandidate, GalleryImage, GalleryPage
from premask.workflow.inline_images import fitted_size, label_uri, photo_uri

LONGEST_SIDES = (1024, 896, 768, 640, 512)
PAGE_BYTES = 40e6
BYTES_PER_PX = 0.14
"""Of a page, per pixel of its pictures: measured on 69 micrographs with 6 candidates each."""

__all__ = ["GalleryCandidate", "GalleryImage", "GalleryPage", "render_gallery"]


def render_gallery(page: GalleryPage, *, longest_side: int | None = None) -> str:
    """One HTML page that needs no network and no other file.

    Parameters
    ----------
    page : GalleryPage
    longest_side : int, optional
        In px; larger images are shown smaller (micrographs averaged, label maps nearest).
        1024 by default, or less where the page would be over about 40 MB.

    Returns
    -------
    str
        HTML. Every text of the page is escaped, and the page's own policy forbids
        scripts other than its own and any request.

    Raises
    ------
    PremaskError
        For a label map of another size than its image, or an index without a colour.
    """
    for image in page.images:
        _check(image)
    side = longest_side or fitting_side(page.images)
    summary = summarise_methods(page.images)
    template = _environment().get_template("gallery.html.j2")
    return template.render(
        page=page,
        rows=[_row(i, image, page, side) for i, image in enumerate(page.images)],
        methods=list(dict.fromkeys(c.method for i in page.images for c in i.candidates)),
        types=sorted({image.type for image in page.images if image.type}),
        summary=[list(group) for _, group in groupby(summary, key=lambda line: line.policy)],
        policies=_policies(page.images),
        any_scores=any(line.policy for line in summary),
        unnamed=sum(not c.named for i in page.images for c in i.candidates),
        void_shown=any((c.label_map == VOID).any() for i in page.images for c in i.candidates)
        or any((i.truth == VOID).any() for i in page.images if i.truth is not None),
        style=Markup(_text("gallery.css")),  # noqa: S704 - our own file
        script=Markup(_script()),  # noqa: S704 - our own files
        script_hash=_script_hash(),
    )


def _check(image: GalleryImage) -> None:
    maps = [("the truth", image.truth)] if image.truth is not None else []
    for what, label_map in [*maps, *((c.method, c.label_map) for c in image.candidates)]:
        if label_map is not None and label_map.shape != image.image.shape[:2]:
            raise PremaskError(
                f"{image.name}: {what} is {label_map.shape[1]}x{label_map.shape[0]} px and the"
                f" image {image.image.shape[1]}x{image.image.shape[0]} px; both must be equal"
            )


def fitting_side(images: Sequence[GalleryImage]) -> int:
    """The longest side in px at which the page stays under about 40 MB; 512 at the least."""
    for side in LONGEST_SIDES:
        pixels = 0
        for image in images:
            height, width = fitted_size(image.image.shape[0], image.image.shape[1], side)
            pixels += height * width * (2 + len(image.candidates))
        if pixels * BYTES_PER_PX <= PAGE_BYTES:
            return side
    return LONGEST_SIDES[-1]


@dataclass(frozen=True)
class MethodSummary:
    """One line of the table of methods."""

    method: str
    images: int
    seconds: float
    policy: Policy | None
    mean_iou: float
    boundary_f1: float
    scored: int


def summarise_methods(images: Sequence[GalleryImage]) -> list[MethodSummary]:
    """Median seconds of each method, and its scores with the counts of all images summed.

    A method that was scored under two policies has a line for each: such figures are
    never mixed. Lines of one policy are together, those that use the truth last but for
    those without a score.
    """
    groups: dict[tuple[str, Policy | None], list[GalleryCandidate]] = {}
    for candidate in (c for image in images for c in image.candidates):
        policy = candidate.scores.policy if candidate.scores else None
        groups.setdefault((candidate.method, policy), []).append(candidate)
    lines = []
    for (method, policy), found in groups.items():
        scored = [c.scores for c in found if c.scores is not None]
        mean_iou = boundary_f1 = math.nan
        if policy is not None:
            together = Scores(policy, scored[0].names, reduce(add, [s.measured for s in scored]))
            mean_iou, boundary_f1 = together.mean_iou, together.boundary_f1
        seconds = statistics.median(c.seconds for c in found)
        lines.append(
            MethodSummary(method, len(found), seconds, policy, mean_iou, boundary_f1, len(scored))
        )
    return sorted(lines, key=lambda line: _rank(line.policy))


def _rank(policy: Policy | None) -> int:
    """Figures are compared within one naming; those that owe more to the truth come later."""
    return len(NAMINGS) if policy is None else NAMINGS.index(policy.naming)


def _policies(images: Sequence[GalleryImage]) -> list[str]:
    lines = [
        line
        for image in images
        for candidate in image.candidates
        if candidate.scores
        for line in candidate.scores.policy.lines()
    ]
    return [line for line in dict.fromkeys(lines) if not line.startswith("Hausdorff")]


def _row(number: int, image: GalleryImage, page: GalleryPage, longest_side: int) -> dict[str, Any]:
    height, width = image.image.shape[:2]
    colours = [_hex(colour) for _, colour in page.phases]
    names = [name for name, _ in page.phases]
    cards = [_card(image, c, page, colours, names, longest_side) for c in image.candidates]
    truth_fractions = (
        [] if image.truth is None else phase_fractions(image.truth, len(names)).tolist()
    )
    for policy in {c.scores.policy for c in image.candidates if c.scores}:
        rivals = [card for card in cards if card["policy"] == policy and card["mean_iou"] >= 0]
        if len(rivals) > 1:
            max(rivals, key=lambda card: float(card["mean_iou"]))["best"] = True
    return {
        "id": f"m{number}",
        "image": image,
        "width": width,
        "height": height,
        "shown": fitted_size(height, width, longest_side)[::-1],
        "photo": photo_uri(image.image, longest_side),
        "truth": None if image.truth is None else label_uri(image.truth, colours, longest_side),
        "truth_shares": _shares(names, colours, truth_fractions),
        "cards": cards,
    }


def _card(
    image: GalleryImage,
    candidate: GalleryCandidate,
    page: GalleryPage,
    colours: list[str],
    names: list[str],
    longest_side: int,
) -> dict[str, Any]:
    if not candidate.named:
        colours = neutral_colours(max(candidate.n_regions, len(candidate.fractions)))
        names = [f"region {i}" for i in range(len(colours))]
    scores = candidate.scores
    command = ["premask", "name", page.project, "--image", image.name, "--method", candidate.method]
    return {
        "candidate": candidate,
        "labels": label_uri(candidate.label_map, colours, longest_side),
        "shares": _shares(names, colours, candidate.fractions),
        "swatches": _swatches(names, colours, candidate.fractions),
        "names": [(name, _hex(colour)) for name, colour in page.phases],
        "command": shlex.join(command),
        "policy": scores.policy if scores else None,
        "mean_iou": scores.mean_iou if scores else math.nan,
        "boundary_f1": scores.boundary_f1 if scores else math.nan,
        "ious": list(zip(scores.names, scores.iou, strict=True)) if scores else [],
        "rank": _rank(scores.policy if scores else None),
        "best": False,
    }


def _shares(
    names: Sequence[str], colours: Sequence[str], fractions: Sequence[float]
) -> list[tuple[str, str, float]]:
    rows = zip(names, colours, (float(share) for share in fractions), strict=False)
    return [row for row in rows if row[2] > 0]


def _swatches(
    names: Sequence[str], colours: Sequence[str], fractions: Sequence[float]
) -> list[tuple[int, str, str, float]]:
    """Index, name, colour and share of every label that occurs."""
    rows = zip(names, colours, (float(share) for share in fractions), strict=False)
    return [(index, *row) for index, row in enumerate(rows) if row[2] > 0]


def _hex(colour: str) -> str:
    """The colour again, rebuilt from its digits: nothing else reaches a style."""
    try:
        return f"#{int(colour.removeprefix('#'), 16):06x}"
    except ValueError:
        raise PremaskError(
            f"{colour!r} is not a colour; write it as #rrggbb, e.g. #0072b2"
        ) from None


def _percent(value: float) -> str:
    return "–" if math.isnan(value) else f"{100 * value:.1f} %"


def _share(value: float) -> str:
    """A phase fraction; small ones keep a digit that counts."""
    return f"{100 * value:.1f} %" if value >= 0.01 else f"{100 * value:.2g} %"


def _seconds(value: float) -> str:
    if value < 0.01:
        return "< 0.01 s"
    return f"{value:.2f} s" if value < 10 else f"{value:.0f} s"


def _text(name: str) -> str:
    return resources.files("premask.workflow").joinpath("templates", name).read_text("utf-8")


def _script() -> str:
    return _text("gallery.js") + _text("gallery_regions.js")


def _script_hash() -> str:
    """What the page's content security policy lets run: this script and no other."""
    digest = hashlib.sha256(_script().encode()).digest()
    return base64.b64encode(digest).decode("ascii")


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_text),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=_percent, share=_share, seconds=_seconds)
    return environment
