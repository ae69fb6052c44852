"""Bars drawn onto real and made micrographs, in many forms, and what only looks like one."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from premask.features.information_bar import information_bar

FONTS = {size: ImageFont.load_default(size) for size in (9, 12, 16, 24)}
STYLES = ("black", "white", "grey", "separators", "cells", "logo", "scale bar", "small text",
          "sparse", "logo at the edge")  # fmt: skip


def bar(style: str, height: int, width: int) -> NDArray[np.uint8]:
    """One bar, as the programs of the usual microscopes draw them."""
    ground = {"white": 255, "logo": 255, "grey": 128, "scale bar": 40}.get(style, 0)
    ink = 0 if ground >= 128 else 255
    picture = Image.new("L", (width, height), ground)
    draw = ImageDraw.Draw(picture)
    size = 9 if style == "small text" or height < 30 else 12 if height < 45 else 16
    text = "HV 15.00 kV  WD 9.8 mm  det ETD  mag 5 000 x  HFW 59.7 µm  2021-03-04"
    if style == "small text":
        for y in range(2, height - 12, 11):
            draw.text((4, y), f"{text}  {text} {text}", fill=ink, font=FONTS[size])
        return np.array(picture)
    if style == "sparse":
        draw.rectangle((width - 150, height // 2, width - 50, height // 2 + 3), fill=ink)
        draw.text((width - 120, 2), "10 µm", fill=ink, font=FONTS[12])
        return np.array(picture)
    if style == "logo at the edge":
        draw.rectangle((5, 0, 40, height // 2), fill=ink)
    draw.text((10, (height - size) // 2), text, fill=ink, font=FONTS[size])
    if style in {"scale bar", "black"}:
        draw.line((width - 150, height - 8, width - 20, height - 8), fill=ink, width=3)
    if style == "separators":
        draw.line((0, 0, width, 0), fill=128)
        draw.line((0, height // 3, width, height // 3), fill=200)
        draw.line((0, height - 1, width, height - 1), fill=128)
    if style == "cells":
        draw.rectangle((0, 0, width - 1, height - 1), outline=ink)
        for x in range(width // 7, width, width // 7):
            draw.line((x, 0, x, height), fill=ink)
    if style == "logo":
        draw.ellipse((width - 70, 3, width - 70 + height - 7, height - 4), fill=60, outline=0)
        draw.rectangle((width - 130, 4, width - 90, height - 5), fill=170)
    return np.array(picture)


def pasted(image: NDArray[np.uint8], style: str, share: float) -> tuple[NDArray[np.uint8], int]:
    height = max(20, round(share * image.shape[0]))
    below = bar(style, height, image.shape[1])
    return np.vstack([image, below]), height


def as_jpeg(image: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    return np.array(Image.open(buffer))


def made(height: int = 300, width: int = 400, seed: int = 0) -> NDArray[np.uint8]:
    """Grains with noise."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(40, 220, (height // 20 + 1, width // 25 + 1))
    grains = np.kron(coarse, np.ones((20, 25)))[:height, :width]
    return np.clip(grains + rng.normal(0, 6, (height, width)), 0, 255).astype(np.uint8)


def sample(data: Path, every: int = 7) -> list[NDArray[np.uint8]]:
    paths = sorted(data.glob("*/images/*.png"))[::every]
    return [np.array(Image.open(path)) for path in paths]


@pytest.mark.data
def test_a_real_micrograph_without_a_bar_loses_no_row(data: Path) -> None:
    paths = sorted(data.glob("*/images/*.png"))
    assert len(paths) == 69
    found = {}
    for path in paths:
        image = np.array(Image.open(path))
        found[path.name] = (information_bar(image), information_bar(as_jpeg(image, 80)))
    assert {name: rows for name, rows in found.items() if rows != (0, 0)} == {}


@pytest.mark.data
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("share", [0.04, 0.068, 0.15])
def test_a_bar_below_a_real_micrograph_is_found_exactly(
    data: Path, style: str, share: float
) -> None:
    for image in sample(data):
        with_bar, height = pasted(image, style, share)
        assert information_bar(with_bar) == height


@pytest.mark.data
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("quality", [75, 90])
def test_after_jpeg_a_bar_is_found_to_within_one_row(data: Path, style: str, quality: int) -> None:
    for i, image in enumerate(sample(data)):
        with_bar, height = pasted(image, style, (0.05, 0.068, 0.1)[i % 3])
        assert abs(information_bar(as_jpeg(with_bar, quality)) - height) <= 1, i


@pytest.mark.parametrize("style", STYLES)
def test_depth_and_colour_change_nothing(style: str) -> None:
    with_bar, height = pasted(made(), style, 0.1)
    rng = np.random.default_rng(1)
    deep = with_bar.astype(np.uint16) * 200
    deep[:-height] += rng.integers(0, 200, deep[:-height].shape, dtype=np.uint16)
    assert information_bar(deep) == height
    deep[:-height] //= 16  # a 12-bit camera under a bar at full scale
    assert information_bar(deep) == height
    coloured = np.repeat(with_bar[..., None], 3, axis=2)
    ground = np.bincount(with_bar[-height:].ravel()).argmax()
    coloured[-height:][with_bar[-height:] != ground] = (
        (255, 220, 0) if ground < 100 else (150, 0, 0)
    )
    assert information_bar(coloured) == height


@pytest.mark.parametrize(("shape", "rows"), [((959, 1280), 65), ((703, 960), 65)])
def test_the_bars_of_microsteel_leave_959_and_703_rows(shape: tuple[int, int], rows: int) -> None:
    image = np.vstack([made(*shape), bar("black", rows, shape[1])])
    assert image.shape[0] - information_bar(image) == shape[0]


@pytest.mark.parametrize("style", ["black", "white", "cells"])
@pytest.mark.parametrize("level", [0, 255])
@pytest.mark.parametrize("share", [0.5, 0.8, 0.93])
def test_dark_or_saturated_content_above_is_not_taken_for_the_bar(
    style: str, level: int, share: float
) -> None:
    rng = np.random.default_rng(3)
    image = made(400, 500)
    islands = rng.random((16, 500)) > share
    image[-80:][~np.kron(islands, np.ones((5, 1), bool))] = level
    with_bar, height = pasted(image, style, 0.08)
    assert information_bar(with_bar) == height


def no_bars() -> dict[str, NDArray[np.uint8]]:
    rng = np.random.default_rng(5)
    image = made()
    out = {"grains": image}
    for name, level, noise in [("resin", 3, 2.0), ("dark resin", 0, 1.0), ("coating", 180, 2.0)]:
        layer = image.copy()
        layer[-40:] = np.clip(rng.normal(level, noise, (40, 400)), 0, 255)
        out[name] = layer
    black = image.copy()
    black[-30:] = 0
    out["constant black strip"] = black
    ragged = image.copy()
    edge = 260 + np.cumsum(rng.integers(-1, 2, 400)) % 12
    ragged[np.arange(300)[:, None] >= edge[None]] = 0
    out["ragged black"] = ragged
    specks = ragged.copy()
    specks[rng.integers(275, 300, 8), rng.integers(0, 400, 8)] = 255
    out["ragged black with specks"] = specks
    crack = image.copy()
    crack[270:274] = 0
    out["crack"] = crack
    out["vertical gradient"] = np.repeat(np.linspace(0, 255, 300).astype(np.uint8)[:, None], 400, 1)
    out["horizontal gradient"] = out["vertical gradient"].T.copy()
    out["layers"] = (np.repeat(rng.integers(0, 255, 15), 20)[:, None] + np.zeros(400)).astype(
        np.uint8
    )
    out["checks"] = (np.indices((300, 400)) // 20).sum(axis=0).astype(np.uint8) % 2 * 200
    out["constant"] = np.full((300, 400), 7, np.uint8)
    out["fade to black"] = (image * np.linspace(1, 0, 300)[:, None]).astype(np.uint8)
    return out


@pytest.mark.parametrize("name", no_bars())
def test_what_only_looks_like_a_bar_stays(name: str) -> None:
    image = no_bars()[name]
    assert information_bar(image) == 0
    assert information_bar(as_jpeg(image, 85)) == 0


def test_a_bar_that_does_not_span_the_width_stays() -> None:
    image = made()
    image[-40:, :300] = bar("black", 40, 300)
    assert information_bar(image) == 0


@pytest.mark.parametrize("shape", [(1, 1), (5, 300), (300, 5), (40, 40)])
def test_tiny_images_have_no_bar(shape: tuple[int, int]) -> None:
    assert information_bar(np.zeros(shape, np.uint8)) == 0
