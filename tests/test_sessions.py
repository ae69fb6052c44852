import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from premask.core.errors import PremaskError
from premask.core.sessions import Event, parse_batch, unseen

NOON = 1_700_000_000_000


def raw(seq=0, kind="open", t=0, **more):
    return {"kind": kind, "page": "p1", "seq": seq, "t": t, "wall": NOON + t, **more}


def event(seq, t, kind="activity", page="p", data=None):
    return Event(kind, page, seq, t, NOON + t, NOON + t + 100, data or {})


def test_a_batch_is_read():
    stroke = {"start": 10.4, "end": 19.6, "tool": "brush", "phase": 2, "px": 55}
    events = parse_batch(
        [raw(), raw(1, "stroke", 19.6, data=stroke), raw(2, "activity", 30, data={"until": 4000})],
        received=NOON + 5,
    )
    assert [one.kind for one in events] == ["open", "stroke", "activity"]
    assert events[1].data == {**stroke, "start": 10, "end": 20}
    assert events[1].t == 20
    assert events[2].data["until"] == 4000
    assert {one.received for one in events} == {NOON + 5}
    assert parse_batch([], received=NOON) == ()


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ("open", r"the events are 'open'; a list"),
        ([raw(), 7], r"event 1 of the batch is 7; an object"),
        ([raw(kind="opne")], r"event 0 of the batch: kind is 'opne'; .*did you mean open"),
        ([raw(kind=["open"])], r"kind is \['open'\]"),
        ([raw() | {"page": ""}], r"\(open\): page is ''; 1 to 64"),
        ([raw() | {"page": "x" * 65}], r"page is 'xxx"),
        ([raw(-1)], r"seq is -1; a whole number from 0"),
        ([raw(True)], r"seq is True"),
        ([raw(1.5)], r"seq is 1.5"),
        ([raw() | {"t": -1}], r"\(open\): t is -1; 0 to"),
        ([raw() | {"t": math.nan}], r"t is nan"),
        ([raw() | {"t": 10**400}], r"t is a huge number"),
        ([raw() | {"t": "1"}], r"t is '1'"),
        ([raw() | {"wall": 5}], r"wall is 5; 946684800000 to"),
        ([raw() | {"wall": None}], r"wall is None"),
        ([raw(kind="stage", data={"stage": "repiar"})], r"stage is 'repiar'; .*mean repair"),
        ([raw(kind="stage")], r"data has no stage"),
        ([raw(kind="tool", data={"tool": ""})], r"tool is ''"),
        ([raw(kind="phase", data={"phase": 256})], r"phase is 256; a whole number from 0 to 255"),
        ([raw(kind="activity", data={"until": 10_001})], r"until is 10001; 0 to 10000"),
        ([raw(kind="activity", t=9, data={"until": 8})], r"until is 8; 9 to"),
        (
            [raw(kind="stroke", t=9, data={"start": 1, "end": 10, "tool": "x"})],
            r"end is 10; 0 to 9 ms",
        ),
        (
            [raw(kind="stroke", t=9, data={"start": 7, "end": 6, "tool": "x"})],
            r"start is 7; 0 to 6 ms",
        ),
        (
            [raw(kind="stroke", t=9, data={"start": 1, "end": 6, "tool": "x", "px": -3})],
            r"px is -3",
        ),
        ([raw(data=[1])], r"data is \[1\]; an object"),
        ([raw(data={"x": math.inf})], r"data is no JSON"),
        ([raw(data={"x": "a" * 5000})], r"data has \d+ characters; at most 4096"),
        ([raw()] * 5001, r"5001 events in one batch; at most 5000"),
    ],
)
def test_what_is_no_event_is_refused(batch, message):
    with pytest.raises(PremaskError, match=message):
        parse_batch(batch, received=NOON)


json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
keys = st.sampled_from(["kind", "page", "seq", "t", "wall", "data"])


def refusal(batch):
    """The error's message, empty where there is none."""
    try:
        parse_batch(batch, received=NOON)
    except PremaskError as error:
        return str(error)
    return ""


@given(st.lists(st.dictionaries(keys, json)) | json)
def test_anything_else_is_one_clear_error(batch):
    assert "\n" not in refusal(batch)


@given(st.sampled_from(["t", "wall", "seq", "data", "page", "kind"]), json)
def test_any_value_in_a_good_event_is_read_or_refused(key, value):
    message = refusal([raw() | {key: value}])
    assert not message or "event 0" in message


def test_a_batch_that_is_sent_again_is_kept_once():
    log = unseen([], [event(0, 0, "open"), event(1, 5)])
    again = [event(1, 5), event(2, 9)]
    assert unseen(log, again) == (event(2, 9),)
    assert unseen(log, log) == ()
    assert unseen([], [event(0, 0), event(0, 0)]) == (event(0, 0),)


def test_a_second_receipt_at_another_time_is_the_same_event():
    later = Event("activity", "p", 1, 5, NOON + 5, NOON + 99_999)
    assert unseen([event(1, 5)], [later]) == ()


def test_an_event_that_comes_again_with_other_content_is_refused():
    with pytest.raises(PremaskError, match=r"event 1 of page p was activity at 5 ms .* tool at 5"):
        unseen([event(1, 5)], [event(1, 5, "tool", data={"tool": "fill"})])


@pytest.mark.parametrize(
    ("known", "batch"),
    [
        ([event(0, 10)], [event(1, 9)]),
        ([event(1, 9)], [event(0, 10)]),
        ([], [event(0, 10), event(1, 9)]),
        ([event(0, 5), event(2, 8)], [event(1, 10)]),
    ],
)
def test_time_that_falls_within_a_page_is_refused(known, batch):
    with pytest.raises(PremaskError, match=r"before event \d at 10 ms; the time of a page never"):
        unseen(known, batch)


def test_each_page_has_its_own_clock():
    assert len(unseen([event(0, 1000)], [event(1, 2, page="q"), event(1, 1000)])) == 2


@given(st.data())
def test_batches_in_any_order_and_number_make_one_log(data):
    times = sorted(data.draw(st.lists(st.integers(0, 100), min_size=1, max_size=20)))
    events = [event(i, t, page="ab"[i % 2]) for i, t in enumerate(times)]
    sent = data.draw(st.permutations(events * 2))
    cut = data.draw(st.integers(0, len(sent)))
    log = unseen([], sent[:cut])
    log += unseen(log, sent[cut:])
    assert sorted(log, key=lambda one: one.seq) == events
