from __future__ import annotations

import numpy as np
import pytest

from premask.core.errors import PremaskError
from premask.evaluate.dataset import count_classes, dataset_classes

LARGE, SMALL = (1280, 959), (960, 703)
TABLE_3 = {"I": (29, (0, 1, 2, 3)), "II": (17, (0, 1, 2)), "III": (36, (0, 1, 2, 4))}
TABLE_4 = ("74.22", "5.97", "0.17", "9.22", "10.42")
# Section 3: the two phases that cover most of each type, together
MAJORITY = {"I": ((0, 3), "98.99"), "II": ((0, 1), "99.67"), "III": ((0, 4), "95.12")}


def sizes(type_: str) -> list[tuple[int, int]]:
    n = TABLE_3[type_][0]
    return [SMALL] * 4 + [LARGE] * (n - 4) if type_ == "I" else [LARGE] * n


def shares_of_types() -> dict[str, np.ndarray]:
    """Shares under which Table 4 and the sentences about the types are all true, in percent."""
    pixels = {kind: sum(w * h for w, h in sizes(kind)) for kind in TABLE_3}
    weight = {kind: n / sum(pixels.values()) for kind, n in pixels.items()}
    fetib, fe2b = 9.22 / weight["I"], 10.42 / weight["III"]
    tin = {"I": 0.1, "II": 0.33}
    tin["III"] = (0.17 - 0.1 * weight["I"] - 0.33 * weight["II"]) / weight["III"]
    tib2 = {"I": 1.01 - tin["I"], "III": 4.88 - tin["III"]}
    rest = sum(tib2[kind] * weight[kind] for kind in tib2)
    tib2["II"] = (5.97 - rest) / weight["II"]
    return {
        "I": np.array([98.99 - fetib, tib2["I"], tin["I"], fetib, 0]),
        "II": np.array([99.67 - tib2["II"], tib2["II"], 0.33, 0, 0]),
        "III": np.array([95.12 - fe2b, tib2["III"], tin["III"], 0, fe2b]),
    }


def made_maps():
    for kind, percent in shares_of_types().items():
        for i, (width, height) in enumerate(sizes(kind)):
            ends = np.rint(np.cumsum(percent) / 100 * width * height).astype(int)
            starts = np.concatenate([[0], ends[:-1]])
            labels = np.repeat(np.arange(5, dtype=np.uint8), ends - starts)
            yield count_classes(labels.reshape(height, width), 5, name=f"{kind}_{i}", type_=kind)


@pytest.fixture(scope="module")
def paper():
    return dataset_classes(made_maps(), 5)


def test_table_3_of_the_paper(paper):
    assert len(paper.images) == 82
    for kind, (n, phases) in TABLE_3.items():
        assert len(paper.types[kind].images) == n
        assert paper.types[kind].present == phases
        assert paper.types[kind].images_with.tolist() == [n if i in phases else 0 for i in range(5)]
    assert paper.types["I"].resolutions == {LARGE: 25, SMALL: 4}
    assert paper.types["II"].resolutions == {LARGE: 17}
    assert paper.present == (0, 1, 2, 3, 4)


def test_table_4_of_the_paper_to_the_printed_digit(paper):
    assert tuple(f"{100 * share:.2f}" for share in paper.share) == TABLE_4
    for kind, (phases, together) in MAJORITY.items():
        assert f"{100 * paper.types[kind].share[list(phases)].sum():.2f}" == together
    # the mean of the images' shares is another figure, as four images are smaller
    assert tuple(f"{100 * share:.2f}" for share in paper.mean_share) != TABLE_4


def test_figure_3_counts_every_image_that_shows_the_phase(paper):
    for kind in TABLE_3:
        part = paper.types[kind]
        assert part.histogram().sum(axis=1).tolist() == part.images_with.tolist()
    assert paper.types["II"].histogram(10)[0].tolist() == [0] * 8 + [17, 0]


def test_shares_mean_and_deviation_by_hand():
    maps = [[[0, 0, 0, 1]], [[0, 1]], [[0, 255]], [[255, 255]]]
    found = dataset_classes((count_classes(labels, 3) for labels in maps), 3)
    assert found.pixels.tolist() == [5, 2, 0]
    assert found.void == 3
    np.testing.assert_allclose(found.share, [5 / 7, 2 / 7, 0])
    np.testing.assert_allclose(found.mean_share, [0.75, 0.25, 0])
    np.testing.assert_allclose(found.std_share, [0.25, 0.25, 0])
    assert found.images_with.tolist() == [3, 2, 0]
    assert found.histogram(2).tolist() == [[0, 3], [1, 1], [0, 0]]
    assert len(found.images) == 4
    assert np.isnan(found.images[3].shares).all()


def test_images_without_a_type_count_overall_only():
    counted = [count_classes([[0]], 2, type_="I"), count_classes([[1]], 2)]
    found = dataset_classes(counted, 2)
    assert list(found.types) == ["I"]
    assert found.share.tolist() == [0.5, 0.5]
    assert found.types["I"].share.tolist() == [1, 0]


def test_nothing_has_no_shares():
    found = dataset_classes([], 2)
    assert found.pixels.tolist() == [0, 0]
    for values in (found.share, found.mean_share, found.std_share):
        assert np.isnan(values).all()
    assert found.histogram(3).tolist() == [[0, 0, 0]] * 2


def test_a_value_that_is_no_phase_names_the_image():
    with pytest.raises(PremaskError, match="label map steel_07 has the value 9"):
        count_classes([[0, 9]], 5, name="steel_07")
    with pytest.raises(PremaskError, match="counted with 2 phases"):
        dataset_classes([count_classes([[0]], 2)], 3)
