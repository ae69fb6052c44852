"""Long JSON entry by entry: the same values as json.loads, and the place of what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masks import ANY_JSON
from premask.core.errors import PremaskError
from premask.io import json_parts
from premask.io.json_parts import json_entries, json_lines
from premask.io.structured import read_json


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("json") / "a.json"


@given(
    st.lists(ANY_JSON, max_size=5),
    st.integers(1, 40),
    st.sampled_from([None, 1]),
    st.booleans(),
    st.sampled_from(["", "\ufeff"]),
)
def test_entries_are_those_of_json(path, values, chunk, indent, ascii_, mark) -> None:
    text = json.dumps(values, indent=indent, ensure_ascii=ascii_)
    path.write_text(mark + text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_parts, "_CHUNK", chunk)
        found = list(json_entries(path))
    assert repr([value for _, value in found]) == repr(json.loads(text))
    assert [entry.number for entry, _ in found] == list(range(1, len(values) + 1))
    assert repr([entry.read() for entry, _ in found]) == repr(json.loads(text))


@given(st.lists(ANY_JSON, max_size=5), st.sampled_from(["", "\n", " \r\n"]))
def test_lines_are_those_of_json(path, values, gap) -> None:
    path.write_text("".join(f"{json.dumps(one)}\n{gap}" for one in values), encoding="utf-8")
    found = list(json_lines(path))
    assert repr([value for _, value in found]) == repr(json.loads(json.dumps(values)))
    assert repr([entry.read() for entry, _ in found]) == repr([value for _, value in found])


def test_object_alone_is_an_entry(path) -> None:
    path.write_text(' {"a": 1}\n', encoding="utf-8")
    assert [value for _, value in json_entries(path)] == [{"a": 1}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a.json: it begins with neither [ nor {, at byte 0"),
        ("  x", "a.json: it begins with neither [ nor {, at byte 2"),
        ('["ü", {"b": ', "a.json: entry 2 is no JSON, or cut off (Expecting value), at byte 13"),
        ('[{"a": "x', "a.json: entry 1 is no JSON, or cut off (Unterminated string starting at)"),
        ("[1 2]", "a.json: after entry 1 there is neither a comma nor ], at byte 3"),
        ("[1, ", "a.json: entry 2 is no JSON, or cut off (Expecting value), at byte 4"),
        ("[1", "a.json: after entry 1 there is neither a comma nor ], at byte 2"),
        ("[1,]", "a.json: entry 2 is no JSON, or cut off (Expecting value), at byte 3"),
        ("[1] 2", "a.json: there is something after its end, at byte 4"),
        ("[" * 100_000, "a.json: entry 1 is nested too deeply, at byte 1"),
        ("[" + "9" * 5000 + "]",
         "a.json: entry 1 has a number with too many digits, at byte 1; export it again"),
        ('[1, {"é": -' + "9" * 5000 + "}]",
         "a.json: entry 2 has a number with too many digits, at byte 11; export it again"),
    ],
)  # fmt: skip
def test_faults_are_told_with_their_place(path, text, message) -> None:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PremaskError) as refused:
        list(json_entries(path))
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize(
    ("before", "line", "column"),
    [
        ("", 1, 1),
        ("-", 1, 1),
        ('{"a":\n [1, ', 2, 6),
        ('["' + "9" * 5000 + '", "\\"' + "9" * 5000 + '", ', 1, 10_012),
        ("[0." + "9" * 5000 + ", " + "9" * 4300 + ", 1e5, ", 1, 9_313),
    ],
)
def test_a_number_that_is_too_long_is_told_with_its_place(path, before, line, column) -> None:
    path.write_text(before + "9" * 6000 + "\n]", encoding="utf-8")
    with pytest.raises(PremaskError) as refused:
        read_json(path)
    assert str(refused.value) == (
        f"a.json: a number with too many digits, at line {line}, column {column}; export it again"
    )


def test_fault_in_the_middle_is_found_without_reading_the_rest(path, monkeypatch) -> None:
    monkeypatch.setattr(json_parts, "_CHUNK", 64)
    path.write_text("[1, {]" + "1," * 1000, encoding="utf-8")
    with pytest.raises(PremaskError, match=r"entry 2 is no JSON, or cut off .*at byte 5"):
        list(json_entries(path))


def test_entry_that_is_too_long_is_refused(path, monkeypatch) -> None:
    monkeypatch.setattr(json_parts, "_CHUNK", 64)
    monkeypatch.setattr(json_parts, "MAX_ENTRY", 1000)
    path.write_text(json.dumps(["a" * 5000]), encoding="utf-8")
    with pytest.raises(PremaskError, match=r"a\.json: entry 1 has more than"):
        list(json_entries(path))
    with pytest.raises(PremaskError, match=r"a\.json: entry 1 has more than"):
        list(json_lines(path))


def test_broken_bytes_and_missing_files_are_refused(path) -> None:
    path.write_bytes(b'["\xff"]')
    for read in (json_entries, json_lines):
        with pytest.raises(PremaskError, match=r"a\.json: .*no UTF-8 text"):
            list(read(path))
        with pytest.raises(PremaskError, match=r"b\.json: it cannot be read: No such file"):
            list(read(path.with_name("b.json")))


def test_file_that_changes_is_refused(path) -> None:
    path.write_text('[{"a": 1}, {"b": 2}]', encoding="utf-8")
    entries = [entry for entry, _ in json_entries(path)]
    path.write_text("[]", encoding="utf-8")
    with pytest.raises(PremaskError, match=r"a\.json: entry 2: no JSON, or cut off"):
        entries[1].read()
