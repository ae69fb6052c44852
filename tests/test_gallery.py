"""The gallery page: self-contained, escaped, and honest about names and scores."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from premask import PremaskError
from premask.core.phases import VOID, neutral_colours
from premask.core.regions import MAX_REGIONS
from premask.evaluate.scores import score
from premask.workflow.gallery import (
    GalleryCandidate,
    GalleryImage,
    GalleryPage,
    fitting_side,
    render_gallery,
    summarise_methods,
)
from premask.workflow.inline_images import fitted_size, label_uri, photo_uri

PHASES = (("Alpha", "#0072b2"), ("TiB2", "#e69f00"), ("TiN", "#009e73"))
NAMES = [name for name, _ in PHASES]
HOSTILE = "<script>alert('x')</script>\"&'.png"
VOID_ELEMENTS = {"meta", "img", "input", "br", "link", "hr"}


class Page(HTMLParser):
    """Reads a page and fails where its elements do not nest."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), (tag, attrs)
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID_ELEMENTS:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in {"script", "style"}:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def of_class(self, name: str) -> list[dict[str, str | None]]:
        return [a for _, a in self.elements if name in (a.get("class") or "").split()]


def micrograph(height: int = 30, width: int = 40) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (height, width), dtype=np.uint8)


def truth_map(height: int = 30, width: int = 40) -> NDArray[np.uint8]:
    truth = np.zeros((height, width), np.uint8)
    truth[5:15, 5:25] = 1
    truth[8:10, 8:10] = 2
    return truth


def candidate(method: str = "kmeans", *, named: bool = True) -> GalleryCandidate:
    label_map = truth_map()
    label_map[:3] = 1
    naming = "given" if named else "many-to-one"
    return GalleryCandidate(
        method, label_map, named, seconds=0.25, cpu_seconds=0.5, n_regions=3, fragments=4,
        fractions=(0.7, 0.299, 0.001), options="sigma=1.5 seed=0",
        scores=score([(label_map, truth_map())], 3, naming=naming, names=NAMES),
    )  # fmt: skip


def image(name: str = "a.png", **changes: object) -> GalleryImage:
    plain = GalleryImage(name, "I", micrograph(), 0.1, 0, 30, truth_map(), (candidate(),))
    return replace(plain, **changes)  # type: ignore[arg-type]


def page(*images: GalleryImage, **changes: object) -> GalleryPage:
    return replace(GalleryPage("Steels", PHASES, images, version="1.2.3"), **changes)  # type: ignore[arg-type]


def render(*images: GalleryImage, **changes: object) -> Page:
    return Page(render_gallery(page(*images, **changes)))


def pictures(text: str, kind: str) -> list[Image.Image]:
    found = re.findall(rf"data:image/{kind};base64,([A-Za-z0-9+/=]+)", text)
    return [Image.open(io.BytesIO(base64.b64decode(data))) for data in found]


def test_page_needs_no_network() -> None:
    text = render_gallery(page(image()))
    for tag, attributes in Page(text).elements:
        assert tag not in {"link", "iframe", "object", "embed", "base"}
        for name in ("src", "href", "srcset", "data", "action"):
            assert (attributes.get(name) or "data:").startswith("data:"), (tag, attributes)
    assert all(url.startswith("data:image/") for url in re.findall(r"url\(([^)]*)\)", text))
    assert "@import" not in text
    assert not re.search(r"https?://", text)


def test_policy_of_the_page_allows_its_own_script_alone() -> None:
    import hashlib

    text = render_gallery(page(image()))
    policy = next(a for t, a in Page(text).elements if a.get("http-equiv"))["content"] or ""
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert len(scripts) == 1
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy


def test_every_text_is_escaped() -> None:
    hostile = replace(candidate(HOSTILE, named=False), note=HOSTILE, options=HOSTILE)
    phases = ((HOSTILE, "#000000"), *PHASES[1:])
    text = render_gallery(
        page(
            image(HOSTILE, type=HOSTILE, candidates=(hostile,)),
            title=HOSTILE, phases=phases, notes=(HOSTILE,), version=HOSTILE, project=HOSTILE,
        )
    )  # fmt: skip
    assert "<script>alert" not in text
    read = Page(text)
    assert sum(tag == "script" for tag, _ in read.elements) == 1
    assert read.of_class("row")[0]["data-name"] == HOSTILE
    assert read.text.count(HOSTILE) >= 8


def test_a_colour_that_is_none_never_reaches_a_style() -> None:
    bad = (("Alpha", "red;background:url(x)"), *PHASES[1:])
    with pytest.raises(PremaskError, match="is not a colour"):
        render_gallery(page(image(), phases=bad))


def test_one_section_per_image_and_one_card_per_candidate() -> None:
    both = (candidate("kmeans"), candidate("cnn"))
    read = render(image("a.png", candidates=both), image("b.png", truth=None, candidates=both[:1]))
    assert [row["data-name"] for row in read.of_class("row")] == ["a.png", "b.png"]
    assert [c["data-method"] for c in read.of_class("candidate")] == ["kmeans", "cnn", "kmeans"]
    assert len([a for t, a in read.elements if t == "figure" and a["class"] == "panel truth"]) == 1


def test_unnamed_candidate_wears_neutral_colours_and_the_command_that_names_it() -> None:
    unnamed = candidate("kmeans", named=False)
    text = render_gallery(page(image("a b.png", truth=None, candidates=(unnamed,)), project="p"))
    read = Page(text)
    wanted = "then run: premask name p --image 'a b.png' --method kmeans 0=? 1=? 2=?"
    assert wanted in read.text
    assert "1 candidate not named yet" in read.text
    labels = pictures(text, "png")[0].convert("RGB")
    colours = {"#%02x%02x%02x" % rgb for _, rgb in labels.getcolors()}  # noqa: UP031
    assert colours == set(neutral_colours(3))
    assert "not named yet" not in render(image()).text


def test_scores_are_printed_with_the_policy_they_were_made_under() -> None:
    given, truthful = candidate("kmeans"), candidate("cnn", named=False)
    assert given.scores is not None
    assert truthful.scores is not None
    read = render(image(candidates=(given, truthful)), notes=("Truth: drawn by hand.",))
    assert f"{100 * given.scores.mean_iou:.1f} % mean IoU" in read.text
    assert f"{100 * given.scores.boundary_f1:.1f} % boundary F1 (3 px)" in read.text
    assert "naming: given, truth not used" in read.text
    assert "naming: many-to-one, uses the truth" in read.text
    assert "Naming: many-to-one per image (each region its majority phase)" in read.text
    assert "Truth: drawn by hand." in read.text
    # One under each policy: neither is the best of anything.
    assert "best here" not in read.text
    assert "0.25 s" in read.text


def test_best_is_marked_among_candidates_of_one_policy() -> None:
    worse_map = np.roll(truth_map(), 9, axis=1)
    scores = score([(worse_map, truth_map())], 3, names=NAMES)
    worse = replace(candidate("cnn"), label_map=worse_map, scores=scores)
    read = render(image(candidates=(worse, candidate("kmeans"))))
    assert read.text.count("best here") == 1
    assert "kmeans best here" in read.text


def test_without_scores_no_score_is_shown() -> None:
    bare = replace(candidate(), scores=None)
    read = render(image(truth=None, candidates=(bare,)))
    assert "mean IoU" not in read.text
    assert "no truth: times only" in read.text


def test_summary_sums_counts_of_one_policy_and_never_mixes_two() -> None:
    one, two = candidate("kmeans"), candidate("kmeans", named=False)
    shifted = np.roll(truth_map(), 4, axis=0)
    other = replace(one, seconds=0.75, scores=score([(shifted, truth_map())], 3, names=NAMES))
    lines = summarise_methods([image(candidates=(two, one)), image(candidates=(other,))])
    assert [(line.method, line.images) for line in lines] == [("kmeans", 2), ("kmeans", 1)]
    pairs = [(one.label_map, truth_map()), (shifted, truth_map())]
    together = score(pairs, 3, names=NAMES)
    assert lines[0].mean_iou == pytest.approx(together.mean_iou)
    assert lines[0].boundary_f1 == pytest.approx(together.boundary_f1)
    assert lines[0].seconds == 0.5
    assert lines[1].policy is not None
    assert lines[1].policy.uses_truth


def test_crop_is_shown_as_a_view_of_the_original() -> None:
    read = render(image(crop_bottom=65, original_height=95))
    assert "information bar, 65 px, cropped: a view, the original is kept" in read.text
    assert "original 40 × 95 px" in read.text
    assert "cropped" not in render(image()).text


def test_warnings_and_islands_are_shown() -> None:
    noted = replace(candidate(), note="TiN outside TiB2", islands_removed=31, fragments=12345)
    read = render(image(candidates=(noted,)))
    assert "TiN outside TiB2" in read.text
    assert "3 regions, 12 345 fragments, 31 islands removed" in read.text


def test_empty_pages_say_what_to_do() -> None:
    assert "premask add PROJECT PATH" in render().text
    assert "premask preannotate PROJECT" in render(image(candidates=())).text


def test_pictures_are_as_large_as_told() -> None:
    big = GalleryImage(
        "big", None, micrograph(300, 400), None, 0, 300, truth_map(300, 400),
        (replace(candidate(), label_map=truth_map(300, 400)),),
    )  # fmt: skip
    text = render_gallery(page(big), longest_side=200)
    sizes = [p.size for kind in ("jpeg", "png") for p in pictures(text, kind)]
    assert sizes == [(200, 150)] * 3
    assert [p.size for p in pictures(render_gallery(page(big)), "jpeg")] == [(400, 300)]


def test_side_shrinks_with_the_number_of_pictures() -> None:
    large = image(image=np.zeros((959, 1280), np.uint8))
    assert fitting_side([large]) == 1024
    assert fitting_side([replace(large, candidates=(candidate(),) * 6)] * 69) < 1024
    assert fitting_side([large] * 5000) == 512


def test_map_of_another_size_is_refused() -> None:
    small = replace(candidate(), label_map=np.zeros((3, 4), np.uint8))
    with pytest.raises(PremaskError, match=r"a.png: kmeans is 4x3 px and the image 40x30 px"):
        render_gallery(page(image(candidates=(small,))))


def test_label_picture_keeps_indices_and_makes_void_transparent() -> None:
    label_map = truth_map()
    label_map[20:] = VOID
    uri = label_uri(label_map, [colour for _, colour in PHASES], 1000)
    picture = Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1])))
    assert picture.mode == "P"
    rgba = np.array(picture.convert("RGBA"))
    assert (rgba[20:, :, 3] == 0).all()
    assert (rgba[:20, :, 3] == 255).all()
    for index, (_, colour) in enumerate(PHASES):
        rgb = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
        assert (rgba[label_map == index][:, :3] == rgb).all()


def test_label_without_a_colour_is_refused() -> None:
    with pytest.raises(PremaskError, match="index 2, but there are 2 colours"):
        label_uri(truth_map(), ["#000000", "#ffffff"], 100)


def test_more_than_fifteen_regions_fit() -> None:
    label_map = np.arange(40, dtype=np.uint8).reshape(5, 8)
    uri = label_uri(label_map, neutral_colours(40), 100)
    picture = Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1])))
    assert np.array_equal(np.array(picture), label_map)


@pytest.mark.parametrize("n", [2, 15, MAX_REGIONS])
def test_a_colour_tells_its_region(n: int) -> None:
    assert len(set(neutral_colours(n))) == n


@pytest.mark.parametrize("shape", [(90, 120), (90, 120, 3)])
def test_photo_is_the_micrograph(shape: tuple[int, ...]) -> None:
    grey = np.full(shape, 90, np.uint8)
    picture = Image.open(io.BytesIO(base64.b64decode(photo_uri(grey, 60).split(",")[1])))
    assert picture.size == (60, 45)
    assert abs(float(np.mean(np.array(picture))) - 90) < 2


def test_a_thin_image_keeps_one_pixel() -> None:
    assert fitted_size(1, 5000, 100) == (1, 100)


def test_same_page_gives_the_same_text() -> None:
    assert render_gallery(page(image())) == render_gallery(page(image()))
