from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from premask.core.errors import PremaskError
from premask.core.records import Cost
from premask.evaluate.scores import score
from premask.workflow.paper_tables import iou_table, quality_table, runtime_table, scores_table
from premask.workflow.tables import Column, Table, from_json, render

TABLE = Table(
    "A & B",
    (Column("Phase_1 %", 1), Column("Method")),
    ((12.345, "k-means"), (None, "50 % {x}~^\\")),
    ("Policy: $5 #1.",),
)
HALF = (np.array([[0, 0, 1, 1]] * 2), np.array([[0, 0, 0, 1]] * 2))
RIGHT = (np.array([[0, 1, 1, 1]] * 2), np.array([[0, 1, 1, 1]] * 2))


def cost(seconds: float, jobs: int = 1, hardware: str = "CPU, 2 cores", peak: float = 100) -> Cost:
    return Cost(seconds, 2 * seconds, peak, jobs, hardware)


def test_text_aligns_numbers_to_the_right_and_ends_with_the_notes():
    assert render(TABLE).splitlines() == [
        "A & B",
        "----------------------",
        "Phase_1 %  Method",
        "----------------------",
        "     12.3  k-means",
        "        -  50 % {x}~^\\",
        "----------------------",
        "Policy: $5 #1.",
    ]


def test_what_is_not_0_is_not_printed_as_0():
    cells = (0.0, 0.004, -0.00049, 0.006, 3e-17, 12.345, 0.000034)
    table = Table("Small", (Column("n", 2),), tuple((cell,) for cell in cells))
    assert [row for (row,) in table.printed()] == [
        "0.00", "0.004", "-0.00049", "0.01", "0.00", "12.35", "3.4e-05",
    ]  # fmt: skip


def test_csv_repeats_the_policy_in_every_row_and_leaves_undefined_empty():
    rows = list(csv.DictReader(io.StringIO(render(TABLE, "csv"))))
    assert rows[0] == {
        "table": "A & B",
        "Phase_1 %": "12.3",
        "Method": "k-means",
        "policy": "Policy: $5 #1.",
    }
    assert rows[1]["Phase_1 %"] == ""


def test_latex_escapes_every_special_character():
    lines = render(TABLE, "latex").splitlines()
    assert r"\caption{A \& B.}" in lines, "the notes stand below"
    assert r"\label{tab:a-b}" in lines
    assert r"\begin{tabular}{rl}" in lines
    assert lines[-2] == r"\par\smallskip{\footnotesize\raggedright Policy: \$5 \#1.\par}"
    assert r"Phase\_1 \% & Method \\" in lines
    assert r"-- & 50 \% \{x\}\textasciitilde{}\textasciicircum{}\textbackslash{} \\" in lines


WIDE = Table(
    "Table 7: wide",
    tuple(Column(f"Column {i} with a long heading", 2) for i in range(14)),
    (tuple(i / 7 for i in range(14)),),
    tuple(f"Note {i}: " + "of many words " * 12 for i in range(4)),
)


def test_latex_never_leaves_the_page(tmp_path):
    if shutil.which("pdflatex") is None:
        pytest.skip(
            "no pdflatex on this machine; install texlive-latex-base and texlive-latex-extra"
        )
    source = (
        r"\documentclass{article}\usepackage{graphicx}\begin{document}%s\ref{tab:a-b}\end{document}"
    )
    (tmp_path / "t.tex").write_text(source % render([WIDE, TABLE], "latex"))
    for _ in range(2):
        done = subprocess.run(
            ["pdflatex", "-interaction=batchmode", "-halt-on-error", "t.tex"],
            cwd=tmp_path, capture_output=True, check=False,
        )  # fmt: skip
    log = (tmp_path / "t.log").read_text()
    assert done.returncode == 0, log
    assert "Overfull" not in log
    assert "undefined" not in log


def test_a_table_without_notes_has_none_in_latex():
    assert "smallskip" not in render(replace(TABLE, notes=()), "latex")


def test_json_keeps_numbers_unrounded_and_undefined_null():
    (found,) = json.loads(render(TABLE, "json"))["tables"]
    assert found["rows"][0] == {"Phase_1 %": 12.345, "Method": "k-means"}
    assert found["rows"][1]["Phase_1 %"] is None
    assert found["notes"] == ["Policy: $5 #1."]


@pytest.mark.parametrize("form", ["text", "csv", "latex"])
def test_several_tables_are_printed_one_after_the_other(form):
    assert render([TABLE, TABLE], form).count("12.3") == 2


def test_unknown_form_names_the_nearest():
    with pytest.raises(PremaskError, match=r"as 'tex'; text, csv, latex, json .*did you mean text"):
        render(TABLE, "tex")


def test_table_1_is_the_median_of_candidates_made_alone():
    costs = {
        "kmeans": [cost(1), cost(2), cost(9), cost(500, jobs=2)],
        "cnn": [cost(10, hardware="GPU"), cost(30, peak=0), cost(50, jobs=4)],
    }
    table = runtime_table(costs)
    assert table.rows == (
        ("kmeans", 3, 2, 1, 9, 4, 100, 1, "CPU, 2 cores"),
        ("cnn", 1, 10, 10, 10, 20, 100, 1, "GPU"),
        ("cnn", 1, 30, 30, 30, 60, None, 1, "CPU, 2 cores"),
    )
    assert any(note.startswith("2 candidates are left out") for note in table.notes)
    assert len(runtime_table({"kmeans": [cost(1)]}).notes) == 2


def test_table_1_shows_and_marks_a_method_that_was_only_made_side_by_side():
    costs = {"kmeans": [cost(2, jobs=2), cost(4, jobs=2), cost(9, jobs=4)], "cnn": [cost(5)]}
    table = runtime_table(costs)
    assert table.rows == (
        ("kmeans", 2, 3, 2, 4, 6, 100, 2, "CPU, 2 cores"),
        ("kmeans", 1, 9, 9, 9, 18, 100, 4, "CPU, 2 cores"),
        ("cnn", 1, 5, 5, 5, 10, 100, 1, "CPU, 2 cores"),
    )
    assert any("side by side" in note and "--jobs 1" in note for note in table.notes)
    one = runtime_table({"kmeans": [cost(1), cost(2, jobs=2)]})
    assert any(note.startswith("1 candidate is left out") for note in one.notes)


def test_a_phase_without_a_name_is_told_by_its_index():
    header = scores_table(score([RIGHT], 2)).header
    assert header[2:4] == ["IoU phase 0 %", "IoU phase 1 %"]
    named = scores_table(score([RIGHT], 2, names=["Alpha", "TiB2"])).header
    assert named[2:4] == ["IoU Alpha %", "IoU TiB2 %"]


def test_table_5_has_a_row_for_each_type_and_method_and_the_policy():
    names = ["Alpha", "TiB2", "TiN"]
    scores = {
        "kmeans": score([(*HALF, "I"), (*RIGHT, "II")], 3, names=names, naming="one-to-one"),
        "cnn": score([(*RIGHT, "I"), (*RIGHT, "II")], 3, names=names, naming="one-to-one"),
    }
    table = iou_table(scores, reference="scratch")
    assert table.header[3:] == ["IoU Alpha %", "IoU TiB2 %", "IoU TiN %", "Mean IoU %"]
    assert [row[:3] for row in table.rows] == [
        ("I", "kmeans", 1), ("I", "cnn", 1), ("II", "kmeans", 1), ("II", "cnn", 1),
        ("all images", "kmeans", 2), ("all images", "cnn", 2),
    ]  # fmt: skip
    assert table.rows[0][3:] == (pytest.approx(200 / 3), 50, None, pytest.approx(175 / 3))
    notes = " ".join(table.notes)
    assert "Reference: scratch." in notes
    assert "USES THE TRUTH" in notes
    assert "absent: skip" in notes
    # HALF and RIGHT have different truths in type I
    assert "Type I: the methods were not scored on the same truth" in notes
    assert "Type II: the methods were not" not in notes


def test_false_pixels_of_absent_phases_stand_below_the_table():
    falsely = (np.array([[0, 1, 2, 2]]), np.array([[0, 1, 1, 1]]))
    scores = score([(*falsely, "I")], 3)
    expected = "false pixels of absent phases: phase 2 2 px."
    assert f"Type I, sam: {expected}" in iou_table({"sam": scores}).notes
    assert f"Type I: {expected}" in scores_table(scores).notes
    assert f"All images: {expected}" in scores_table(scores).notes


def test_scores_under_different_policies_do_not_share_a_table():
    scores = {"a": score([RIGHT], 2), "b": score([RIGHT], 2, absent="zero")}
    with pytest.raises(PremaskError, match="scores of b and a have different policies"):
        iou_table(scores)
    with pytest.raises(PremaskError, match="no method has been scored"):
        iou_table({})


def test_table_6_tells_both_dice_and_what_is_undefined():
    empty = (np.zeros((2, 4), int), HALF[1])
    table = quality_table("cnn", score([(*HALF, "I"), (*empty, "II")], 2), reference="agreed")
    assert table.title == "Table 6: quality of cnn against the truth"
    one, two, overall = table.rows
    assert one[:3] == ("I", 1, pytest.approx(175 / 3))
    assert one[3:] == (pytest.approx(220 / 3), 75, 100, 1, 1, 0)
    assert two[5:] == (0, None, None, 2)
    assert overall[:2] == ("all images", 2)
    assert overall[8] == 2
    assert "Reference: agreed." in table.notes
    assert any("no mean of the rows above" in note for note in table.notes)


def test_tables_come_back_from_json() -> None:
    columns = (Column("Model"), Column("Images", 0), Column("IoU %", 2))
    table = Table("Table 8", columns, (("G", 3, 51.25), ("S-I", 1, None)), ("A policy.",))
    assert from_json(render(table, "json"), "t.json") == [table]


@pytest.mark.parametrize(
    ("headings", "keys"),
    [
        (["A", "A", "B", "A"], ["A", "A (2)", "B", "A (3)"]),
        (["A", "A", "A (2)"], ["A", "A (3)", "A (2)"]),
        (["A (2)", "A", "A", "A (2)"], ["A (2)", "A", "A (3)", "A (2) (2)"]),
    ],
)
def test_columns_of_one_heading_all_stay_in_json(headings: list[str], keys: list[str]) -> None:
    row = tuple(range(len(headings)))
    text = render(Table("T", tuple(Column(one, 0) for one in headings), (row,)), "json")
    (found,) = json.loads(text)["tables"]
    assert found["columns"] == keys
    assert found["rows"] == [dict(zip(keys, row, strict=True))]
    (again,) = from_json(text, "t.json")
    assert again.rows == (row,)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"tables": 3}',
        '{"tables": [{"title": "T"}]}',
        '{"tables": [{"title": "T", "notes": [], "columns": ["A"], "rows": [{"B": 1}]}]}',
        '{"tables": [{"title": "T", "notes": [], "columns": ["A"], "rows": [{"A": [1]}]}]}',
    ],
)
def test_what_holds_no_tables_is_refused(text: str) -> None:
    with pytest.raises(PremaskError, match=r"^t\.json: "):
        from_json(text, "t.json")
