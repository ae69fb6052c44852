"""Label maps: indices in, the same indices out."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from PIL import Image

from premask.core.errors import PremaskError
from premask.core.phases import VOID
from premask.io.label_maps import encode_label_map, read_label_map

COLOURS = ["#0072b2", "#e69f00", "#009e73"]
MAP = np.array([[0, 1, 2, 3], [3, 2, 1, 255]], np.uint8)


def saved(path: Path, image: Image.Image) -> Path:
    image.save(path)
    return path


@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_every_map_comes_back_exactly(label_map: NDArray[np.uint8]) -> None:
    data = encode_label_map(label_map, COLOURS)
    with Image.open(io.BytesIO(data)) as image:
        assert image.mode == "P"
        np.testing.assert_array_equal(np.array(image), label_map)
    assert data == encode_label_map(np.asfortranarray(label_map), COLOURS)


def test_all_256_values_survive_on_disk(tmp_path: Path) -> None:
    label_map = np.arange(256, dtype=np.uint8).reshape(16, 16)
    path = tmp_path / "all.png"
    path.write_bytes(encode_label_map(label_map, COLOURS))
    read = read_label_map(path)
    assert read.dtype == np.uint8
    np.testing.assert_array_equal(read, label_map)


def test_the_file_is_8_bit_with_its_palette() -> None:
    data = encode_label_map(np.zeros((2, 2), np.uint8), COLOURS)
    assert data[24] == 8  # bit depth
    assert data[25] == 3  # colour type: palette
    with Image.open(io.BytesIO(data)) as image:
        palette = image.getpalette() or []
    assert palette[:6] == [0x00, 0x72, 0xB2, 0xE6, 0x9F, 0x00]
    assert palette[3 * VOID :] == [255, 255, 255]


@pytest.mark.parametrize(
    "bad", [np.zeros((2, 2), np.uint16), np.zeros((2, 2, 3), np.uint8), np.zeros((0, 2), np.uint8)]
)
def test_what_is_no_label_map_is_not_encoded(bad: NDArray[np.uint8]) -> None:
    with pytest.raises(PremaskError, match=r"\(height, width\) of uint8"):
        encode_label_map(bad, COLOURS)


def test_grey_rgb_and_rgba_indices_are_read(tmp_path: Path) -> None:
    forms = {
        "L.png": Image.fromarray(MAP),
        "I16.png": Image.fromarray(MAP.astype(np.uint16)),
        "RGB.png": Image.fromarray(np.repeat(MAP[..., None], 3, axis=2)),
        "RGBA.png": Image.fromarray(np.dstack([MAP, MAP, MAP, np.full_like(MAP, 9)])),
        "LA.png": Image.fromarray(np.dstack([MAP, np.full_like(MAP, 9)])),
        "L.bmp": Image.fromarray(MAP),
        "L.tif": Image.fromarray(MAP),
    }
    for name, image in forms.items():
        np.testing.assert_array_equal(read_label_map(saved(tmp_path / name, image)), MAP, name)


def test_one_bit_is_index_0_and_1(tmp_path: Path) -> None:
    bits = Image.fromarray(MAP > 1)
    read = read_label_map(saved(tmp_path / "bits.png", bits))
    np.testing.assert_array_equal(read, MAP > 1)


@pytest.mark.parametrize("n_colours", [2, 4, 16, 256])
def test_indices_of_small_palettes_are_read_not_their_colours(
    tmp_path: Path, n_colours: int
) -> None:
    label_map = (np.arange(24) % n_colours).astype(np.uint8).reshape(4, 6)
    image = Image.fromarray(label_map)
    image.putpalette(np.random.default_rng(0).integers(0, 255, 3 * n_colours).tolist())
    read = read_label_map(saved(tmp_path / "p.png", image))
    np.testing.assert_array_equal(read, label_map)


def test_grey_of_2_and_4_bits_is_not_stretched(tmp_path: Path) -> None:
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(kind + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + kind + data + crc

    rows = b"\0" + bytes([0b00_01_10_11]) + b"\0" + bytes([0b11_10_01_00])
    header = (4).to_bytes(4, "big") + (2).to_bytes(4, "big") + bytes([2, 0, 0, 0, 0])
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    path = tmp_path / "grey2.png"
    path.write_bytes(png + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
    np.testing.assert_array_equal(read_label_map(path), [[0, 1, 2, 3], [3, 2, 1, 0]])


def test_a_palette_tiff_gives_its_indices(tmp_path: Path) -> None:
    path = tmp_path / "p.tif"
    colours = np.zeros((3, 256), np.uint16)
    colours[0, 1] = 65535
    tifffile.imwrite(path, MAP, photometric="palette", colormap=colours)
    np.testing.assert_array_equal(read_label_map(path), MAP)


def test_a_colour_picture_is_told_from_indices(tmp_path: Path) -> None:
    picture = np.zeros((2, 2, 3), np.uint8)
    picture[0, 0] = (128, 0, 128)
    with pytest.raises(PremaskError, match=r"^c\.png: this is a colour picture and not indices"):
        read_label_map(saved(tmp_path / "c.png", Image.fromarray(picture)))


def test_values_past_255_jpeg_and_fractions_are_refused(tmp_path: Path) -> None:
    deep = saved(tmp_path / "deep.png", Image.fromarray(np.full((2, 2), 256, np.uint16)))
    with pytest.raises(PremaskError, match=r"^deep\.png: values from 256 to 256"):
        read_label_map(deep)
    with pytest.raises(PremaskError, match=r"^m\.jpg: a JPEG cannot hold a label map"):
        read_label_map(saved(tmp_path / "m.jpg", Image.fromarray(MAP)))
    tifffile.imwrite(tmp_path / "f.tif", MAP.astype(np.float32))
    with pytest.raises(PremaskError, match=r"^f\.tif: pixels of type float32 are not indices"):
        read_label_map(tmp_path / "f.tif")


def test_a_damaged_file_is_refused_as_an_image_is(tmp_path: Path) -> None:
    path = tmp_path / "cut.png"
    path.write_bytes(encode_label_map(MAP, COLOURS)[:-20])
    with pytest.raises(PremaskError, match=r"^cut\.png: the PNG is cut off"):
        read_label_map(path)
