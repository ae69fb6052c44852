from dataclasses import replace
from functools import reduce
from operator import add

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from premask.core import sessions
from premask.core.errors import PremaskError
from premask.core.sessions import Event, unseen
from premask.evaluate.session_time import Time, time_of

NOON = 1_700_000_000_000
S, MIN, H = 1_000, 60_000, 3_600_000


class Desk:
    """An injected clock: true time passes, and what each clock shows of it is scripted."""

    def __init__(self):
        self.now = 0  # true ms, the server's clock
        self.wrong = 0  # client's wall clock minus the true one
        self.frozen = 0  # what the monotonic clock missed
        self.latency = 80
        self.begun = {}
        self.seqs = {}
        self.log = []
        self.waiting = []
        self.online = True

    def do(self, kind, page="a", **data):
        if page not in self.begun:
            self.begun[page] = self.now - self.frozen
        t = self.now - self.frozen - self.begun[page]
        seq = self.seqs[page] = self.seqs.get(page, -1) + 1
        wall = NOON + self.now + self.wrong
        self.waiting.append(Event(kind, page, seq, t, wall, 0, data))
        if self.online:
            self.send()
        return self

    def send(self):
        received = NOON + self.now + self.latency
        self.log += [replace(one, received=received) for one in self.waiting]
        self.waiting = []

    def wait(self, ms):
        self.now += ms
        return self

    def work(self, ms, page="a", every=4 * S):
        """Heartbeats for so long."""
        end = self.now + ms
        while self.now + every <= end:
            self.wait(every).do("activity", page)
        return self.wait(end - self.now)

    def sleep(self, ms, *, frozen):
        self.frozen += ms if frozen else 0
        return self.wait(ms)

    def stroke(self, ms, page="a", **data):
        start = self.now - self.frozen - self.begun[page]
        return self.wait(ms).do("stroke", page, start=start, end=start + ms, **data)

    @property
    def time(self):
        return time_of(unseen([], self.log))


def codes(time):
    return {finding.code for finding in time.findings}


def test_each_measure_by_hand():
    desk = Desk().do("open")
    for gap in (10 * S, 59 * S, 60 * S, 61 * S, 99_999, 100 * S, 299 * S, 300 * S, 301 * S):
        desk.wait(gap).do("activity")
    time = desk.do("submit").time
    gaps = [10, 59, 60, 61, 99.999, 100, 299, 300, 301]
    assert time.total == Time(
        active=round(1000 * sum(min(g, 300) for g in gaps)),
        strict60=round(1000 * sum(min(g, 60) for g in gaps)),
        gap100=round(1000 * sum(g for g in gaps if g < 100)),
        wall=round(1000 * sum(gaps)),
    )
    assert time.total.minutes("wall") == pytest.approx(sum(gaps) / 60)
    assert time.submitted
    assert time.started == NOON
    assert not time.problem


def test_an_unknown_measure_is_refused():
    with pytest.raises(PremaskError, match=r"'activ'; active, .*did you mean active"):
        Time().minutes("activ")


def test_both_ends_of_strokes_and_heartbeats_are_activities():
    desk = Desk().do("open").stroke(200 * S, tool="brush")
    desk.do("activity", until=desk.now + 5 * S).wait(5 * S)
    time = desk.wait(250 * S).do("close").time
    assert time.total.wall == 455 * S
    assert time.total.strict60 == (60 + 5 + 60) * S
    assert time.strokes == 1


def test_saves_do_not_keep_the_clock_running():
    desk = Desk().do("open")
    for _ in range(200):
        desk.wait(4 * S).do("save")
    assert desk.do("close").time.total.active == 300 * S


def test_hidden_time_is_one_gap_from_the_activity_before_to_the_one_after():
    desk = Desk().do("open").wait(10 * S).do("activity").wait(5 * S).do("hidden")
    desk.wait(400 * S).do("visible").wait(5 * S).do("activity").do("close")
    assert desk.time.total == Time(310 * S, 70 * S, 10 * S, 420 * S)


def test_short_hidden_time_counts_as_any_short_gap():
    desk = Desk().do("open").wait(S).do("hidden").wait(20 * S).do("visible").wait(S).do("close")
    assert desk.time.total.active == 22 * S


@pytest.mark.parametrize(("away", "back"), [("hidden", "visible"), ("blur", "focus")])
def test_heartbeats_of_a_page_that_is_away_do_not_count(away, back):
    desk = Desk().do("open").do(away).work(1000 * S).do(back).do("activity").do("close")
    assert desk.time.total.active == 300 * S
    assert "while-away" in codes(desk.time)


def test_an_act_proves_that_the_page_is_there():
    desk = Desk().do("open").do("blur").stroke(S, tool="brush").work(400 * S).do("close")
    assert desk.time.total.active == 401 * S


@pytest.mark.parametrize("frozen", [True, False])
def test_lid_closed_overnight_counts_at_most_300_s(frozen):
    desk = Desk().do("open").work(10 * MIN).sleep(14 * H, frozen=frozen).work(10 * MIN).do("close")
    total = desk.time.total
    assert total.active == (20 * MIN - 4 * S) + 300 * S
    assert total.wall == 14 * H + 20 * MIN
    assert total.gap100 == 20 * MIN - 4 * S
    assert ("slept" in codes(desk.time)) == frozen


def test_sleep_is_seen_though_the_last_events_were_sent_after_it():
    desk = Desk().do("open").work(MIN)
    desk.online = False
    desk.wait(S).do("activity").sleep(8 * H, frozen=True)
    desk.online = True
    desk.work(MIN).do("close")
    assert desk.time.total.active == 61 * S + 300 * S + 56 * S
    assert desk.time.total.wall == 8 * H + 121 * S


@pytest.mark.parametrize("jump", [-H, -30 * S, 3 * S, 30 * S, H, 24 * 365 * H])
def test_a_change_of_the_wall_clock_changes_nothing(jump):
    desk = Desk().do("open").work(10 * MIN)
    desk.wrong += jump
    time = desk.work(10 * MIN).do("close").time
    assert set(vars(time.total).values()) == {20 * MIN}
    assert "clock-set" in codes(time)


def test_a_clock_that_is_set_during_sleep():
    desk = Desk().do("open").work(MIN).sleep(8 * H, frozen=True)
    desk.wrong = -2 * H
    assert desk.work(MIN).do("close").time.total.active == 116 * S + 300 * S


def test_a_slow_drift_of_the_wall_clock_is_nothing():
    desk = Desk().do("open")
    for _ in range(100):
        desk.wrong += 100
        desk.work(4 * S)
    assert desk.do("close").time.total.wall == 400 * S
    assert not desk.time.findings


@pytest.mark.parametrize("jump", [0, -H, H])
def test_two_tabs_never_count_twice(jump):
    desk = Desk().do("open", "a").work(MIN, "a")
    desk.wrong = jump
    desk.do("open", "b")
    for _ in range(30):
        desk.wait(S).do("activity", "a").wait(S).do("activity", "b")
    desk.do("close", "a").do("close", "b")
    assert set(vars(desk.time.total).values()) == {2 * MIN}
    assert ("clocks-differ" in codes(desk.time)) == (jump != 0)


def test_a_hidden_tab_does_not_stop_the_other():
    desk = Desk().do("open", "a").do("hidden", "a").do("open", "b").work(400 * S, "b")
    assert desk.do("close", "b").time.total.active == 400 * S


@pytest.mark.parametrize("end", ["close", "submit"])
def test_nobody_works_between_closing_and_opening_again(end):
    desk = Desk().do("open").work(MIN).do(end).wait(20 * H).do("open", "b").work(MIN, "b")
    assert set(vars(desk.do("close", "b").time.total).values()) == {2 * MIN}


def test_a_page_left_open_after_submitting_counts_nothing():
    desk = Desk().do("open").work(MIN).do("submit").wait(H).do("close")
    assert desk.time.total.wall == MIN


def test_a_page_that_vanished_counts_as_an_idle_gap():
    desk = Desk().do("open").work(MIN).wait(20 * H).do("open", "b").work(MIN, "b").do("close", "b")
    assert desk.time.total.active == 2 * MIN + 300 * S
    assert "vanished" in codes(desk.time)


def test_a_journal_that_is_sent_hours_later_changes_nothing():
    now, later = Desk(), Desk()
    later.online = False
    for desk in (now, later):
        desk.do("open").work(10 * MIN).wait(200 * S).work(MIN).do("close")
    later.wait(9 * H).send()
    assert now.time == later.time


def test_time_of_each_stage_tool_and_phase():
    desk = Desk().do("open", stage="choose").wait(30 * S).do("stage", stage="repair")
    desk.wait(5 * S).do("tool", tool="brush").wait(7 * S).do("phase", phase=2)
    desk.wait(2 * S).stroke(3 * S, tool="fill", phase=1).wait(4 * S).do("submit")
    time = desk.time
    assert time.stage_minutes("wall") == {"choose": 0.5, "repair": 0.35}
    assert {k: v.active for k, v in time.by_stage.items()} == {"choose": 30 * S, "repair": 21 * S}
    assert {k: v.active for k, v in time.by_tool.items()} == {
        None: 35 * S,
        "brush": 9 * S,
        "fill": 7 * S,
    }
    assert {k: v.active for k, v in time.by_phase.items()} == {None: 42 * S, 2: 2 * S, 1: 7 * S}


def test_heartbeats_within_a_stroke_belong_to_the_tool_of_the_stroke():
    desk = Desk().do("open", tool="brush")
    desk.wait(S).do("activity").do("stroke", start=S, end=S, tool="brush")
    desk.wait(4 * S).do("activity").wait(4 * S)
    desk.do("stroke", start=S, end=9 * S, tool="lasso").do("close")
    assert {k: v.wall for k, v in desk.time.by_tool.items()} == {"brush": S, "lasso": 8 * S}


def test_each_tab_has_its_own_tool_and_a_new_one_inherits_it():
    desk = Desk().do("open", "a", tool="brush").wait(S).do("open", "b")
    desk.wait(S).do("activity", "b").wait(S).do("tool", "b", tool="fill")
    desk.wait(S).do("activity", "a").wait(S).do("activity", "b")
    assert {k: v.wall for k, v in desk.time.by_tool.items()} == {"brush": 4 * S, "fill": S}


def test_a_new_tab_inherits_what_the_session_had_in_hand_last():
    desk = Desk().do("open", "a", tool="brush").do("open", "b", tool="fill")
    desk.wait(S).do("tool", "a", tool="lasso").wait(S).do("open", "c").wait(S).do("close", "c")
    assert {k: v.wall for k, v in desk.time.by_tool.items()} == {
        "brush": S,
        "lasso": 2 * S,
    }


@pytest.mark.parametrize("late", [-70, 3 * S])
def test_slow_receipts_do_not_blur_sleep_and_clock_changes(late):
    slept = Desk().do("open").work(MIN).sleep(H, frozen=True)
    changed = Desk().do("open").work(MIN)
    changed.wrong = H
    for desk, wall in ((slept, H + 2 * MIN), (changed, 2 * MIN)):
        desk.latency += late
        assert desk.work(MIN).do("close").time.total.wall == wall


@pytest.mark.parametrize(
    ("log", "code"),
    [
        ([], "no-events"),
        (Desk().do("open").log, "no-activity"),
        (Desk().do("focus").do("save").log, "no-activity"),
    ],
)
def test_a_log_without_time_is_named(log, code):
    time = time_of(log)
    assert code in codes(time)
    assert time.problem
    assert time.total == Time()


def test_time_that_runs_backwards_is_named_and_not_counted():
    log = Desk().do("open").work(MIN).log
    log[5] = replace(log[5], t=3)
    time = time_of(log)
    assert (
        "time runs backwards at event 5 of page a (3 ms after 16000 ms), 1 time in" in time.problem
    )
    assert time.total == Time()


def test_two_contents_under_one_seq_are_named_and_not_counted():
    log = Desk().do("open").work(MIN).log
    assert (
        "event 3 of page a is there twice" in time_of([*log, replace(log[3], kind="save")]).problem
    )


def test_lost_events_are_named():
    log = Desk().do("open").work(MIN).do("close").log
    del log[4:6]
    assert "2 events of page a missing" in [one.message for one in time_of(log).findings]


KINDS = st.sampled_from([kind for kind in sessions.KINDS if kind != "open"])
STEP = st.tuples(KINDS, st.sampled_from("ab"), st.integers(0, 400 * S), st.integers(0, 3))


@st.composite
def logs(draw):
    desk = Desk().do("open", "a").do("open", "b")
    for kind, page, ms, n in draw(st.lists(STEP, max_size=30)):
        desk.wait(ms)
        data = {
            "tool": {"tool": f"tool{n}"},
            "phase": {"phase": n},
            "stage": {"stage": ["choose", "name", "repair", "consensus"][n]},
        }
        if kind == "stroke":
            desk.stroke(n * S, page, tool=f"tool{n}", phase=n)
        else:
            desk.do(kind, page, **data.get(kind, {}))
    return desk.wait(S).do("activity", "a").log


@given(logs())
def test_parts_sum_to_the_total_and_measures_are_in_order(log):
    time = time_of(log)
    for parts in (time.by_stage, time.by_tool, time.by_phase):
        assert reduce(add, parts.values(), Time()) == time.total
    total = time.total
    assert 0 <= total.strict60 <= total.active <= total.wall
    assert 0 <= total.gap100 <= total.active
    assert total.wall <= log[-1].received - log[0].received


@given(logs(), st.randoms(use_true_random=False))
def test_order_and_repetition_of_the_log_change_nothing(log, random):
    shuffled = log + [replace(one, received=one.received + H) for one in log[::3]]
    random.shuffle(shuffled)
    assert time_of(shuffled) == time_of(log)


@given(logs(), st.integers(-H, H), st.integers(0, 30))
def test_no_wall_clock_change_adds_or_takes_time(log, jump, place):
    changed = [replace(one, wall=one.wall + jump * (i >= place + 2)) for i, one in enumerate(log)]
    assert time_of(changed).total == time_of(log).total


def test_agrees_with_a_plain_sum_on_a_long_log():
    rng = np.random.default_rng(0)
    gaps = rng.choice(
        [50, 4_000, 70_000, 150_000, 400_000], 100_000, p=[0.5, 0.44, 0.03, 0.02, 0.01]
    )
    times = np.cumsum(gaps).tolist()
    log = [Event("activity", "p", i, t, NOON + t, NOON + t) for i, t in enumerate(times)]
    total = time_of(log).total
    later = gaps[1:].tolist()
    assert total.active == sum(min(g, 300_000) for g in later)
    assert total.gap100 == sum(g for g in later if g < 100_000)
