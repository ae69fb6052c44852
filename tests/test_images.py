"""Reading micrographs: every form they come in, and every way in which files are broken."""

from __future__ import annotations

import io
import logging
import os
import struct
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from premask.core.errors import PremaskError
from premask.core.micrograph import Micrograph
from premask.io.images import find_images, read_micrograph

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (40, 50), dtype=np.uint8)
DEEP = RNG.integers(0, 65536, (40, 50), dtype=np.uint16)
COLOUR = RNG.integers(0, 256, (40, 50, 3), dtype=np.uint8)
STACK = RNG.integers(0, 256, (5, 40, 50), dtype=np.uint8)


def by_pillow(image: NDArray[Any] | Image.Image, form: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def tiff(image: NDArray[Any], **options: Any) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, image, **options)
    return buffer.getvalue()


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, depth: int, colour: int, rows: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(kind, data) for kind, data in chunks)


def deep_colour_png() -> bytes:
    deep = np.repeat(DEEP[..., None], 3, axis=2)
    deep[..., 1] //= 2
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in deep)
    return png(50, 40, 16, 2, rows)


FILES: dict[str, bytes] = {
    "grey.png": by_pillow(GREY, "PNG"),
    "deep.png": by_pillow(DEEP, "PNG"),
    "rgb.png": by_pillow(COLOUR, "PNG"),
    "palette.png": by_pillow(Image.fromarray(COLOUR).quantize(16), "PNG"),
    "grey.jpg": by_pillow(GREY, "JPEG"),
    "progressive.jpg": by_pillow(COLOUR, "JPEG", progressive=True),
    "grey.bmp": by_pillow(GREY, "BMP"),
    "rgb.bmp": by_pillow(COLOUR, "BMP"),
    "grey.tif": tiff(GREY),
    "big endian.tif": tiff(DEEP, byteorder=">"),
    "lzw.tif": tiff(DEEP, compression="lzw", predictor=True, rowsperstrip=8),
    "deflate tiles.tif": tiff(COLOUR, compression="deflate", tile=(16, 16)),
    "zstd.tif": tiff(GREY, compression="zstd", rowsperstrip=10),
    "jpeg tiles.tif": tiff(COLOUR, compression="jpeg", tile=(32, 32)),
    "bigtiff.tif": tiff(GREY, bigtiff=True),
    "planar.tif": tiff(COLOUR.transpose(2, 0, 1), photometric="rgb", planarconfig="separate"),
    "stack.ome.tif": tiff(STACK, ome=True, metadata={"axes": "ZYX"}),
    "fax.tif": by_pillow(GREY > 99, "TIFF", compression="group4"),
}


def read(folder: Path, name: str, data: bytes, **options: Any) -> Micrograph:
    (folder / name).write_bytes(data)
    return read_micrograph(folder / name, **options)


def refused(folder: Path, name: str, data: bytes, **options: Any) -> str:
    with pytest.raises(PremaskError) as raised:
        read(folder, name, data, **options)
    message = str(raised.value)
    check_message(message, name)
    return message


def check_message(message: str, name: str) -> None:
    assert message.startswith(f"{name}: ")
    assert "\n" not in message


def read_or_refused(path: Path) -> NDArray[Any] | None:
    """The pixels, or None after an error of the one kind that may come."""
    try:
        return read_micrograph(path, max_pixels=10**7).pixels
    except PremaskError as error:
        check_message(str(error), path.name)
        return None


SAME: dict[str, tuple[bytes, NDArray[Any]]] = {
    "grey.png": (FILES["grey.png"], GREY),
    "deep.png": (FILES["deep.png"], DEEP),
    "rgb.png": (FILES["rgb.png"], COLOUR),
    "grey as rgb.png": (by_pillow(np.repeat(GREY[..., None], 3, axis=2), "PNG"), GREY),
    "rgba.png": (by_pillow(np.dstack([COLOUR, GREY]), "PNG"), COLOUR),
    "grey alpha.png": (by_pillow(np.dstack([GREY, GREY // 2]), "PNG"), GREY),
    "one bit.png": (by_pillow(GREY > 99, "PNG"), ((GREY > 99) * 255).astype(np.uint8)),
    "grey.bmp": (FILES["grey.bmp"], GREY),
    "rgb.bmp": (FILES["rgb.bmp"], COLOUR),
    "grey.tif": (FILES["grey.tif"], GREY),
    "pillow lzw.tif": (by_pillow(GREY, "TIFF", compression="tiff_lzw"), GREY),
    "packbits.tif": (by_pillow(GREY, "TIFF", compression="packbits"), GREY),
    "big endian.tif": (FILES["big endian.tif"], DEEP),
    "lzw.tif": (FILES["lzw.tif"], DEEP),
    "deflate tiles.tif": (FILES["deflate tiles.tif"], COLOUR),
    "zstd.tif": (FILES["zstd.tif"], GREY),
    "bigtiff.tif": (FILES["bigtiff.tif"], GREY),
    "planar.tif": (FILES["planar.tif"], COLOUR),
    "rgb deep.tif": (tiff(COLOUR.astype(np.uint16) * 257), COLOUR.astype(np.uint16) * 257),
    "rgba.tif": (tiff(np.dstack([COLOUR, GREY]), extrasamples=["unassalpha"]), COLOUR),
    "grey as rgb.tif": (tiff(np.repeat(GREY[..., None], 3, axis=2)), GREY),
    "min is white.tif": (tiff(255 - GREY, photometric="miniswhite"), GREY),
    "deep min is white.tif": (tiff(65535 - DEEP, photometric="miniswhite"), DEEP),
    "one bit.tif": (
        tiff(GREY > 99, photometric="minisblack"),
        ((GREY > 99) * 255).astype(np.uint8),
    ),
    "fax.tif": (FILES["fax.tif"], ((GREY > 99) * 255).astype(np.uint8)),
    "int32.tif": (tiff(DEEP.astype(np.int32)), DEEP),
    "uint32.tif": (tiff(DEEP.astype(np.uint32)), DEEP),
}


@pytest.mark.parametrize("name", SAME)
def test_pixels_are_read_as_they_are(tmp_path: Path, name: str) -> None:
    data, expected = SAME[name]
    micrograph = read(tmp_path, name, data)
    assert micrograph.pixels.dtype == expected.dtype
    np.testing.assert_array_equal(micrograph.pixels, expected)
    assert (micrograph.page, micrograph.n_pages) == (0, 1)
    assert micrograph.file_format == {"png": "PNG", "bmp": "BMP", "tif": "TIFF"}[name[-3:]]


def test_16_bit_colour_png_keeps_its_low_bits(tmp_path: Path) -> None:
    pixels = read(tmp_path, "deep.png", deep_colour_png()).pixels
    assert pixels.dtype == np.uint16
    np.testing.assert_array_equal(pixels[..., 0], DEEP)
    np.testing.assert_array_equal(pixels[..., 1], DEEP // 2)


def test_interlaced_png_is_read(tmp_path: Path) -> None:
    import imagecodecs

    for expected in (GREY[:5, :3], GREY):  # in 5x3 px two of the seven passes are empty
        data = adam7(expected)
        np.testing.assert_array_equal(imagecodecs.png_decode(data), expected)
        np.testing.assert_array_equal(read(tmp_path, "i.png", data).pixels, expected)
        assert "bytes of its" in refused(tmp_path, "i.png", adam7(expected, drop=1))


def adam7(image: NDArray[np.uint8], drop: int = 0) -> bytes:
    rows = b""
    for y, x, dy, dx in [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4),
                         (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]:  # fmt: skip
        part = image[y::dy, x::dx]
        rows += b"".join(b"\0" + row.tobytes() for row in part) if part.size else b""
    data = bytearray(png(image.shape[1], image.shape[0], 8, 0, rows[: len(rows) - drop]))
    data[28] = 1
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return bytes(data)


def test_jpeg_and_palettes_give_their_colours(tmp_path: Path) -> None:
    grey = read(tmp_path, "grey.jpg", FILES["grey.jpg"])
    np.testing.assert_array_equal(grey.pixels, np.array(Image.open(tmp_path / "grey.jpg")))
    assert grey.file_format == "JPEG"
    palette = read(tmp_path, "palette.png", FILES["palette.png"]).pixels
    with Image.open(tmp_path / "palette.png") as image:
        np.testing.assert_array_equal(palette, np.array(image.convert("RGB")))
    table = RNG.integers(0, 256, (3, 256)).astype(np.uint16)
    data = tiff(GREY, photometric="palette", colormap=table * 257)
    np.testing.assert_array_equal(
        read(tmp_path, "p.tif", data).pixels, table.astype(np.uint8).T[GREY]
    )
    smooth = np.add.outer(np.arange(64), np.arange(64)).astype(np.uint8)
    inside = read(tmp_path, "j.tif", tiff(smooth, compression="jpeg")).pixels
    assert np.abs(inside.astype(int) - smooth).max() <= 8


def test_a_floating_point_tiff_is_spread_over_16_bits(tmp_path: Path) -> None:
    image = np.linspace(-1, 3, 2000, dtype=np.float32).reshape(40, 50)
    pixels = read(tmp_path, "f.tif", tiff(image)).pixels
    assert pixels.dtype == np.uint16
    assert (pixels.min(), pixels.max()) == (0, 65535)
    image[3, 4] = np.nan
    assert "1 pixels that are NaN" in refused(tmp_path, "f.tif", tiff(image))
    assert "-5 to" in refused(tmp_path, "i.tif", tiff(np.full((4, 4), -5, np.int16)))


def test_a_jpeg_is_turned_as_its_exif_data_says(tmp_path: Path) -> None:
    image = np.repeat(np.arange(0, 240, 5, dtype=np.uint8)[:, None], 32, axis=1)
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise
    turned = read(tmp_path, "e.jpg", by_pillow(image, "JPEG", quality=95, exif=exif)).pixels
    assert turned.shape == (32, 48)
    assert np.abs(turned[:, ::-1].T.astype(int) - image).max() <= 6


def test_pages_are_counted_and_chosen(tmp_path: Path) -> None:
    for name, data in {
        "pages.tif": tiff(STACK, photometric="minisblack"),
        "imagej.tif": tiff(STACK, imagej=True, metadata={"axes": "ZYX"}),
        "channels.ome.tif": tiff(STACK, ome=True, metadata={"axes": "CYX"}),
    }.items():
        assert read(tmp_path, name, data).n_pages == 5
        for page in range(5):
            micrograph = read(tmp_path, name, data, page=page)
            np.testing.assert_array_equal(micrograph.pixels, STACK[page])
            assert micrograph.page == page
        assert "no page 5; it has pages 0 to 4" in refused(tmp_path, name, data, page=5)
        refused(tmp_path, name, data, page=-1)
    assert "no page 1" in refused(tmp_path, "grey.png", FILES["grey.png"], page=1)


def test_thumbnails_and_pyramid_levels_are_no_pages(tmp_path: Path) -> None:
    path = tmp_path / "pyramid.tif"
    with tifffile.TiffWriter(path) as writer:
        writer.write(GREY[::4, ::4], subfiletype=1)
        writer.write(GREY, subifds=1)
        writer.write(GREY[::2, ::2], subfiletype=1)
        writer.write(STACK[0])
    micrograph = read_micrograph(path)
    assert micrograph.n_pages == 2
    np.testing.assert_array_equal(micrograph.pixels, GREY)
    np.testing.assert_array_equal(read_micrograph(path, page=1).pixels, STACK[0])


@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_an_imagej_stack_of_one_listed_page_gives_all(tmp_path: Path, byteorder: str) -> None:
    # what ImageJ writes past 4 GB: the other images follow the first one unlisted
    stack = STACK.astype(np.uint16) * 7
    description = f"ImageJ=1.53t\nimages={len(stack)}\nslices={len(stack)}\n"
    data = tiff(stack[0], description=description, metadata=None, byteorder=byteorder)
    data += stack[1:].astype(f"{byteorder}u2").tobytes()
    for page in range(5):
        micrograph = read(tmp_path, "ij.tif", data, page=page)
        np.testing.assert_array_equal(micrograph.pixels, stack[page])
    assert micrograph.n_pages == 5
    assert "it says it has 5 images" in refused(tmp_path, "ij.tif", data[:-1])


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_cut_off_is_refused_or_lost_nothing(tmp_path: Path, name: str) -> None:
    data = FILES[name]
    whole = read(tmp_path, name, data).pixels
    step = max(1, len(data) // 100)
    for length in [*range(0, len(data), step), *range(len(data) - 12, len(data))]:
        (tmp_path / name).write_bytes(data[:length])
        pixels = read_or_refused(tmp_path / name)
        if pixels is not None:
            np.testing.assert_array_equal(pixels, whole)
            # padding after the last pixel, or later pages that were not asked for
            assert name.endswith((".bmp", ".ome.tif")), length


@settings(max_examples=150, deadline=2000, suppress_health_check=list(HealthCheck))
@given(
    name=st.sampled_from(sorted(FILES)),
    flips=st.lists(
        st.tuples(st.one_of(st.integers(0, 300), st.integers(0, 9000)), st.integers(0, 255)),
        min_size=1,
        max_size=4,
    ),
)
def test_damaged_bytes_give_a_micrograph_or_one_clear_error(
    tmp_path_factory: pytest.TempPathFactory, name: str, flips: list[tuple[int, int]]
) -> None:
    data = bytearray(FILES[name])
    for at, value in flips:
        data[at % len(data)] = value
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(data)
    read_or_refused(path)


HEADS = [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM",
         b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"]  # fmt: skip


@settings(max_examples=60, deadline=2000)
@given(st.binary(max_size=300), st.sampled_from(HEADS))
def test_random_bytes_give_one_clear_error(
    tmp_path_factory: pytest.TempPathFactory, tail: bytes, head: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "random.png"
    path.write_bytes(head + tail)
    with pytest.raises(PremaskError, match=r"^random\.png: "):
        read_micrograph(path, max_pixels=10**7)


BROKEN: dict[str, tuple[bytes, str]] = {
    "empty.png": (b"", "the file is empty"),
    "text.png": (b"not an image, but a note", "not an image that can be read"),
    "gif.png": (by_pillow(GREY, "GIF"), "not an image that can be read"),
    "zero wide.png": (png(0, 4, 8, 0, b"\0"), "the image is empty"),
    "bomb.png": (png(100_000, 100_000, 8, 0, b"\0" * 9), "more than the limit of 400,000,000 px"),
    "lying.png": (png(4000, 4000, 8, 0, bytes(4001 * 3999)), "holds 15,999,999 of"),
    "damaged.png": (FILES["grey.png"][:100] + b"?" + FILES["grey.png"][101:], "checksum"),
    "depth.png": (png(4, 4, 3, 0, bytes(40)), "header is damaged"),
    "lying.bmp": (
        FILES["grey.bmp"][:18] + struct.pack("<ii", 15000, 15000) + FILES["grey.bmp"][26:],
        "header says 15000x15000 px, but the file has only",
    ),
    "cmyk.tif": (
        tiff(np.zeros((8, 8, 4), np.uint8), photometric="separated"),
        "colours of the kind SEPARATED",
    ),
    "channels.tif": (
        tiff(np.zeros((8, 8, 7), np.uint8), photometric="minisblack", planarconfig="contig"),
        "7 samples per pixel",
    ),
    "complex.tif": (tiff(np.zeros((8, 8), np.complex64)), "complex64"),
    "j2k.tif": (tiff(GREY, compression="jpeg2000"), "compression JPEG2000 is not supported"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_in_one_line_that_says_why(tmp_path: Path, name: str) -> None:
    data, why = BROKEN[name]
    assert why in refused(tmp_path, name, data)


def with_tag(data: bytes, code: int, value: int) -> bytes:
    """The TIFF with another value in one of its tags."""
    (offset,) = struct.unpack_from("<I", data, 4)
    (n_tags,) = struct.unpack_from("<H", data, offset)
    out = bytearray(data)
    for at in range(offset + 2, offset + 2 + 12 * n_tags, 12):
        if struct.unpack_from("<H", data, at)[0] == code:
            struct.pack_into("<HII", out, at + 2, 4, 1, value)
            return bytes(out)
    raise AssertionError(code)


def test_absurd_tags_are_refused_before_memory_is_taken(tmp_path: Path) -> None:
    whole, tiled = tiff(GREY, metadata=None), FILES["deflate tiles.tif"]
    for data, why in [
        (with_tag(whole, 256, 2**31), "more than the limit"),
        (with_tag(whole, 257, 0), "the image is empty"),
        (with_tag(whole, 256, 10**6), "cut off or damaged"),
        (with_tag(whole, 277, 60_000), "60000 samples per pixel"),
        (with_tag(whole, 273, 2**31), "cut off or damaged"),
        (with_tag(tiled, 322, 2**24), "tiles of 16777216x16 px"),
        (with_tag(FILES["zstd.tif"], 257, 10**6), "cut off or damaged"),
        (whole[:4] + struct.pack("<I", len(whole) + 99) + whole[8:], "list of pages breaks off"),
    ]:
        assert why in refused(tmp_path, "t.tif", data)
    (offset,) = struct.unpack_from("<I", whole, 4)
    (n_tags,) = struct.unpack_from("<H", whole, offset)
    circle = bytearray(whole)
    struct.pack_into("<I", circle, offset + 2 + 12 * n_tags, offset)
    assert "list of pages does not end" in refused(tmp_path, "t.tif", bytes(circle))


def test_the_limit_on_pixels_is_the_callers_and_pillows_is_kept(tmp_path: Path) -> None:
    limit = Image.MAX_IMAGE_PIXELS
    for name in ("grey.png", "grey.jpg", "grey.bmp", "grey.tif"):
        assert "limit of 1,999 px" in refused(tmp_path, name, FILES[name], max_pixels=1999)
        assert read(tmp_path, name, FILES[name], max_pixels=2000).pixels.size == 2000
    assert limit == Image.MAX_IMAGE_PIXELS


def test_an_image_larger_than_pillows_limit_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    np.testing.assert_array_equal(read(tmp_path, "g.png", FILES["grey.png"]).pixels, GREY)
    assert Image.MAX_IMAGE_PIXELS == 100


def test_content_counts_and_not_the_name(tmp_path: Path) -> None:
    for name, data in {"a.jpg": FILES["grey.png"], "b.png": FILES["grey.tif"]}.items():
        np.testing.assert_array_equal(read(tmp_path, name, data).pixels, GREY)


def test_no_file_a_folder_and_a_forbidden_file_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(PremaskError, match=r"^none\.png: there is no such file"):
        read_micrograph(tmp_path / "none.png")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(PremaskError, match=r"^folder\.png: this is a folder"):
        read_micrograph(tmp_path / "folder.png")
    path = tmp_path / "secret.png"
    path.write_bytes(FILES["grey.png"])

    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", forbidden)  # the tests may run as root
    with pytest.raises(PremaskError, match=r"^secret\.png: you may not read this file"):
        read_micrograph(path)


def test_no_decoder_prints_or_warns(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    logged: list[logging.LogRecord] = []

    def keep(record: logging.LogRecord) -> bool:
        logged.append(record)
        return False

    logging.getLogger("tifffile").addFilter(keep)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for name, data in FILES.items():
                for at in range(0, 60, 3):
                    path = tmp_path / name
                    path.write_bytes(data[:at] + b"\xff" + data[at + 1 :])
                    read_or_refused(path)
    finally:
        logging.getLogger("tifffile").removeFilter(keep)
    assert (logged, caught) == ([], [])
    assert capfd.readouterr() == ("", "")


def test_images_are_found_in_folders_in_natural_order(tmp_path: Path) -> None:
    names = ["steel10.png", "steel2.PNG", "steel1.tif", "b/x.jpeg", "b/.hidden.png", "Thumbs.db",
             "notes.txt", ".git/y.png", "a/deep/z.bmp", "b/._x.jpeg", "st\u00b2.png"]  # fmt: skip
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    found = [path.relative_to(tmp_path).as_posix() for path in find_images([tmp_path])]
    assert found == [
        "a/deep/z.bmp",
        "b/x.jpeg",
        "steel1.tif",
        "steel2.PNG",
        "steel10.png",
        "st².png",
    ]


def test_files_are_taken_by_name_and_once(tmp_path: Path) -> None:
    odd, plain = tmp_path / "scan.dat", tmp_path / "a.png"
    odd.write_bytes(b"")
    plain.write_bytes(b"")
    assert find_images([odd, tmp_path, plain]) == [odd, plain]
    assert find_images([]) == []


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="needs links")
def test_a_link_that_leads_in_a_circle_ends(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    (tmp_path / "circle").symlink_to(tmp_path, target_is_directory=True)
    assert find_images([tmp_path]) == [tmp_path / "a.png"]


def test_a_path_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(PremaskError, match=r"nowhere: there is no such file or folder"):
        find_images([tmp_path / "nowhere"])
