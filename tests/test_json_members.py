"""Objects in JSON files of any length, member by member."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from premask.core.errors import PremaskError
from premask.io import json_parts
from premask.io.json_parts import json_members

VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
)


def read(path, content: str) -> dict:
    path.write_text(content, encoding="utf-8", newline="")
    found: dict = {}
    for key, place, value in json_members(path, {"a", "b"}):
        assert place.read() == value
        if key in {"a", "b"} and not (key in found and not isinstance(found[key], list)):
            found.setdefault(key, []).append(value)
        else:
            found[key] = value
    return found


@settings(deadline=None)
@given(
    st.dictionaries(st.text().filter(lambda key: key not in "ab"), VALUE, max_size=4),
    st.lists(VALUE, min_size=1, max_size=6),
    st.sampled_from([None, 1]),
    st.sampled_from([1, 2, 3, 7, 64, 1 << 20]),
)
def test_members_are_those_of_the_whole(tmp_path_factory, members, entries, indent, chunk):
    path = tmp_path_factory.getbasetemp() / "members.json"
    content = {**members, "a": entries}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_parts, "_CHUNK", chunk)
        for ascii_ in (True, False):
            text = json.dumps(content, indent=indent, ensure_ascii=ascii_)
            if ascii_ or text.isascii() or not has_surrogates(text):
                assert read(path, text) == content


def has_surrogates(text: str) -> bool:
    return any("\ud800" <= c <= "\udfff" for c in text)


@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_empty_objects_and_lists_and_the_mark_of_some_editors(tmp_path, start):
    path = tmp_path / "a.json"
    assert read(path, start + "{}") == {}
    assert read(path, start + ' { "a" : [ ] , "c" : 12 } ') == {"c": 12}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "does not begin with {, at byte 0"),
        ("[1]", "does not begin with {"),
        ('{"a": [1, 2', "at byte 11"),
        ('{"a": [1 2]}', "after entry 1 there is neither a comma nor ]"),
        ('{"a": 1}', "'a' is no array, at byte 6"),
        ('{"a": [1,]}', "entry 2 is no JSON"),
        ('{"c": 1,}', "member 2 has no name, at byte 8"),
        ('{"c": 1', "after member 1 there is neither a comma nor }"),
        ("{c: 1}", "member 1 has no name"),
        ('{"c" 1}', "there is no colon"),
        ('{"c": 1} 2', "after its end"),
        ('{"c": ' + "[" * 100_000, "nested too deeply"),
        ('{"c": ' + "1" * 5000 + "}", "entry 1 has a number with too many digits, at byte 6"),
        ('{"c": nope}', "no JSON"),
    ],
)
def test_what_is_no_object_is_refused_with_the_byte(tmp_path, text, said):
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(PremaskError) as caught:
        list(json_members(path, {"a", "b"}))
    assert str(caught.value).startswith("a.json: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
