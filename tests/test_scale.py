"""µm per pixel from OME, ImageJ, FEI, Zeiss and plain TIFF tags."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from premask.io.images import read_micrograph

PIXELS = np.arange(48, dtype=np.uint8).reshape(6, 8)


def scale(path: Path, **tags: Any) -> tuple[float | None, str | None]:
    tifffile.imwrite(path / "s.tif", PIXELS, **tags)
    micrograph = read_micrograph(path / "s.tif")
    np.testing.assert_array_equal(micrograph.pixels, PIXELS)
    return micrograph.um_per_px, micrograph.scale_source


@pytest.mark.parametrize(
    ("unit", "um"),
    [("µm", 1), ("μm", 1), ("nm", 1e-3), ("pm", 1e-6), ("mm", 1e3), ("cm", 1e4), ("m", 1e6),
     ("Å", 1e-4), ("in", 25_400), ("pixel", None), ("reference frame", None),
     ("Mm", None), ("thou", 25.4), ("pt", 25_400 / 72)],
)  # fmt: skip
def test_ome_lengths(tmp_path: Path, unit: str, um: float | None) -> None:
    size = 25.0 if unit == "pm" else 0.0625
    metadata = {"PhysicalSizeX": size, "PhysicalSizeXUnit": unit,
                "PhysicalSizeY": size, "PhysicalSizeYUnit": unit}  # fmt: skip
    found, source = scale(tmp_path, ome=True, metadata=metadata)
    if um is None:
        assert (found, source) == (None, None)
    else:
        assert found == pytest.approx(size * um, rel=1e-6)
        assert source == "OME"


def test_ome_without_a_unit_is_in_um(tmp_path: Path) -> None:
    assert scale(tmp_path, ome=True, metadata={"PhysicalSizeX": 0.25}) == (0.25, "OME")


@pytest.mark.parametrize("value", [0.0, -0.1, 1e300, 1e-300])
def test_absurd_ome_sizes_are_no_scale(tmp_path: Path, value: float) -> None:
    assert scale(tmp_path, ome=True, metadata={"PhysicalSizeX": value}) == (None, None)


@pytest.mark.parametrize("value", ["NaN", "INF", "-INF", "", "ten", "1e999"])
def test_ome_text_that_is_no_number_is_no_scale(tmp_path: Path, value: str) -> None:
    xml = (
        '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'
        '<Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint8" SizeX="8"'
        f' SizeY="6" SizeZ="1" SizeC="1" SizeT="1" PhysicalSizeX="{value}"/></Image></OME>'
    )
    assert scale(tmp_path, description=xml, metadata=None) == (None, None)


@pytest.mark.parametrize(
    ("unit", "um"),
    [("um", 1), ("µm", 1), ("\\u00B5m", 1), ("micron", 1), ("microns", 1), ("nm", 1e-3),
     ("mm", 1e3), ("pixel", None), ("", None), ("inch", None), ("furlong", None)],
)  # fmt: skip
def test_imagej_units(tmp_path: Path, unit: str, um: float | None) -> None:
    if unit == "µm":  # as ImageJ itself writes it, in Latin-1
        description = "ImageJ=1.53t\nunit=µm\n".encode("latin-1")
        tags: dict[str, Any] = {"description": description, "metadata": None}
    else:
        tags = {"imagej": True, "metadata": {"unit": unit}}
    found, source = scale(tmp_path, resolution=(40.0, 40.0), resolutionunit=1, **tags)
    assert source == (None if um is None else "ImageJ")
    assert found == (None if um is None else pytest.approx(um / 40))


def fei(width: str, height: str | None = None, section: str = "Scan") -> str:
    lines = ["[User]", "UserText=", "[Beam]", "HV=5000", f"[{section}]", f"PixelWidth={width}"]
    return "\r\n".join([*lines, f"PixelHeight={height or width}", "[Image]", "ResolutionX=8"])


@pytest.mark.parametrize("code", [34680, 34682])
@pytest.mark.parametrize("section", ["Scan", "EScan"])
def test_fei_pixel_width_is_in_metres(tmp_path: Path, code: int, section: str) -> None:
    text = fei("4.85e-008", section=section)
    found, source = scale(tmp_path, extratags=[(code, "s", 0, text, True)], metadata=None)
    assert found == pytest.approx(0.0485)
    assert source == "FEI"


@pytest.mark.parametrize("width", ["0", "-1e-9", "nan", "inf", "", "wide"])
def test_garbage_in_fei_tags_is_no_scale(tmp_path: Path, width: str) -> None:
    tags = [(34682, "s", 0, fei(width), True)]
    assert scale(tmp_path, extratags=tags, metadata=None) == (None, None)


def test_pixels_that_are_not_square_give_no_scale_and_the_reason(tmp_path: Path) -> None:
    tags = [(34682, "s", 0, fei("1e-8", "2e-8"), True)]
    found, source = scale(tmp_path, extratags=tags, metadata=None)
    assert found is None
    assert source == "FEI: pixels are 0.01 x 0.02 µm, not square; give --um-per-px"
    tags = [(34682, "s", 0, fei("1e-8", "1.005e-8"), True)]
    assert scale(tmp_path, extratags=tags, metadata=None)[0] == pytest.approx(0.01)


def zeiss(**sizes: str) -> bytes:
    lines = ["", "0", "1.1e-7", "", "AP_WD", "WD = 5.1 mm"]
    names = {"AP_IMAGE_PIXEL_SIZE": "Image Pixel Size", "AP_PIXEL_SIZE": "Pixel Size"}
    for key, value in sizes.items():
        lines += [key, f"{names[key]} = {value}"]
    return "\r\n".join([*lines, "DP_STAGE", "Stage = Idle"]).encode("latin-1")


def zeiss_scale(path: Path, **sizes: str) -> tuple[float | None, str | None]:
    return scale(path, extratags=[(34118, "s", 0, zeiss(**sizes), True)], metadata=None)


@pytest.mark.parametrize(
    ("value", "um"),
    [("5.582 nm", 0.005582), ("1.25 µm", 1.25), ("1.25 um", 1.25), ("558.2 pm", 0.0005582),
     ("0.002 mm", 2.0), ("5,582 nm", 0.005582), ("0 nm", None), ("-3 nm", None),
     ("nan nm", None), ("12", None), ("No", None)],
)  # fmt: skip
def test_zeiss_units(tmp_path: Path, value: str, um: float | None) -> None:
    found, source = zeiss_scale(tmp_path, AP_PIXEL_SIZE=value)
    assert source == (None if um is None else "Zeiss")
    assert found == (None if um is None else pytest.approx(um))


def test_zeiss_image_pixel_size_comes_before_pixel_size(tmp_path: Path) -> None:
    found, _ = zeiss_scale(tmp_path, AP_PIXEL_SIZE="2 nm", AP_IMAGE_PIXEL_SIZE="4 nm")
    assert found == pytest.approx(0.004)
    found, _ = zeiss_scale(tmp_path, AP_PIXEL_SIZE="2 nm", AP_IMAGE_PIXEL_SIZE="0 nm")
    assert found == pytest.approx(0.002)


@pytest.mark.parametrize("dpi", [1, 72, 96, 150, 300, 600, 1200, 4800, 9600])
@pytest.mark.parametrize("unit", [1, 2, 3])
def test_resolutions_of_printers_and_screens_are_no_scale(
    tmp_path: Path, dpi: int, unit: int
) -> None:
    resolution = dpi / 2.54 if unit == 3 else dpi
    found = scale(tmp_path, resolution=(resolution, resolution), resolutionunit=unit)
    assert found == (None, None)


def test_a_resolution_that_only_a_microscope_has_is_one(tmp_path: Path) -> None:
    found, source = scale(tmp_path, resolution=(50_000.0, 50_000.0), resolutionunit="centimeter")
    assert found == pytest.approx(0.2)
    assert source == "TIFF resolution"


@pytest.mark.parametrize("name", ["s.png", "s.jpg", "s.bmp"])
def test_other_formats_give_no_scale(tmp_path: Path, name: str) -> None:
    dpi = 300 if name == "s.jpg" else 127_000
    Image.fromarray(PIXELS).save(tmp_path / name, dpi=(dpi, dpi))
    assert read_micrograph(tmp_path / name).um_per_px is None
