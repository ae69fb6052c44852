"""The documentation says what is true: commands, samples, links, keys, outputs."""

from __future__ import annotations

import ast
import doctest
import importlib
import importlib.util
import itertools
import pkgutil
import re
import shlex
import shutil
import sys
from dataclasses import fields
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest

import premask as package
from conftest import ROOT
from helpers import premask
from premask.core.errors import PremaskError
from premask.core.phases import VOID
from premask.core.records import Parameters
from premask.interchange.formats import FORMATS
from premask.io import archives
from premask.io.label_maps import encode_label_map
from premask.preannotators.methods import METHODS, not_ready, options_of
from premask.project.settings import PRESETS
from premask.synthetic import synthesize
from premask.train.config import PRESETS as TRAININGS
from premask.train.config import Config, make_config
from premask.workflow.consensus import METHODS as VOTES

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
FENCE = re.compile(
    r"^(?P<indent> *)```(?P<kind>\w+)[^\n]*\n(?P<text>.*?)^(?P=indent)```",
    re.MULTILINE | re.DOTALL,
)
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = [module.name for module in pkgutil.walk_packages(package.__path__, "premask.")]


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def blocks(page: Path, *kinds: str) -> list[str]:
    return [
        re.sub(rf"^{found['indent']}", "", found["text"], flags=re.MULTILINE)
        for found in FENCE.finditer(page.read_text(encoding="utf-8"))
        if found["kind"] in kinds
    ]


def commands_in(page: Path) -> list[list[str]]:
    lines = [
        line.removeprefix("$ ").split(" > ")[0].split(" | ")[0]
        for block in blocks(page, "bash", "console")
        for line in block.replace("\\\n", " ").splitlines()
        if "premask " in line and ("console" not in line)
    ]
    words = [shlex.split(line, comments=True) for line in lines]
    return [w[w.index("premask") + 1 :] for w in words if w[:1] in (["premask"], ["nohup"])]


def ids(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_reference_of_commands_is_up_to_date() -> None:
    made = script("make_reference")
    assert made.PAGE.read_text(encoding="utf-8") == made.page(), "run docs/make_reference.py"


def test_the_table_of_knobs_is_up_to_date_and_true() -> None:
    made = script("make_reference")
    text = made.TRAIN.read_text(encoding="utf-8")
    assert text == made.train_page(), "run docs/make_reference.py"
    table = text.split("knobs: made by")[1].split("<!-- end -->")[0]
    rows = [re.split(r" \| ", line.strip("| ")) for line in table.splitlines() if "| `" in line]
    assert rows.pop(0)[3:] == ["`paper`", "`minutes`"]
    assert [row[0].strip("`") for row in rows] == [one.name for one in fields(Config)]
    for name, _, values, *defaults in ([cell.strip("`") for cell in row] for row in rows):
        for preset, default in zip(TRAININGS, defaults, strict=True):
            assert make_config(preset, {name: default}) == make_config(preset), name
        if found := re.fullmatch(r"(\S+) to (\S+)", values):
            low, high = map(float, found.groups())
            for value in (low, high // 32 * 32 if name == "crop" else high):
                make_config(given={name: float(value)})
            for value in (low - 1, high + 32):
                with pytest.raises(PremaskError, match=f"{name} is"):
                    make_config(given={name: value})
        else:
            for value in re.findall(r"`([\w-]+)`", f"`{values}`"):
                make_config(given={name: value})


def test_tables_of_exchange_are_up_to_date() -> None:
    made = script("make_reference")
    text = made.EXCHANGE.read_text(encoding="utf-8")
    assert text == made.exchange_page(), "run docs/make_reference.py"
    for name in FORMATS:
        assert f"| `{name}` |" in text


def test_limits_of_archives_are_those_of_the_code() -> None:
    text = " ".join((DOCS / "howto" / "exchange.md").read_text(encoding="utf-8").split())
    assert f"more than {archives.MAX_FILES:,} files" in text
    limit = f"{archives.MAX_RATIO} times their own size and {archives.SPARE / 2**30:g} GiB on top"
    assert f"unpack to more than {limit}" in text


@pytest.mark.parametrize("name", ["preannotate", "evaluate", "study plan"])
def test_reference_lists_what_the_help_lists(name: str) -> None:
    command = script("make_reference").commands()[name]
    shown = premask(*name.split(), "--help", env={"COLUMNS": "200", "NO_COLOR": "1"}).stdout
    in_help = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", shown)) - {"--help", "--jobs1"}
    listed = {word for one in command.parameters for word in one.names if word.startswith("--")}
    assert listed <= in_help
    assert command.help.splitlines()[0] in " ".join(shown.split())


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_commands_in_the_pages_exist(page: Path) -> None:
    known = script("make_reference").commands()
    for words in commands_in(page):
        length = 2 if " ".join(words[:2]) in known else 1
        name, rest = " ".join(words[:length]), words[length:]
        assert name in known, f"premask {' '.join(words)}"
        options = {word for one in known[name].parameters for word in one.names}
        flags = {word for one in known[name].parameters if one.flag for word in one.names}
        given = [word for word in rest if word.startswith("--")]
        assert set(given) <= options | {"--help"}, f"premask {' '.join(words)}"
        for option in given:
            if option not in flags | {"--help"}:
                value = rest[rest.index(option) + 1 : rest.index(option) + 2]
                assert value, f"{option} has no value"
                assert not value[0].startswith("--"), f"{option} has no value"


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_methods_and_their_options_in_commands_exist(page: Path) -> None:
    for words in commands_in(page):
        for option, value in itertools.pairwise(words):
            if option == "--method":
                known = VOTES if words[0] == "consensus" else METHODS
                assert value in known or value.startswith("model:")
            if option == "--option" and not_ready_but_weights(value.partition(".")[0]) is None:
                method, key = value.partition("=")[0].split(".", 1)
                assert key in options_of(method) or method == "median-otsu", value


def not_ready_but_weights(method: str) -> str | None:
    reason = not_ready(method, {}) if method in METHODS else "not premask's own"
    return None if reason is None or "weights" in reason else reason


def test_bash_blocks_are_found() -> None:
    found = {words[0] for page in PAGES for words in commands_in(page)}
    assert {"demo", "init", "add", "preannotate", "name", "gallery", "tables", "export"} <= found


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=ids)
def test_python_samples_run(
    page: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "sample"}
    for text in blocks(page, "python"):
        exec(compile(ast.parse(text), str(page), "exec"), namespace)  # our own pages
    capsys.readouterr()


def test_the_method_of_the_sample_keeps_the_contract() -> None:
    namespace: dict[str, object] = {}
    exec(blocks(DOCS / "howto" / "own-method.md", "python")[0], namespace)
    image = np.random.default_rng(0).integers(0, 256, (40, 50), np.uint8)
    labels = namespace["median_otsu"](image, 4, seed=0, radius=1)  # type: ignore[operator]
    assert labels.shape == image.shape
    assert set(np.unique(labels)) <= set(range(4))


@pytest.mark.parametrize("name", sorted(CODE))
def test_doctests(name: str) -> None:
    if name.startswith(("premask.project.migrations", "premask.__main__")):
        pytest.skip("runs when it is imported")
    if {"torch", "transformers"} & imports_of(name):
        pytest.importorskip("torch")
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0


def imports_of(name: str) -> set[str]:
    spec = importlib.util.find_spec(name)
    assert spec is not None
    source = Path(str(spec.origin)).read_text(encoding="utf-8")
    return set(re.findall(r"^import (\w+)", source, flags=re.MULTILINE))


def test_doctests_are_found() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [test for test in finder.find(package) if test.examples]
    assert found, "premask.preannotate has an example"


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_links_and_pictures_exist(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for target in LINK.findall(text):
        if target.startswith(("http:", "https:", "mailto:")):
            continue
        file, _, anchor = target.partition("#")
        path = (page.parent / file).resolve() if file else page
        assert path.exists(), f"{ids(page)} links to {target}"
        if anchor and path.suffix == ".md":
            assert anchor in anchors(path), f"{ids(page)} links to {target}"


def anchors(page: Path) -> set[str]:
    """Headings as Markdown's table of contents names them."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    plain = [re.sub(r"[^\w\s-]", "", heading).strip().lower() for heading in headings]
    return {re.sub(r"[\s-]+", "-", heading) for heading in plain}


def test_every_page_is_in_the_navigation() -> None:
    listed = set(re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf-8")))
    assert listed == {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")}


def test_every_picture_is_used_and_small() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    for picture in (DOCS / "img").glob("*.png"):
        assert f"img/{picture.name}" in text, f"{picture.name} is used nowhere"
        assert picture.stat().st_size < 250_000, f"{picture.name} is too large"


def test_pictures_come_from_the_script(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pictures = script("make_pictures")
    made = {path.stem for path in (DOCS / "img").glob("*.png")}
    assert made == {*pictures.PICTURES, *script("make_screenshots").SCREENSHOTS, "gallery"}
    monkeypatch.setattr(pictures, "OUT", tmp_path)
    pictures.metrics()
    again, kept = (cv2.imread(str(folder / "metrics.png")) for folder in (tmp_path, DOCS / "img"))
    assert np.array_equal(again.shape, kept.shape)


def test_every_method_and_option_is_explained() -> None:
    text = (DOCS / "explanation" / "methods.md").read_text(encoding="utf-8")
    for method in METHODS:
        heading = re.search(
            rf"^## {re.escape(method)}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL
        )
        assert heading, f"no section on {method}"
        if not_ready_but_weights(method) is None:
            for option in options_of(method):
                assert f"`{option}`" in heading[1], f"{method}.{option} is not explained"


def test_every_key_of_the_settings_is_in_the_formats() -> None:
    text = (DOCS / "reference" / "formats.md").read_text(encoding="utf-8")
    source = (ROOT / "src/premask/project/settings.py").read_text(encoding="utf-8")
    known = re.search(r"known = \(([^)]*)\)", source)
    assert known
    for key in re.findall(r'"(\w+)"', known[1]):
        assert f"| `{key}` |" in text
    for key in {key for preset in PRESETS.values() for row in preset["phases"] for key in row}:
        assert f"`{key}`" in text
    assert str(VOID) in text


def test_every_command_has_its_json_answer_in_the_formats() -> None:
    text = (DOCS / "reference" / "formats.md").read_text(encoding="utf-8")
    for name in script("make_reference").commands():
        assert f"| `{name}` |" in text, name


def test_sample_settings_can_be_read(tmp_path: Path) -> None:
    from premask.project.settings import read

    for page in PAGES:
        for text in blocks(page, "toml"):
            if "[[phases]]" in text:
                (tmp_path / "premask.toml").write_text(text, encoding="utf-8")
                assert len(read(tmp_path).phases) == 3


def test_changelog_mentions_every_command() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    for name in script("make_reference").commands():
        for word in name.split():
            assert re.search(rf"\b{word}\b", text), f"{word} is not in the changelog"


def test_worked_example_of_the_metrics_is_the_one_in_the_picture() -> None:
    pictures = script("make_pictures")
    text = (DOCS / "explanation" / "metrics.md").read_text(encoding="utf-8")
    assert f"truth = {pictures.TRUTH.tolist()}" in text
    assert f"predicted = {pictures.PREDICTED.tolist()}" in text


def test_default_number_of_regions_is_as_the_pages_say() -> None:
    from premask.workflow.preannotate import DEFAULT_REGIONS

    text = (DOCS / "explanation" / "methods.md").read_text(encoding="utf-8")
    assert f"{DEFAULT_REGIONS} is therefore the default" in text
    assert Parameters("multi-otsu", DEFAULT_REGIONS).seed == 0


def test_figures_of_the_islands_rule_are_as_the_page_says() -> None:
    from premask.features import islands

    text = (DOCS / "explanation" / "islands.md").read_text(encoding="utf-8")
    assert f"under {islands.LIMIT} px" in text
    assert f"{islands.BUDGET:.0%}".replace("%", " %") in text


def demo_images(folder: Path) -> None:
    """What ``premask demo`` makes, but small, so that the test is quick."""
    colours = [row["colour"] for row in PRESETS["microsteel"]["phases"]]
    (folder / "truth").mkdir(parents=True)
    for kind in ("I", "II", "III"):
        for i in range(2):
            made = synthesize(kind, seed=i, shape=(240, 320), with_bar=i == 1)
            name = f"steel-{kind}-{i + 1}.png"
            cv2.imwrite(str(folder / name), made.image)
            (folder / "truth" / name).write_bytes(encode_label_map(made.truth, colours))


def test_tutorial_runs(tmp_path: Path) -> None:
    demo_images(tmp_path / "premask-demo" / "made")
    page = DOCS / "tutorial.md"
    commands = commands_in(page)
    assert commands[0][0] == "demo"
    for words in commands[1:]:
        done = premask(*words, cwd=tmp_path)
        assert done.returncode == 0, f"premask {' '.join(words)}\n{done.stderr}"
        assert "Traceback" not in done.stderr
    assert (tmp_path / "gallery.html").stat().st_size > 10_000
    assert len(list((tmp_path / "maps").glob("*.png"))) == 6
    shutil.rmtree(tmp_path / "steel")


def test_tutorial_shows_real_headings() -> None:
    """The outputs were pasted by docs/make_outputs.py; their fixed words must still be true."""
    text = "\n".join(blocks(DOCS / "tutorial.md", "console"))
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    fixed = (" made,", "least certain first", "named candidates", "Table 5: IoU of the")
    for words in fixed:
        assert words in text
        assert words in source


def test_no_page_knows_the_machine_it_was_written_on() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert str(Path.home()) not in text or Path.home() == Path("/"), ids(page)
        assert not re.search(r"/(opt|work|tmp)/", text), ids(page)
