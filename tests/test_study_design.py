"""Who does what: every rule of the design holds for every plan; how many images it takes."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from premask.core.errors import PremaskError
from premask.core.sessions import STRATEGIES
from premask.evaluate.effort import ImageMinutes
from premask.evaluate.study_design import assign, expected_precision, spread_of

PLANS = st.tuples(
    st.lists(st.sampled_from(["I", "II", "III"]), min_size=1, max_size=30),
    st.integers(1, 5),
    st.data(),
)


@given(PLANS, st.integers(0, 99))
def test_every_plan_is_even(plan, seed):
    types, n, data = plan
    images = [(f"image {i}", type_) for i, type_ in enumerate(types)]
    people = [f"p{i}" for i in range(n)]
    per_image = data.draw(st.integers(1, n))
    if len(images) * per_image < n:
        with pytest.raises(PremaskError, match="nothing for p"):
            assign(images, people, per_image=per_image, seed=seed)
        return
    made = assign(images, people, per_image=per_image, seed=seed)
    assert made == assign(list(reversed(images)), people, per_image=per_image, seed=seed)
    passes = Counter((one.image, one.annotator, one.strategy) for one in made)
    assert set(passes.values()) == {1}
    assert Counter((one.image, one.strategy) for one in made) == {
        (image, strategy): per_image for image, _ in images for strategy in STRATEGIES
    }
    type_of = dict(images)
    loads = []
    for name in people:
        mine = [one for one in made if one.annotator == name]
        half = len(mine) // 2
        loads.append(half)
        assert [one.position for one in mine] == list(range(1, len(mine) + 1))
        first, second = mine[:half], mine[half:]
        assert [one.image for one in first] == [one.image for one in second]
        assert all(a.strategy != b.strategy for a, b in zip(first, second, strict=True))
        for type_ in ("I", "II", "III"):
            ways = [one.strategy for one in first if type_of[one.image] == type_]
            assert abs(ways.count("scratch") - ways.count("preannotated")) <= 1
        ways = [one.strategy for one in first]
        assert abs(ways.count("scratch") - ways.count("preannotated")) <= 1
    assert max(loads) - min(loads) <= 1


@pytest.mark.parametrize(
    ("images", "people", "per_image", "said"),
    [
        ([], ["a"], 1, "0 images"),
        ([("x", "I")], [], 1, "0 annotators"),
        ([("x", "I")], ["a", "a"], 1, "a is there twice"),
        ([("x", "I")], ["a"], 2, "2 annotators for each image; 1 to 1"),
        ([("x", "I")], ["a"], 0, "0 annotators for each"),
        ([("x", "I"), ("y", "I")], ["a", "c", "b"], 1, "leave nothing for b;"),
    ],
)
def test_what_is_no_plan(images, people, per_image, said):
    with pytest.raises(PremaskError, match=said):
        assign(images, people, per_image=per_image)


def test_more_images_narrow_the_interval():
    few, many = expected_precision([5, 80], spread_of())
    assert few.interval.low < 0.78 < few.interval.high
    # Sums over n images: the width falls as one over the root of n.
    assert few.interval.width / many.interval.width == pytest.approx(4, rel=0.25)
    assert expected_precision([80], spread_of()) == (many,)
    with pytest.raises(PremaskError, match="2 or more"):
        expected_precision([1], spread_of())


def test_the_interval_is_as_wide_as_the_delta_method_says():
    spread = spread_of()
    (found,) = expected_precision([200], spread)
    (a, b) = spread.log_std
    # Relative variance of a mean of log-normal minutes: (exp(s^2) - 1) / n.
    relative = np.sqrt((np.expm1(a**2) + np.expm1(b**2)) / 200)
    mean_ratio = (1 - spread.saving) * np.exp((b**2 - a**2) / 2)
    assert found.interval.width == pytest.approx(2 * 1.96 * mean_ratio * relative, rel=0.1)


def test_a_pilot_replaces_the_paper():
    rng = np.random.default_rng(0)
    pilot = []
    for i in range(400):
        slow, own = rng.normal(0, 0.4), rng.normal(0, 0.1)
        centre = 60.0 if i % 2 else 120.0
        scratch = centre * np.exp(slow)
        pilot.append(ImageMinutes(f"{i}", str(i % 2), scratch, scratch / 4 * np.exp(own)))
    found = spread_of(pilot)
    assert "400 images" in found.source
    assert found.saving == pytest.approx(0.75, abs=0.01)
    assert found.log_std == pytest.approx((0.4, np.hypot(0.4, 0.1)), rel=0.1)
    assert found.correlation == pytest.approx(0.4 / np.hypot(0.4, 0.1), abs=0.02)
    assert "paper" in spread_of(pilot[:4]).source
