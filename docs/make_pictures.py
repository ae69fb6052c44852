"""Make the pictures of the documentation, from micrographs that premask makes itself.

python docs/make_pictures.py            all of them, into docs/img
python docs/make_pictures.py texture    one of them
python docs/make_pictures.py gallery    the screenshot: needs Chromium and a demo's gallery.html

The same versions of premask and its packages give the same bytes.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

import premask
from premask.core.phases import VOID
from premask.evaluate.boundary import boundary_pixels
from premask.evaluate.confusion import joint_counts
from premask.evaluate.matching import match
from premask.features.information_bar import information_bar
from premask.features.islands import remove_islands
from premask.project.settings import preset
from premask.quantify.field import measure_field
from premask.synthetic import SyntheticMicrograph, synthesize
from premask.workflow.quantify.pictures import counted_map, palette

OUT = Path(__file__).parent / "img"
SHAPE = (480, 640)
PANEL = (240, 180)
GAP, LINE = 10, 22
INK, PAPER = (40, 44, 52), (255, 255, 255)
# From dark blue to yellow, told apart by lightness alone.
RAMP = np.array(
    [[0, 32, 76], [45, 66, 107], [87, 92, 109], [124, 123, 120], [165, 156, 116], [210, 193, 98],
     [255, 234, 70]], float
)  # fmt: skip
PHASE_COLOURS = np.full((256, 3), 255, np.uint8)
PHASES = preset("microsteel").phases.phases
for _phase in PHASES:
    PHASE_COLOURS[_phase.index] = [int(_phase.colour[i : i + 2], 16) for i in (1, 3, 5)]

Pixels = NDArray[np.uint8]
Panel = tuple[Image.Image, str]


@cache
def made(kind: str, seed: int = 1) -> SyntheticMicrograph:
    """The micrograph that most pictures show."""
    return synthesize(kind, seed=seed, shape=SHAPE)


def photo(image: Pixels) -> Image.Image:
    """A micrograph, reduced by averaging and to 24 greys, which keeps the files small."""
    small = Image.fromarray(image).resize(PANEL, Image.Resampling.BOX)
    levels = np.asarray(small, np.float64)
    return Image.fromarray((np.rint(levels / 255 * 23) * 255 / 23).astype(np.uint8)).convert("RGB")


def painted(labels: Pixels, colours: Pixels, size: tuple[int, int] = PANEL) -> Image.Image:
    """Labels in their colours, none of them mixed."""
    return Image.fromarray(colours[labels]).resize(size, Image.Resampling.NEAREST)


def ramp(n: int) -> Pixels:
    """Colours from dark blue to yellow, n of a table of 256."""
    steps = np.linspace(0, len(RAMP) - 1, n)
    table = np.zeros((256, 3), np.uint8)
    channels = [np.interp(steps, range(len(RAMP)), RAMP[:, i]) for i in range(3)]
    table[:n] = np.rint(np.stack(channels, axis=1))
    return table


def regions_panel(regions: Pixels) -> Image.Image:
    """Anonymous regions, the darkest blue and the brightest yellow."""
    return painted(regions, ramp(int(regions.max()) + 1))


def named(regions: Pixels, truth: Pixels) -> Pixels:
    """The label map that a person who names every region well would get."""
    return match(joint_counts(regions, truth), 5, "many-to-one").apply(regions)


def font(size: int = 13) -> Any:
    """Pillow's own typeface, the same on every machine."""
    return ImageFont.load_default(size)


def sheet(rows: Sequence[Sequence[Panel]]) -> Image.Image:
    """Panels in rows, each with its caption beneath."""
    sizes = [(max(p.width for p, _ in row), max(p.height for p, _ in row)) for row in rows]
    width = max(len(row) * (w + GAP) - GAP for row, (w, _) in zip(rows, sizes, strict=True))
    height = sum(h + LINE + GAP for _, h in sizes) - GAP
    page = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(page)
    y = 0
    for row, (w, h) in zip(rows, sizes, strict=True):
        for i, (panel, caption) in enumerate(row):
            page.paste(panel, (i * (w + GAP), y))
            draw.text((i * (w + GAP) + 1, y + h + 4), caption, fill=INK, font=font())
        y += h + LINE + GAP
    return page


def save(name: str, page: Image.Image, colours: int = 64) -> None:
    """A PNG with a palette, small enough for a repository."""
    OUT.mkdir(exist_ok=True)
    path = OUT / f"{name}.png"
    # Maximum coverage keeps the few pixels of a rare colour, which a median cut mixes away.
    few = page.quantize(colours, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")  # noqa: T201


def knobs(method: str, kind: str, n: int, settings: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """A method's picture: the micrograph, then one panel for each setting."""
    image = made(kind).image
    row = [(photo(image), f"micrograph (type {kind})")]
    for caption, options in settings:
        count = options.get("n", n)
        rest = {key: value for key, value in options.items() if key != "n"}
        row.append((regions_panel(premask.preannotate(image, method, count, **rest)), caption))
    save(method, sheet([row]))


def multi_otsu() -> None:
    """What the Gaussian before the thresholds does."""
    knobs("multi-otsu", "III", 5, [(f"sigma={s:g}", {"sigma": s}) for s in (0, 1.5, 3)])


def superpixels() -> None:
    """What the scale of the superpixels does."""
    knobs("superpixels", "III", 5, [(f"scale={s}", {"scale": s}) for s in (60, 300, 1000)])


def kmeans() -> None:
    """What position and filters add."""
    knobs(
        "kmeans",
        "III",
        5,
        [
            ("grey levels alone", {}),
            ("position=0.5", {"position": 0.5}),
            ("filters=true", {"filters": True}),
        ],
    )


def cnn() -> None:
    """What a few steps and another seed do."""
    knobs(
        "cnn",
        "I",
        8,
        [
            ("iterations=5", {"iterations": 5}),
            ("default (100 iterations)", {}),
            ("another seed", {"seed": 1}),
        ],
    )


def texture() -> None:
    """What the number of regions does."""
    knobs("texture", "I", 8, [(f"{n} regions", {"n": n}) for n in (4, 8, 12)])


def overview() -> None:
    """The picture of the README: from a micrograph to named phases."""
    rows = []
    for kind in ("I", "II", "III"):
        one = made(kind)
        regions = premask.preannotate(one.image, "texture", 8)
        rows.append(
            [
                (photo(one.image), f"micrograph, type {kind}"),
                (regions_panel(regions), "candidate: 8 regions"),
                (painted(named(regions, one.truth), PHASE_COLOURS), "the regions, named"),
                (painted(one.truth, PHASE_COLOURS), "the truth"),
            ]
        )
    page = sheet(rows)
    legend = Image.new("RGB", (page.width, LINE + 4), PAPER)
    draw = ImageDraw.Draw(legend)
    x = 1
    for phase in preset("microsteel").phases.phases:
        draw.rectangle((x, 7, x + 13, 19), fill=phase.colour, outline=INK)
        draw.text((x + 19, 4), phase.name, fill=INK, font=font())
        x += 110
    whole = Image.new("RGB", (page.width, page.height + legend.height), PAPER)
    whole.paste(page, (0, 0))
    whole.paste(legend, (0, page.height))
    save("overview", whole)


def naming() -> None:
    """Regions with their numbers, the table, the label map."""
    one = made("III")
    regions = premask.preannotate(one.image, "texture", 6)
    table = match(joint_counts(regions, one.truth), 5, "many-to-one").table
    names = preset("microsteel").phases.names
    words = Image.new("RGB", PANEL, PAPER)
    draw = ImageDraw.Draw(words)
    colours = ramp(int(regions.max()) + 1)
    for region, phase in sorted(table.items()):
        y = 6 + 28 * region
        draw.rectangle((20, y, 44, y + 18), fill=tuple(colours[region].tolist()), outline=INK)
        draw.text((52, y + 1), f"{region}  =", fill=INK, font=font(15))
        swatch = tuple(PHASE_COLOURS[phase].tolist())
        draw.rectangle((100, y, 124, y + 18), fill=swatch, outline=INK)
        draw.text((132, y + 1), names[phase], fill=INK, font=font(15))
    save(
        "naming",
        sheet(
            [
                [
                    (photo(one.image), "micrograph"),
                    (regions_panel(regions), "regions: anonymous, darkest is 0"),
                    (words, "the table that names them"),
                    (painted(named(regions, one.truth), PHASE_COLOURS), "the label map"),
                ]
            ]
        ),
    )


def islands() -> None:
    """A corner of a candidate: what the default rule takes away."""
    one = made("II")
    labels = named(premask.preannotate(one.image, "multi-otsu", 6), one.truth)
    cleaned, found = remove_islands(labels)
    corner = np.s_[150:290, 200:387]
    size = (300, 225)
    marked = PHASE_COLOURS[labels] // 3 + 150
    marked[found.mask] = (0, 0, 0)
    save(
        "islands",
        sheet(
            [
                [
                    (painted(labels[corner], PHASE_COLOURS, size), "before"),
                    (
                        Image.fromarray(marked[corner]).resize(size, Image.Resampling.NEAREST),
                        "black: what the default rule removes",
                    ),
                    (painted(cleaned[corner], PHASE_COLOURS, size), "after"),
                ]
            ]
        ),
    )


def quantify() -> None:
    """What counts in sizes and shapes, and what the border cuts."""
    one = made("III")
    field, index = measure_field(one.truth, 5)
    counted = counted_map(one.truth, index, field.weights > 0, 5, 400)
    colours = np.full((256, 3), 255, np.uint8)
    for i, colour in enumerate(palette([phase.colour for phase in PHASES])):
        colours[i] = [int(colour[j : j + 2], 16) for j in (1, 3, 5)]
    size = (counted.shape[1], counted.shape[0])
    photograph = Image.fromarray(one.image).resize(size, Image.Resampling.BOX).convert("RGB")
    panels = [
        (photograph, "micrograph (type III)"),
        (painted(counted, colours, size), "outlined: counted; pale: at the border"),
    ]
    save("quantify", sheet([panels]))


def bar() -> None:
    """The information bar and where premask cuts."""
    one = synthesize("II", seed=1, shape=SHAPE, with_bar=True)
    rows = information_bar(one.image)
    size = (400, round(400 * one.image.shape[0] / one.image.shape[1]))
    whole = Image.fromarray(one.image).resize(size, Image.Resampling.BOX).convert("RGB")
    cut = round(size[1] * (one.image.shape[0] - rows) / one.image.shape[0])
    ImageDraw.Draw(whole).line((0, cut, size[0], cut), fill=(213, 94, 0), width=3)
    view = whole.crop((0, 0, size[0], cut - 2))
    save(
        "bar",
        sheet([[(whole, f"the file: {rows} px of it are the bar"), (view, "the crop: a view")]]),
        32,
    )


TRUTH = np.array([[0, 0, 0, 0, 0, 0], [0, 1, 1, 1, 0, 0], [0, 1, 1, 1, 0, 0], [0, 0, 0, 0, 0, 0]])
PREDICTED = np.array(
    [[0, 0, 0, 0, 0, 0], [0, 0, 1, 1, 1, 0], [0, 0, 1, 1, 1, 0], [0, 0, 0, 0, 0, 0]]
)
"""The worked example of the page on metrics; a test holds its figures to the code."""


def metrics() -> None:
    """The worked example: truth, prediction, overlap, boundary pixels."""
    truth, predicted = TRUTH.astype(np.uint8), PREDICTED.astype(np.uint8)
    colours = np.zeros((256, 3), np.uint8)
    colours[:4] = [(224, 229, 236), (0, 114, 178), (230, 159, 0), (204, 121, 167)]
    edge = boundary_pixels(truth)
    panels = (
        (truth, "truth: 6 px of phase 1"),
        (predicted, "prediction: 6 px, one to the right"),
        (truth + 2 * predicted, "blue truth, orange pred., pink both"),
        (np.where(edge == VOID, 0, edge + np.uint8(1)), "boundary pixels of the truth"),
    )
    row = []
    for grid, caption in panels:
        cells = painted(grid.astype(np.uint8), colours, (PANEL[0], 160))
        draw = ImageDraw.Draw(cells)
        for x in range(0, 241, 40):
            draw.line((x, 0, x, 160), fill=PAPER)
        for y in range(0, 161, 40):
            draw.line((0, y, 240, y), fill=PAPER)
        row.append((cells, caption))
    save("metrics", sheet([row]), 32)


def gallery(page: Path = Path("premask-demo/gallery.html")) -> None:
    """A screenshot of a gallery, with Chromium without a window."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None or not page.exists():
        sys.exit("the screenshot needs Chromium and premask-demo/gallery.html (premask demo)")
    with tempfile.TemporaryDirectory() as folder:
        shot = Path(folder) / "shot.png"
        subprocess.run(  # noqa: S603
            [browser, "--headless", "--no-sandbox", "--hide-scrollbars",
             "--window-size=1360,1080", f"--user-data-dir={folder}/profile",
             f"--screenshot={shot}", page.resolve().as_uri()],
            check=True, capture_output=True,
        )  # fmt: skip
        with Image.open(shot) as taken:
            small = taken.convert("RGB").resize((1020, 810), Image.Resampling.LANCZOS)
    save("gallery", small, 256)


PICTURES: dict[str, Callable[[], None]] = {
    "overview": overview,
    "multi-otsu": multi_otsu,
    "superpixels": superpixels,
    "kmeans": kmeans,
    "cnn": cnn,
    "texture": texture,
    "naming": naming,
    "islands": islands,
    "quantify": quantify,
    "bar": bar,
    "metrics": metrics,
}


def main() -> None:
    """Make the pictures that are named, or all but the screenshot."""
    for name in sys.argv[1:] or PICTURES:
        {**PICTURES, "gallery": gallery}[name]()


if __name__ == "__main__":
    main()
