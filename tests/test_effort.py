import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from helpers import TABLE_7, minutes_like
from premask.core.errors import PremaskError
from premask.evaluate.effort import ImageMinutes, SessionMinutes, effort, effort_by_stage
from premask.evaluate.effort_certainty import intervals, paired_test
from premask.evaluate.learning_curve import learning_curve


def session(image, annotator, strategy, minutes, kind="I", **more):
    stages = minutes if isinstance(minutes, dict) else {"repair": minutes}
    key = f"{image}{annotator}{strategy}{more.get('started', '')}"
    number = more.pop("session", sum(map(ord, key)) * 1000 + len(key))
    return SessionMinutes(number, image, kind, annotator, strategy, stages, **more)


def study(rows, kind="I"):
    """Of each image: minutes from scratch and pre-annotated, by annotator."""
    return [
        session(image, annotator, strategy, minutes, kind, session=i * 1000 + j * 10 + k)
        for i, (image, people) in enumerate(rows.items())
        for j, (annotator, both) in enumerate(people.items())
        for k, (strategy, minutes) in enumerate(zip(("scratch", "preannotated"), both, strict=True))
    ]


THREE = study(
    {
        "x": {"a": (100, 10), "b": (120, 20), "c": (200, 90)},  # medians 120, 20
        "y": {"a": (60, 30), "b": (80, 10)},  # 70, 20
        "z": {"a": (90, 50)},
    }
)


def test_known_answers():
    found = effort(THREE)
    assert [(one.scratch, one.preannotated) for one in found.images] == [
        (120, 20),
        (70, 20),
        (90, 50),
    ]
    (row,) = found.types
    assert (row.images, found.sessions) == (3, 12)
    assert (row.scratch.median, row.preannotated.median) == (90, 20)
    assert row.scratch.hours == 280 / 60
    assert row.preannotated.hours == 90 / 60
    assert row.scratch.std == pytest.approx(25.1661)  # deviations 26.67, -23.33, -3.33
    assert row.preannotated.std == pytest.approx(math.sqrt(300))
    assert row.saving == pytest.approx(1 - 20 / 90)
    assert row.saving_by_hours == found.saving_by_hours == pytest.approx(1 - 90 / 280)
    assert found.left_out == ()
    json.dumps(found.to_dict(), allow_nan=False)


def test_table_7_to_the_printed_digit():
    sessions = []
    for kind, (n, scratch, preannotated, _) in TABLE_7.items():
        pairs = zip(minutes_like(n, *scratch), minutes_like(n, *preannotated), strict=True)
        rows = {f"{kind}{i}": {"a": (x, y)} for i, (x, y) in enumerate(pairs)}
        offset = 10**6 * len(kind)
        sessions += [replace(s, session=s.session + offset) for s in study(rows, kind)]
    found = effort(sessions)
    for row in found.types:
        n, scratch, preannotated, saving = TABLE_7[row.type]
        assert row.images == n
        for arm, printed in ((row.scratch, scratch), (row.preannotated, preannotated)):
            assert round(arm.median) == printed[0]
            assert round(arm.hours) == printed[1]
            assert round(arm.std, 1) == printed[2]
        assert f"{100 * row.saving:.2f}" == saving
    assert [round(hours) for hours in found.hours] == [170, 37]
    assert f"{100 * found.saving_by_hours:.0f}" == "78"
    assert f"{100 * found.saving_mean_of_types:.1f}" == "78.6"


def test_sessions_of_one_person_on_one_image_are_added():
    again = session("z", "a", "preannotated", 7, session=5)
    assert effort([*THREE, again]).images[2].preannotated == 57


def test_with_and_without_each_stage():
    sessions = [
        session("x", "a", "scratch", {"repair": 100, "consensus": 20, None: 5}),
        session("x", "a", "preannotated", {"choose": 5, "name": 3, "repair": 30, "consensus": 12}),
    ]
    found = {stage: one.images[0] for stage, one in effort_by_stage(sessions).items()}
    assert {stage: (one.scratch, one.preannotated) for stage, one in found.items()} == {
        None: (125, 50),
        "choose": (125, 45),
        "name": (125, 47),
        "repair": (25, 20),
        "consensus": (105, 38),
    }
    assert math.isnan(effort(sessions).types[0].scratch.std)
    with pytest.raises(PremaskError, match=r"'repiar'; .*did you mean repair"):
        effort(sessions, without=["repiar"])


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"problem": "the session has no events"}, "the session has no events"),
        ({"submitted": False}, "it is not submitted yet"),
        ({"minutes": {"repair": 0.0}}, "it has no time"),
        ({"minutes": {"repair": math.nan}}, "its time is nan min"),
        ({"minutes": {"repair": -1.0}}, "its time is -1.0 min"),
        ({"strategy": "reference"}, "its strategy is reference; scratch and preannotated"),
    ],
)
def test_a_session_that_cannot_count_is_named(changes, why):
    broken = replace(THREE[0], **changes)
    found = effort([broken, *THREE[1:]])
    assert found.left_out[0].what.startswith("session 0 (a, image x, ")
    assert why in found.left_out[0].why
    assert (found.images[0].scratch, found.images[0].preannotated) == (160, 55)  # b and c
    assert found.sessions == 10, "the other session of a on x has no partner left"
    assert found.left_out[-1].what == "annotator a, image x"


def test_an_annotator_counts_on_an_image_only_with_both_strategies():
    lonely = [
        session("x", "d", "scratch", 1, session=900),
        session("v", "e", "scratch", 1, session=901),
        session("x", "e", "preannotated", 1, session=902),
        session("w", "d", "scratch", 1, session=903),
    ]
    found = effort([*THREE, *lonely])
    assert [(one.what, one.why) for one in found.left_out] == [
        ("annotator d", "has scratch only (sessions 900, 903)"),
        ("annotator e, image v", "has scratch only (session 901)"),
        ("annotator e, image x", "has preannotated only (session 902)"),
    ]
    assert found.types == effort(THREE).types


def test_different_people_are_no_pair():
    # Each image has both strategies and each person did both, but never on one image.
    crossed = [
        session("x", "slow", "scratch", 100, session=1),
        session("x", "quick", "preannotated", 10, session=2),
        session("y", "quick", "scratch", 20, session=3),
        session("y", "slow", "preannotated", 50, session=4),
    ]
    found = effort(crossed)
    assert (found.types, found.images, found.sessions) == ((), (), 0)
    assert [one.what for one in found.left_out] == [
        "annotator quick, image x",
        "annotator quick, image y",
        "annotator slow, image x",
        "annotator slow, image y",
    ]
    both = [
        *crossed,
        session("y", "quick", "preannotated", 5, session=5),
    ]
    assert [(one.image, one.scratch, one.preannotated) for one in effort(both).images] == [
        ("y", 20, 5)
    ]


def test_an_image_of_two_types_is_left_out():
    found = effort([replace(THREE[0], type="II"), *THREE[1:]])
    assert [one.what for one in found.left_out] == ["image x"]
    assert [one.image for one in found.images] == ["y", "z"]


def test_nothing_to_count_is_no_error():
    found = effort([])
    assert found.types == ()
    assert math.isnan(found.saving_by_hours)
    assert math.isnan(found.saving_mean_of_types)
    assert math.isnan(intervals(found).saving_by_hours.low)
    assert paired_test(found.images).images == 0
    assert learning_curve([]).points == ()
    json.dumps(found.to_dict(), allow_nan=False)


minutes = st.floats(0.5, 500)
studies = st.lists(
    st.dictionaries(st.sampled_from("abc"), st.tuples(minutes, minutes), min_size=1),
    min_size=1,
    max_size=6,
).map(lambda rows: study({f"i{i}": people for i, people in enumerate(rows)}))


@given(studies, st.permutations("abc"), st.randoms(use_true_random=False))
def test_permuting_annotators_and_sessions_changes_nothing(sessions, names, random):
    renamed = [replace(s, annotator=names["abc".index(s.annotator)]) for s in sessions]
    random.shuffle(renamed)
    assert effort(renamed).images == effort(sessions).images
    np.testing.assert_equal(effort(renamed).to_dict(), effort(sessions).to_dict())


@given(studies, st.data())
def test_what_has_no_partner_changes_nothing(sessions, data):
    gone = data.draw(st.sets(st.sampled_from(range(len(sessions)))))
    kept = [one for i, one in enumerate(sessions) if i not in gone]
    pairs = {}
    for one in kept:
        pairs.setdefault((one.image, one.annotator), []).append(one)
    whole = [one for had in pairs.values() if len(had) == 2 for one in had]
    found = effort(kept)
    assert found.types == effort(whole).types
    assert found.sessions == len(whole)
    names = " ".join(f"{one.what} {one.why}" for one in found.left_out)
    for one in kept:
        assert (one in whole) or str(one.session) in names


@given(studies)
def test_scaling_all_times_leaves_the_saving(sessions):
    double = [replace(s, minutes={"repair": 2 * s.minutes["repair"]}) for s in sessions]
    assert effort(double).saving_by_hours == pytest.approx(effort(sessions).saving_by_hours)


def test_agrees_with_the_bootstrap_of_scipy():
    rng = np.random.default_rng(2)
    scratch = rng.gamma(4, 30, 40)
    pre = scratch * rng.uniform(0.1, 0.4, 40)
    found = effort(
        study({f"i{i:02}": {"a": both} for i, both in enumerate(zip(scratch, pre, strict=True))})
    )
    ours = intervals(found, resamples=20_000, seed=1)

    def reference(statistic):
        done = stats.bootstrap(
            (scratch, pre), statistic, paired=True, vectorized=False, method="percentile",
            n_resamples=4_000, rng=np.random.default_rng(5),
        )  # fmt: skip
        return done.confidence_interval

    by_hours = reference(lambda x, y: 1 - y.sum() / x.sum())
    assert (ours.saving_by_hours.low, ours.saving_by_hours.high) == pytest.approx(
        by_hours, abs=0.005
    )
    by_medians = reference(lambda x, y: 1 - np.median(y) / np.median(x))
    row = ours.types[0]
    assert (row.saving.low, row.saving.high) == pytest.approx(by_medians, abs=0.01)
    assert ours.saving_mean_of_types == row.saving
    median = reference(lambda x, y: np.median(x))
    assert (row.scratch.low, row.scratch.high) == pytest.approx(median, rel=0.03)
    assert intervals(found, resamples=20_000, seed=1) == ours
    assert intervals(found, resamples=20_000, seed=2) != ours


def test_pairs_stay_together_in_the_bootstrap():
    pairs = {f"i{i}": {"a": (x, x / 4)} for i, x in enumerate([40, 80, 100, 300])}
    found = intervals(effort(study(pairs)), resamples=200)
    assert (found.saving_by_hours.low, found.saving_by_hours.high) == (0.75, 0.75)


def test_an_interval_of_one_image_is_undefined():
    found = intervals(effort(study({"x": {"a": (9, 3)}})), resamples=100)
    assert math.isnan(found.types[0].saving.low)
    assert math.isnan(found.saving_by_hours.width)


@pytest.mark.parametrize("options", [{"level": 1.0}, {"level": 0.0}, {"resamples": 99}])
def test_intervals_out_of_range_are_refused(options):
    with pytest.raises(PremaskError, match=r"accepted"):
        intervals(effort(THREE), **options)


def pairs(differences):
    return [ImageMinutes(f"{i:03}", "I", 100.0 + d, 100.0) for i, d in enumerate(differences)]


@pytest.mark.parametrize("n", [2, 3, 7, 14, 40, 80])
def test_paired_tests_agree_with_scipy(n):
    differences = np.round(np.random.default_rng(n).normal(3, 9, n), 3)
    ours = paired_test(pairs(differences), resamples=20_000)
    signs = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=20_000,
        rng=np.random.default_rng(0),
    )  # fmt: skip
    assert ours.wilcoxon_p == pytest.approx(stats.wilcoxon(100 + differences - 100).pvalue)
    assert ours.permutation_p == pytest.approx(signs.pvalue, abs=1e-12 if n < 14 else 0.015)
    assert ours.median_difference == pytest.approx(np.median(differences))


def test_sign_flips_by_hand():
    assert paired_test(pairs([1, 2, 3, 4])).permutation_p == 2 / 16
    assert paired_test(pairs([1, 2, 3, 4])).wilcoxon_p == 2 / 16
    assert paired_test(pairs([-1, 2, 3])).permutation_p == 4 / 8  # |sum| >= 4: +-4, +-6


def test_a_drawn_p_is_never_0():
    assert paired_test(pairs([5] * 40), resamples=100).permutation_p == 1 / 101


def test_no_difference_has_a_p_of_1():
    found = paired_test(pairs([0, 0, 0]))
    assert (found.wilcoxon_p, found.permutation_p) == (1, 1)


def test_ties_and_zeros_are_no_warning():
    assert 0 < paired_test(pairs([0, 0, 5, 5, -5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5])).wilcoxon_p < 0.05


def test_learning_curve_by_hand():
    def passes(annotator, *times):
        return [
            session(image, annotator, strategy, m, started=i, session=ord(annotator) * 100 + i)
            for i, (image, strategy, m) in enumerate(times)
        ]

    a = passes("a", ("x", "scratch", 80), ("y", "preannotated", 10), ("y", "scratch", 20),
               ("x", "preannotated", 40))  # fmt: skip
    b = passes("b", ("x", "scratch", 100), ("x", "preannotated", 30))
    found = learning_curve([*reversed(b), *a])
    assert [(p.strategy, p.order, p.annotators, p.median) for p in found.points] == [
        ("preannotated", 2, 2, 20),
        ("preannotated", 4, 1, 40),
        ("scratch", 1, 2, 90),
        ("scratch", 3, 1, 20),
    ]
    assert found.trend == pytest.approx({"scratch": -0.5, "preannotated": 1.0})
    assert found.mean_order == pytest.approx({"scratch": 2 / 9, "preannotated": 7 / 9})
    assert found.preannotated_second == 2 / 3
    assert found.sessions == {"scratch": 3, "preannotated": 3}
    assert set(found.people) == {"a", "b"}
    assert found.people["a"].trend == pytest.approx({"scratch": -0.5, "preannotated": 1.0})
    assert [p.median for p in found.people["b"].points] == [30, 100]
    assert math.isnan(found.people["b"].trend["scratch"]), "one session is no course"


def test_practice_is_found_in_sessions_that_get_quicker():
    rows = {f"i{i:02}": {"a": (100 * 0.9**i, 20 * 0.9**i)} for i in range(12)}
    sessions = [replace(s, started=s.session // 1000 * 2 + s.session % 10) for s in study(rows)]
    found = learning_curve(sessions)
    assert found.trend == pytest.approx(dict.fromkeys(("scratch", "preannotated"), 0.9**0.5 - 1))
    assert found.preannotated_second == 1
