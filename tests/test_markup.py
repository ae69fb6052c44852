"""XML of others: its parts, and what is refused."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from premask.core.errors import PremaskError
from premask.io.markup import read_part, read_parts

TEXT = """\ufeff<?xml version="1.0" encoding="utf-8"?>
<list><!-- a note <image> -->
  <meta><name>größe &amp; &#228;</name></meta>
  <image id="0"/><image id="1" name='&lt;"x"&gt;'><mask rle="0, 4"></mask>text<b/></image >
  <image
   id="2"></image>
</list>
"""


def test_parts_are_read_again_as_they_are(tmp_path):
    path = tmp_path / "a.xml"
    path.write_text(TEXT, encoding="utf-8")
    whole = ElementTree.fromstring(TEXT.lstrip("\ufeff"))
    parts = list(read_parts(path, "list"))
    assert [part.name for part in parts] == ["meta", "image", "image", "image"]
    for part, wanted in zip(parts, whole, strict=True):
        found = read_part(path, part)
        assert part.attributes == wanted.attrib
        found.tail = wanted.tail
        assert ElementTree.tostring(found) == ElementTree.tostring(wanted)


def test_parts_are_found_across_the_chunks_that_a_file_is_read_in(tmp_path):
    path = tmp_path / "a.xml"
    note = "ä" * 700_000
    images = "".join(f'<image id="{i}"><mask rle="{i}">{note}</mask></image>' for i in range(4))
    path.write_text(f"<list>{images}</list>", encoding="utf-8")
    parts = list(read_parts(path, "list"))
    assert [read_part(path, part).find("mask").get("rle") for part in parts] == list("0123")


BOMB = """<!DOCTYPE list [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>
<list>&b;</list>"""


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "line 1, column 1"),
        (b"<list><image>", "line 1, column 14"),
        (b"<list>\n<image></list>", "line 2, column 10"),
        (b"<list/><list/>", "junk after document element"),
        (b"no xml", "syntax error"),
        (b"<other/>", "its root is <other>; <list> is accepted"),
        (BOMB.encode(), "document type"),
        (b'<!DOCTYPE list SYSTEM "file:///etc/passwd"><list/>', "document type"),
        ('<?xml version="1.0"?><list/>'.encode("utf-16"), "UTF-16"),
        (b'<?xml version="1.0" encoding="latin-1"?><list/>', "latin-1"),
        (b'<list a="\xff"/>', "not well-formed"),
        (b"<list>&b;</list>", "undefined entity"),
    ],
)
def test_what_is_refused(tmp_path: Path, data: bytes, said: str):
    path = tmp_path / "a.xml"
    path.write_bytes(data)
    with pytest.raises(PremaskError, match=f"^a.xml: .*{said}"):
        list(read_parts(path, "list"))


def test_a_file_that_is_gone_and_elements_without_end_are_refused(tmp_path):
    with pytest.raises(PremaskError, match=r"^a.xml: it cannot be read"):
        list(read_parts(tmp_path / "a.xml", "list"))
    path = tmp_path / "deep.xml"
    path.write_text("<list><image>" + "<a>" * 60 + "</a>" * 60 + "</image></list>")
    (part,) = read_parts(path, "list")
    with pytest.raises(PremaskError, match=r"^deep.xml: more than 50"):
        read_part(path, part)
