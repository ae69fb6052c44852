"""A scripted expert repairs a candidate of a real micrograph through the page alone.

Everything is done with the mouse and the keys, as by a user: names in the gallery, the choice,
the repair. The script knows the truth and where it clicked; the page, the server and the log are
held against it pixel by pixel.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect
from scipy import ndimage

from helpers import answer, premask, start_server
from premask.core.origins import ORIGINS
from premask.io.label_maps import read_label_map
from premask.project.candidates import all_candidates, read_regions
from premask.project.events import events_of
from premask.project.images import all_images
from premask.project.label_maps import read_version, versions
from premask.project.objects import existing
from premask.project.project import open_project
from premask.project.sessions import all_sessions, working_copy
from premask.server.app import STATIC

SIDE = 192
SCALE = 8
"""Screen px per image px: the zoom is 800 %."""
SIGHT = 90
"""What is in sight then, px."""
PHASES = ("ferritic matrix", "cementite network", "spheroidite", "Widmanstaetten cementite")
PHASE_KEYS = "qwer"
METHODS = ("multi-otsu", "texture")

Labels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Corner = tuple[int, int]

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(
        not (STATIC / "index.html").exists(),
        reason="the page is not built: python hatch_build.py build",
    ),
]


@dataclass
class Case:
    """A project with two candidates of one micrograph, and the truth."""

    root: Path
    address: str
    truth: Labels

    def regions(self) -> dict[str, Labels]:
        """The regions of each method."""
        project = open_project(self.root)
        found = {
            one.parameters.method: read_regions(project, one) for one in all_candidates(project)
        }
        project.engine.dispose()
        return found

    def labels(self) -> Labels:
        """The working copy on disk."""
        project = open_project(self.root)
        (session,) = all_sessions(project)
        copy = working_copy(project, session.id)
        project.engine.dispose()
        return copy.labels


@pytest.fixture
def case(data: Path, tmp_path: Path) -> Iterator[Case]:
    part = np.s_[:SIDE, :SIDE]
    grey = cv2.imread(str(data / "uhcs/images/uhcs0006.png"), cv2.IMREAD_UNCHANGED)[part]
    truth = cv2.imread(str(data / "uhcs/masks/uhcs0006.png"), cv2.IMREAD_UNCHANGED)[part]
    cv2.imwrite(str(tmp_path / "steel.png"), grey)
    root = tmp_path / "project"
    assert premask("init", root, "--classes", ",".join(PHASES)).returncode == 0
    assert premask("add", root, tmp_path / "steel.png", "--crop-bottom", 0).returncode == 0
    methods = [part for method in METHODS for part in ("--method", method)]
    assert answer("preannotate", root, *methods, "--regions", 4, "--jobs", 1)["made"] == 2
    server, address = start_server(root)
    yield Case(root, address, truth.astype(np.uint8))
    server.kill()
    server.wait()


def outline(mask: Mask) -> list[Corner]:
    """Corners of the outer border of a 4-connected mask, on the edges between pixels."""
    padded = np.pad(mask, 1)

    def inside(x: int, y: int) -> bool:
        return bool(padded[y + 1, x + 1])

    y, x = (int(at[0]) for at in np.nonzero(mask))
    start, corners = (x, y), [(x, y)]
    step, here = (1, 0), (x + 1, y)
    while here != start:
        (dx, dy), (x, y) = step, here
        # The pixels ahead to the left and to the right of the border's direction.
        left = inside(x + min(dx, 0) + min(dy, 0), y + min(dy, 0) - (dx > 0))
        right = inside(x + min(dx, 0) - (dy > 0), y + min(dy, 0) + min(dx, 0))
        turned = (-dy, dx) if not right else step if not left else (dy, -dx)
        if turned != step:
            corners.append(here)
        step, here = turned, (x + turned[0], y + turned[1])
    return corners


@dataclass
class Expert:
    """Hand and eye: where the image is on the screen, and what was painted so far."""

    page: Page
    labels: Labels
    truth: Labels
    origin: tuple[float, float] = (0.0, 0.0)
    """Where the image's corner is on the screen, px."""
    painted: Mask = field(init=False)
    told: list[tuple[str, int, int]] = field(default_factory=list)
    """Tool, phase and changed pixels of each operation: what the log must say."""
    phase: int = -1
    tool: str = ""

    def __post_init__(self) -> None:
        self.painted = np.zeros(self.labels.shape, bool)

    def zoom_in(self) -> None:
        """Step by step to 800 %; the middle of the picture stays where it is."""
        box = self.page.locator("canvas").bounding_box()
        assert box is not None
        self.middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.half = box["width"] / 2 - 20, box["height"] / 2 - 20
        self.page.keyboard.press("m")  # the minimap would stand before its corner
        shown = self.page.get_by_title("0: the whole image")
        while int(shown.inner_text().split()[0]) < 800:
            before = shown.inner_text()
            self.page.keyboard.press("+")
            expect(shown).not_to_have_text(before)
        assert shown.inner_text() == "800 %"
        self.origin = self.middle[0] - SIDE / 2 * SCALE, self.middle[1] - SIDE / 2 * SCALE
        for dx, dy in ((-30, -30), (0, 0), (30, 20)):
            self.point(SIDE // 2 + dx, SIDE // 2 + dy)

    def point(self, x: int, y: int) -> None:
        """Point at the middle of a pixel; the readout must name it."""
        self.page.mouse.move(*self.at(x + 0.5, y + 0.5))
        expect(self.page.locator(".under")).to_contain_text(f"{x}, {y} ·")

    def at(self, x: float, y: float) -> tuple[float, float]:
        return self.origin[0] + x * SCALE, self.origin[1] + y * SCALE

    def bring(self, mask: Mask) -> bool:
        """Drag the image until a part of it is in sight; False where it is too large."""
        ys, xs = np.nonzero(mask)
        box = xs.min(), xs.max() + 1, ys.min(), ys.max() + 1
        corners = self.at(box[0], box[2]), self.at(box[1], box[3])
        if all(
            abs(x - self.middle[0]) < self.half[0] and abs(y - self.middle[1]) < self.half[1]
            for x, y in corners
        ):
            return True
        if (box[1] - box[0]) * SCALE > 2 * self.half[0]:
            return False
        if (box[3] - box[2]) * SCALE > 2 * self.half[1]:
            return False
        wanted = int(box[0] + box[1]) // 2, int(box[2] + box[3]) // 2
        now = self.at(*wanted)
        dx, dy = round(self.middle[0] - now[0]), round(self.middle[1] - now[1])
        self.page.keyboard.down("Space")
        self.page.mouse.move(*self.middle)
        self.page.mouse.down()
        self.page.mouse.move(self.middle[0] + dx, self.middle[1] + dy)
        self.page.mouse.up()
        self.page.keyboard.up("Space")
        self.origin = self.origin[0] + dx, self.origin[1] + dy
        self.point(*wanted)
        return True

    def take(self, tool: str, phase: int) -> None:
        if tool != self.tool:
            self.page.keyboard.press(
                {"brush": "b", "lasso": "l", "polygon": "p", "fill": "f"}[tool]
            )
        if phase != self.phase:
            self.page.keyboard.press(str(phase + 1))
        self.tool, self.phase = tool, phase

    def did(self, mask: Mask) -> None:
        """What the hand just did, on the expert's own map."""
        self.told.append((self.tool, self.phase, int((self.labels[mask] != self.phase).sum())))
        self.labels[mask] = self.phase
        self.painted |= mask

    def fill(self, component: Mask, phase: int) -> None:
        y, x = (int(at[0]) for at in np.nonzero(component))
        self.bring(np.pad([[True]], ((y, SIDE - 1 - y), (x, SIDE - 1 - x))))
        self.take("fill", phase)
        self.page.mouse.click(*self.at(x + 0.5, y + 0.5))
        self.did(component)

    def brush(self, component: Mask, phase: int) -> None:
        """A row or a column of pixels with the finest brush."""
        self.take("brush", phase)
        ys, xs = np.nonzero(component)
        self.page.mouse.move(*self.at(xs[0] + 0.5, ys[0] + 0.5))
        self.page.mouse.down()
        self.page.mouse.move(*self.at(xs[-1] + 0.5, ys[-1] + 0.5))
        self.page.mouse.up()
        self.did(component)

    def surround(self, component: Mask, phase: int) -> None:
        """A polygon or a lasso along the border; what lies in its holes is painted too."""
        corners = outline(component)
        self.take("polygon" if len(corners) < 20 else "lasso", phase)
        if self.tool == "polygon":
            for corner in corners:
                self.page.mouse.click(*self.at(*corner))
            self.page.keyboard.press("Enter")
        else:
            self.page.mouse.move(*self.at(*corners[0]))
            self.page.mouse.down()
            for corner in corners[1:]:
                self.page.mouse.move(*self.at(*corner))
            self.page.mouse.up()
        self.did(ndimage.binary_fill_holes(component))

    def repair(self) -> None:
        """Until the map is the truth: the largest wrong part first."""
        while (part := self.worst()) is not None:
            component, phase = part
            y, x = (int(at[0]) for at in np.nonzero(component))
            whole = ndimage.label(self.labels == self.labels[y, x])[0]
            if (whole[component] == whole[y, x]).all() and (
                np.count_nonzero(whole == whole[y, x]) == np.count_nonzero(component)
            ):
                self.fill(component, phase)
                continue
            if not self.bring(component):
                near = np.zeros_like(component)
                near[y : y + SIGHT, max(0, x - SIGHT // 2) : x + SIGHT // 2] = True
                parts, _ = ndimage.label(component & near)
                component = parts == parts[y, x]
                assert self.bring(component)
            rows, columns = (np.ptp(at) for at in np.nonzero(component))
            if rows == 0 or columns == 0:
                self.brush(component, phase)
            else:
                self.surround(component, phase)

    def worst(self) -> tuple[Mask, int] | None:
        """The largest connected wrong part that is one phase in truth."""
        best: tuple[Mask, int] | None = None
        most = 0
        for phase in range(len(PHASES)):
            parts, n = ndimage.label((self.labels != self.truth) & (self.truth == phase))
            if n:
                sizes = np.bincount(parts.ravel())[1:]
                if sizes.max() > most:
                    most = int(sizes.max())
                    best = parts == int(sizes.argmax()) + 1, phase
        return best


def saved(page: Page) -> None:
    expect(page.locator(".state.saved")).to_be_visible(timeout=15_000)


def named(regions: Labels, truth: Labels) -> dict[int, int]:
    """The phase that most pixels of each region show."""
    return {int(r): int(np.bincount(truth[regions == r]).argmax()) for r in np.unique(regions)}


def name_and_choose(case: Case, page: Page) -> Labels:
    """Name the regions in the gallery, take the better candidate; the map that it should give."""
    candidates, right = {}, {}
    page.add_init_script("sessionStorage.setItem('premask.annotator', 'ana')")
    page.goto(case.address)
    page.get_by_role("link", name="next image").click()
    for method, regions in case.regions().items():
        names = named(regions, case.truth)
        figure = page.locator("figure").filter(has=page.get_by_role("button", name=method))
        for region, phase in names.items():
            figure.get_by_role("button", name=f"Region {region}:").hover()
            page.keyboard.press(PHASE_KEYS[phase])
            expect(
                figure.get_by_role("button", name=f"Region {region}: {PHASES[phase]}")
            ).to_be_visible()
        candidates[method] = np.vectorize(names.get)(regions).astype(np.uint8)
        right[method] = float((candidates[method] == case.truth).mean())
    best = max(right, key=lambda method: right[method])
    number = 1 + list(candidates).index(best)
    page.locator("h1").click()
    page.keyboard.press(str(number))
    expect(page.locator("figure.chosen")).to_contain_text(best)
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("html[data-ready]")
    return candidates[best]


def test_an_expert_repairs_a_candidate_until_it_is_the_truth(case: Case, page: Page) -> None:
    began = time.monotonic()
    candidate = name_and_choose(case, page)
    start = case.labels()
    assert (start != candidate).mean() < 0.01, "the candidate, but for its small islands"

    expert = Expert(page, start.copy(), case.truth)
    expert.zoom_in()
    for _ in range(16):
        page.keyboard.press("[")
    expect(page.locator(".tools output")).to_have_text("0.5 px")
    expert.repair()
    saved(page)
    np.testing.assert_array_equal(case.labels(), case.truth)
    assert len({tool for tool, _, _ in expert.told}) >= 4, "no tool was spared"
    page.keyboard.press("Control+Enter")
    expect(page.locator(".editor")).to_have_count(0)
    seconds = time.monotonic() - began

    project = open_project(case.root)
    (session,) = all_sessions(project)
    (version,) = versions(project, all_images(project)[0], "preannotated")
    np.testing.assert_array_equal(read_version(project, version), case.truth)
    assert version.origins is not None
    origins = read_label_map(existing(project.root, version.origins))
    touched = np.where(expert.painted, ORIGINS["expert"], ORIGINS["candidate"])
    np.testing.assert_array_equal(origins, touched)
    log = events_of(project, session.id)
    project.engine.dispose()
    strokes = [event.data for event in log if event.kind == "stroke"]
    assert [(one["tool"], one["phase"], one["px"]) for one in strokes] == expert.told
    assert all(0 <= one["start"] <= one["end"] <= 1000 * seconds for one in strokes)
    assert log[0].kind == "open"
    kinds = [event.kind for event in log]
    assert kinds.index("submit") >= len(kinds) - 2, "nothing but closing comes after it"
    pages = list(dict.fromkeys(event.page for event in log))
    assert len(pages) == 2, "the gallery, then the editor"
    for one in pages:
        counted = [event.seq for event in log if event.page == one]
        assert counted == list(range(len(counted))), "no event is missing"
    ana = {"X-Premask-Annotator": "ana"}
    told = httpx.get(f"{case.address}api/sessions/{session.id}/time", headers=ana).json()
    assert 0 < told["active"] <= told["wall"] <= seconds / 60
