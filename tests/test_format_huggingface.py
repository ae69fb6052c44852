"""Hugging Face's imagefolder: splits, names of classes, the card, what does not fit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from exchange_files import DATA, example, kinds, load, outgoing, read_one, save, vocabulary
from premask.core.errors import PremaskError

NAMES = ["Alpha", "Größe|2", "TiN"]


def folder(path: Path, rows: list[object], split: str = "train") -> Path:
    """A split with an image and a mask named a.png."""
    for kind in ("images", "masks"):
        (path / split / kind).mkdir(parents=True)
        Image.fromarray(example()).save(path / split / kind / "a.png")
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    (path / split / "metadata.jsonl").write_text("\n".join(lines))
    return path


def test_the_example_is_read() -> None:
    words = vocabulary()
    (one,) = load("huggingface", DATA / "hf_imagefolder", words)
    assert (one.name, one.type) == ("a.png", "I")
    assert one.image == DATA / "hf_imagefolder/train/images/a.png"
    assert np.array_equal(one.read(), example())
    assert kinds(words) == ["assumed"]  # there is no id2label.json


def test_what_is_written(tmp_path: Path) -> None:
    label_map = example()
    label_map[:, 0] = 255
    images = [outgoing(label_map, "a", type="I", um_per_px=0.5), outgoing(example(), "b ü")]
    save("huggingface", tmp_path, images, NAMES, pictures=True)
    lines = (tmp_path / "train/metadata.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [
        {"file_name": "images/a.png", "mask_file_name": "masks/a.png", "type": "I",
         "um_per_px": 0.5},
        {"file_name": "images/b ü.png", "mask_file_name": "masks/b ü.png", "type": None,
         "um_per_px": None},
    ]  # fmt: skip
    assert json.loads((tmp_path / "id2label.json").read_text(encoding="utf-8")) == {
        "0": "Alpha", "1": "Größe|2", "2": "TiN",
    }  # fmt: skip
    assert np.array_equal(np.asarray(Image.open(tmp_path / "train/masks/a.png")), label_map)


def test_the_card_counts_the_pixels(tmp_path: Path) -> None:
    label_map = example()
    label_map[:, 0] = 255
    save("huggingface", tmp_path, [outgoing(label_map)], NAMES)
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert card.startswith("---\ntask_categories:\n- image-segmentation\n")
    labelled = 96 * 127
    for row in (f"| 0 | Alpha | `#0072b2` | {100 * 96 * 63 / labelled:.2f} |",
                f"| 1 | Größe\\|2 | `#e69f00` | {100 * (96 * 64 - 400) / labelled:.2f} |",
                f"| 2 | TiN | `#009e73` | {100 * 400 / labelled:.2f} |"):  # fmt: skip
        assert row in card
    assert "96 pixels are not labelled" in card
    assert "- n<1K" in card


def test_all_splits_are_read(tmp_path: Path) -> None:
    row = {"file_name": "images/a.png", "label_file_name": "masks/a.png", "um_per_px": 0.3}
    for split in ("train", "test"):
        folder(tmp_path, [row], split)
    (tmp_path / "id2label.json").write_text('{"0": "TiN", "1": "Alpha", "2": "TiB2"}')
    words = vocabulary()
    found = load("huggingface", tmp_path, words)
    assert [one.um_per_px for one in found] == [0.3, 0.3]
    turned = np.array([2, 0, 1], np.uint8)[example()]
    assert all(np.array_equal(one.read(), turned) for one in found)
    assert words.report.findings == []


def test_a_csv_of_metadata_is_read(tmp_path: Path) -> None:
    folder(tmp_path, [])
    (tmp_path / "train/metadata.jsonl").unlink()
    (tmp_path / "train/metadata.csv").write_text(
        "file_name,mask_file_name,type,um_per_px\nimages/a.png,masks/a.png,II,0.25\n"
    )
    (one,) = load("huggingface", tmp_path, vocabulary())
    assert (one.type, one.um_per_px) == ("II", 0.25)


def test_an_image_without_a_mask_is_told(tmp_path: Path) -> None:
    words = vocabulary()
    assert load("huggingface", folder(tmp_path, [{"file_name": "images/a.png"}]), words) == []
    assert [(f.kind, f.where) for f in words.report.findings] == [
        ("no label map", "metadata.jsonl: line 1")
    ]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("{", "metadata.jsonl: line 1: no JSON"),
        ("[1]", "line 1 is no JSON object"),
        ({"mask_file_name": "../masks/a.png"}, "is no path inside train"),
        ({"mask_file_name": "/etc/passwd"}, "is no path inside train"),
        ({"mask_file_name": 3}, "3 is no path inside train"),
        ({"mask_file_name": "masks/b.png"}, "there is no file 'masks/b.png'"),
        ({"mask_file_name": "x" * 400}, "is no path inside train"),
    ],
)
def test_rows_that_do_not_fit_are_refused(tmp_path: Path, row: object, said: str) -> None:
    with pytest.raises(PremaskError, match=r"^metadata\.jsonl: line 1") as refusal:
        load("huggingface", folder(tmp_path, [row]), vocabulary())
    assert said in str(refusal.value)


def test_links_that_lead_out_are_refused(tmp_path: Path) -> None:
    path = folder(tmp_path / "set", [{"mask_file_name": "masks/b.png"}])
    Image.fromarray(example()).save(tmp_path / "secret.png")
    (path / "train/masks/b.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(PremaskError, match="leads out of train"):
        load("huggingface", path, vocabulary())


def test_a_table_of_classes_that_is_none(tmp_path: Path) -> None:
    path = folder(tmp_path, [{"mask_file_name": "masks/a.png"}])
    (path / "id2label.json").write_text('{"zero": "Alpha"}')
    with pytest.raises(PremaskError, match=r"^id2label\.json: no table of classes"):
        read_one("huggingface", path, vocabulary())
