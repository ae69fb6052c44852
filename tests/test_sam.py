"""Segment Anything on a small model of the same architecture, with random weights.

Shapes, frames, files and refusals: nothing here says how good the real weights are.
"""

from __future__ import annotations

import itertools
import json
import os
import pickle
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import premask
from premask.core.errors import PremaskError
from premask.preannotators import sam_weights

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
safetensors_torch = pytest.importorskip("safetensors.torch")

from premask.preannotators import sam as method  # noqa: E402 - after importorskip
from premask.preannotators import sam_model  # noqa: E402
from premask.preannotators.sam_checkpoint import official_to_transformers  # noqa: E402
from premask.preannotators.sam_masks import Frame, grid_points, mask_iou, unpack, upsample  # noqa: E402

pytestmark = pytest.mark.torch

# The thresholds of the published checkpoints mean nothing to random weights.
OPEN: dict[str, Any] = {"pred_iou_thresh": 0, "stability_score_thresh": 0, "points_per_side": 4}

DEPTH, SIDE, WIDTH = 2, 256, 32


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache of this test's own, and no weights from the user's environment."""
    monkeypatch.setenv("PREMASK_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("PREMASK_SAM_WEIGHTS", raising=False)
    forget()
    yield tmp_path / "cache"
    forget()


def forget() -> None:
    """What a new process would not know."""
    sam_model._load.cache_clear()
    sam_weights._checked_checksum.cache_clear()


@pytest.fixture(scope="module")
def tiny() -> Any:
    """The architecture of Segment Anything with 103,000 random weights."""
    config = transformers.SamConfig(
        vision_config={
            "hidden_size": WIDTH,
            "output_channels": WIDTH,
            "num_hidden_layers": DEPTH,
            "num_attention_heads": 4,
            "image_size": SIDE,
            "window_size": 4,
            "global_attn_indexes": [1],
            "num_pos_feats": WIDTH // 2,
            "mlp_dim": 64,
        },
        prompt_encoder_config={"hidden_size": WIDTH, "image_size": SIDE},
        mask_decoder_config={"hidden_size": WIDTH, "mlp_dim": 64, "iou_head_hidden_dim": 32},
    )
    model = transformers.SamModel(config).eval()
    randomise(model, torch.Generator().manual_seed(1))
    return model


def randomise(model: Any, generator: Any) -> None:
    """Weights under which the masks depend on the micrograph and on the prompt."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "norm" in name:
                parameter.fill_(1.0 if name.endswith("weight") else 0.0)
            elif "positional" in name:
                parameter.normal_(0, 1, generator=generator)
            elif parameter.ndim == 1 or "embed." in name or "token" in name:
                parameter.normal_(0, 0.5, generator=generator)
            else:  # 2 / sqrt(number of inputs) keeps the signal alive through the layers
                parameter.normal_(0, 2 * parameter[0].numel() ** -0.5, generator=generator)


@pytest.fixture
def folder(tiny: Any, tmp_path: Path) -> Path:
    """The model as a Hugging Face folder."""
    return write_folder(tiny, tmp_path / "tiny")


def write_folder(model: Any, folder: Path) -> Path:
    folder.mkdir()
    tensors = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    del tensors["prompt_encoder.shared_embedding.positional_embedding"]  # as save_pretrained does
    safetensors_torch.save_file(tensors, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(model.config.to_dict()))
    return folder


def official_names() -> dict[str, str]:
    """Each tensor's name in the authors' checkpoints, and in transformers; written by hand."""
    layers = {**encoder_layers(), **prompt_layers(), **decoder_layers()}
    names = {f"{a}.{part}": f"{b}.{part}" for a, b in layers.items() for part in ("weight", "bias")}
    names |= {
        "image_encoder.pos_embed": "vision_encoder.pos_embed",
        "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix": (
            "prompt_encoder.shared_embedding.positional_embedding"
        ),
        "prompt_encoder.no_mask_embed.weight": "prompt_encoder.no_mask_embed.weight",
        "prompt_encoder.not_a_point_embed.weight": "prompt_encoder.not_a_point_embed.weight",
        "mask_decoder.iou_token.weight": "mask_decoder.iou_token.weight",
        "mask_decoder.mask_tokens.weight": "mask_decoder.mask_tokens.weight",
    }
    for i in range(4):
        theirs, ours = "prompt_encoder.point_embeddings", "prompt_encoder.point_embed"
        names[f"{theirs}.{i}.weight"] = f"{ours}.{i}.weight"
    for i, conv in {0: "conv1", 2: "conv2"}.items():  # these two have no bias
        names[f"image_encoder.neck.{i}.weight"] = f"vision_encoder.neck.{conv}.weight"
    for i, axis in itertools.product(range(DEPTH), "hw"):
        rest = f"{i}.attn.rel_pos_{axis}"
        names[f"image_encoder.blocks.{rest}"] = f"vision_encoder.layers.{rest}"
    return names


def encoder_layers() -> dict[str, str]:
    layers = {
        "image_encoder.patch_embed.proj": "vision_encoder.patch_embed.projection",
        "image_encoder.neck.1": "vision_encoder.neck.layer_norm1",
        "image_encoder.neck.3": "vision_encoder.neck.layer_norm2",
    }
    for i in range(DEPTH):
        theirs, ours = f"image_encoder.blocks.{i}", f"vision_encoder.layers.{i}"
        for layer in ("attn.qkv", "attn.proj", "mlp.lin1", "mlp.lin2"):
            layers[f"{theirs}.{layer}"] = f"{ours}.{layer}"
        for n in (1, 2):
            layers[f"{theirs}.norm{n}"] = f"{ours}.layer_norm{n}"
    return layers


def prompt_layers() -> dict[str, str]:
    numbers = {0: "conv1", 1: "layer_norm1", 3: "conv2", 4: "layer_norm2", 6: "conv3"}
    theirs, ours = "prompt_encoder.mask_downscaling", "prompt_encoder.mask_embed"
    return {f"{theirs}.{i}": f"{ours}.{layer}" for i, layer in numbers.items()}


def decoder_layers() -> dict[str, str]:
    transformer = "mask_decoder.transformer"
    layers = {
        f"{transformer}.norm_final_attn": f"{transformer}.layer_norm_final_attn",
        "mask_decoder.output_upscaling.0": "mask_decoder.upscale_conv1",
        "mask_decoder.output_upscaling.1": "mask_decoder.upscale_layer_norm",
        "mask_decoder.output_upscaling.3": "mask_decoder.upscale_conv2",
    }
    attentions = ["final_attn_token_to_image"]
    for i in range(2):
        kinds = ("self_attn", "cross_attn_token_to_image", "cross_attn_image_to_token")
        attentions += [f"layers.{i}.{kind}" for kind in kinds]
        for n in (1, 2):
            same = f"{transformer}.layers.{i}.mlp.lin{n}"
            layers[same] = same
        for n in (1, 2, 3, 4):
            block = f"{transformer}.layers.{i}"
            layers[f"{block}.norm{n}"] = f"{block}.layer_norm{n}"
    for attention, projection in itertools.product(attentions, "qkv"):
        same = f"{transformer}.{attention}.{projection}_proj"
        layers[same] = same
    for attention in attentions:
        same = f"{transformer}.{attention}.out_proj"
        layers[same] = same
    heads = [f"mask_decoder.output_hypernetworks_mlps.{i}" for i in range(4)]
    for head in [*heads, "mask_decoder.iou_prediction_head"]:
        for i, layer in enumerate(["proj_in", "layers.0", "proj_out"]):
            layers[f"{head}.layers.{i}"] = f"{head}.{layer}"
    return layers


def write_checkpoint(model: Any, path: Path) -> Path:
    """The model as the authors would have saved it."""
    tensors = model.state_dict()
    torch.save({theirs: tensors[ours].clone() for theirs, ours in official_names().items()}, path)
    return path


def micrograph(height: int = 96, width: int = 160) -> NDArray[np.uint8]:
    """Three grey levels with noise: a dark matrix, a bright block, a medium stripe."""
    rng = np.random.default_rng(3)
    image = np.full((height, width), 60.0)
    image[10:60, 20:90] = 200
    image[70:90, :] = 130
    return (image + rng.normal(0, 5, image.shape)).clip(0, 255).astype(np.uint8)


# --- the method -------------------------------------------------------------------------


def test_the_method_gives_ordered_regions_of_the_micrograph_s_shape(folder: Path) -> None:
    image = micrograph()
    regions = premask.preannotate(image, "sam", 3, weights=str(folder), **OPEN)
    assert regions.shape == image.shape
    assert regions.dtype == np.uint8
    assert 2 <= len(np.unique(regions)) <= 3
    means = [image[regions == i].mean() for i in np.unique(regions)]
    assert means == sorted(means)


def test_the_same_seed_gives_the_same_bytes(folder: Path) -> None:
    runs = []
    for _ in range(2):
        forget()
        runs.append(premask.preannotate(micrograph(), "sam", 4, weights=str(folder), **OPEN))
    np.testing.assert_array_equal(*runs)


def test_the_size_of_the_batches_does_not_change_the_masks(tiny: Any) -> None:
    found = [
        list(method.propose(micrograph(), tiny, points_per_batch=batch, **OPEN))
        for batch in (1, 5, 64)
    ]
    assert len(found[0]) > 16
    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            assert mask_iou(a, b) > 0.999  # sums in another order move a pixel on the threshold
            assert a.score == pytest.approx(b.score, abs=1e-4)


def test_rgb_and_16_bit_micrographs_are_taken(folder: Path) -> None:
    grey = micrograph()
    rgb = np.stack([grey, 255 - grey, grey // 2], axis=2)
    for image in (rgb, grey.astype(np.uint16) * 200):
        regions = premask.preannotate(image, "sam", 2, weights=str(folder), **OPEN)
        assert regions.shape == grey.shape


def test_thresholds_that_nothing_passes_are_an_error_that_says_what_to_lower(
    folder: Path,
) -> None:
    options = {**OPEN, "stability_score_thresh": 1.0, "pred_iou_thresh": 1.0}
    with pytest.raises(PremaskError, match=r"sam\.pred_iou_thresh=0\.7"):
        premask.preannotate(micrograph(), "sam", 2, weights=str(folder), **options)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("points_per_side", 0),
        ("points_per_side", 2.5),
        ("points_per_batch", 0),
        ("pred_iou_thresh", 1.1),
        ("stability_score_thresh", -0.1),
        ("nms_thresh", "x"),
        ("describe", "colour"),
    ],
)
def test_an_option_out_of_range_is_named(option: str, value: Any, folder: Path) -> None:
    with pytest.raises(PremaskError, match=rf"{option} is {value!r}"):
        premask.preannotate(micrograph(), "sam", 2, weights=str(folder), **{option: value})


def test_an_unknown_device_is_an_error(folder: Path) -> None:
    with pytest.raises(PremaskError, match=r"'warp' .*cpu is always accepted"):
        premask.preannotate(micrograph(), "sam", 2, weights=str(folder), device="warp")


@pytest.mark.parametrize("describe", ["grey", "texture"])
def test_regions_are_grouped_into_the_classes_asked_for(describe: str) -> None:
    image = micrograph()
    regions = np.zeros(image.shape, np.int32)  # the matrix, and the medium stripe in two
    regions[70:90, :80], regions[70:90, 80:] = 1, 2
    regions[10:60, 20:55], regions[10:60, 55:90] = 4, 5  # the bright block in two; no 3
    labels = method.group(regions, image, 3, describe=describe)
    matrix, stripe, block = (labels[spot] for spot in ((0, 0), (80, 10), (30, 30)))
    assert len({int(matrix), int(stripe), int(block)}) == 3
    assert (labels[regions == 0] == matrix).all()
    assert (labels[70:90] == stripe).all()
    assert (labels[10:60, 20:90] == block).all()


def test_coloured_regions_of_equal_grey_are_told_apart() -> None:
    image = np.zeros((20, 30, 3), np.uint8)
    image[:, :15], image[:, 15:] = (100, 60, 60), (60, 81, 60)
    regions = np.repeat(np.arange(6), 5)[np.newaxis].repeat(20, axis=0).astype(np.int32)
    labels = method.group(regions, image, 2, describe="grey")
    assert len(np.unique(labels[:, :15])) == len(np.unique(labels[:, 15:])) == 1
    assert labels[0, 0] != labels[0, -1]


def test_fewer_regions_than_classes_stay_as_they_are() -> None:
    regions = np.zeros((96, 160), np.int32)
    regions[10:60, 20:90] = 1
    for describe in ("grey", "texture"):
        labels = method.group(regions, micrograph(), 5, describe=describe)
        assert len(np.unique(labels)) == 2


# --- frames -----------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(100, 200), (200, 100)])
def test_the_micrograph_lies_top_left_and_the_rest_is_zero(shape: tuple[int, int]) -> None:
    image = np.full(shape, 255, np.uint8)
    square = method.prepare(image, 64)[0]
    height, width = Frame(*shape, 64).resized
    assert square.shape == (3, 64, 64)
    white = (255 - method.PIXEL_MEAN) / method.PIXEL_STD
    np.testing.assert_allclose(square[:, height - 1, width - 1], white, rtol=1e-6)
    assert (square[:, height:] == 0).all()
    assert (square[:, :, width:] == 0).all()


def test_upsampling_equals_the_authors_interpolation() -> None:
    frame = Frame(height=61, width=90, side=128)
    logits = np.random.default_rng(0).normal(size=(32, 32)).astype(np.float32)
    height, width = frame.resized
    scale = torch.nn.functional.interpolate
    square = scale(torch.from_numpy(logits)[None, None], (128, 128), mode="bilinear")
    expected = scale(square[..., :height, :width], (61, 90), mode="bilinear")[0, 0]
    np.testing.assert_allclose(upsample(logits, frame), expected.numpy(), atol=1e-5)


class Spotlight:
    """Answers every prompt with a disc around it, in the frame that SAM's decoder uses."""

    config = transformers.SamConfig()
    device = "cpu"

    def get_image_embeddings(self, pixels: Any) -> Any:
        assert pixels.shape == (1, 3, 1024, 1024)
        return pixels

    def __call__(self, image_embeddings: Any, input_points: Any, multimask_output: bool) -> Any:
        assert multimask_output
        y, x = np.mgrid[:256, :256] * 4 + 1.5  # centres of the decoder's pixels, encoder px
        points = input_points[0, :, 0].numpy()
        discs = [10 - np.hypot(x - px, y - py) / 4 for px, py in points]
        masks = np.repeat(np.array(discs, np.float32)[:, None], 3, axis=1)
        return transformers.models.sam.modeling_sam.SamImageSegmentationOutput(
            pred_masks=torch.from_numpy(masks)[None],
            iou_scores=torch.ones(1, len(points), 3),
        )


@pytest.mark.parametrize("shape", [(300, 500), (500, 300)])
def test_masks_lie_where_the_prompts_are_in_the_micrograph(shape: tuple[int, int]) -> None:
    options = {"points_per_side": 3, "stability_score_thresh": 0}
    masks = list(method.propose(np.zeros(shape, np.uint8), Spotlight(), **options))
    assert len(masks) == 9 * 3
    for i, mask in enumerate(masks[::3]):
        rows, columns = np.nonzero(unpack(mask, shape))
        row, column = divmod(i, 3)
        assert rows.mean() == pytest.approx((row + 0.5) / 3 * shape[0] - 0.5, abs=1)
        assert columns.mean() == pytest.approx((column + 0.5) / 3 * shape[1] - 0.5, abs=1)


def test_the_preparation_and_prompts_agree_with_transformers_own(tiny: Any) -> None:
    # transformers resizes with Pillow as well where torchvision is missing.
    processor_module = pytest.importorskip("transformers.models.sam.image_processing_pil_sam")
    processor = processor_module.SamImageProcessorPil(
        size={"longest_edge": SIDE}, pad_size={"height": SIDE, "width": SIDE}
    )
    image = np.stack([micrograph(90, 170)] * 3, axis=2)
    theirs = processor(image, return_tensors="np")["pixel_values"][0]
    np.testing.assert_allclose(method.prepare(image, SIDE)[0], theirs, atol=1e-4)


# --- weights ----------------------------------------------------------------------------


def embedding(model: Any) -> tuple[NDArray[Any], ...]:
    embedded = method.embed(micrograph(), model)
    points = grid_points(3, Frame(96, 160, SIDE))
    return (embedded.numpy(), *method.decode(embedded, points, model))


def test_a_folder_gives_the_model_that_was_saved(tiny: Any, folder: Path) -> None:
    for ours, expected in zip(
        embedding(sam_model.load_sam(str(folder))), embedding(tiny), strict=True
    ):
        np.testing.assert_array_equal(ours, expected)


def test_official_names_are_those_of_every_tensor(tiny: Any) -> None:
    names = official_names()
    shared = "shared_image_embedding.positional_embedding"
    assert set(names.values()) == set(tiny.state_dict()) - {shared}
    renamed = official_to_transformers(dict.fromkeys([*names, "pixel_mean", "pixel_std"]))
    assert list(renamed) == list(names.values())


def test_an_official_checkpoint_gives_the_same_outputs(
    tiny: Any, tmp_path: Path, own_cache: Path
) -> None:
    path = write_checkpoint(tiny, tmp_path / "my_sam.pth")
    for _ in range(2):  # converted, then from the cache
        forget()
        for ours, expected in zip(
            embedding(sam_model.load_sam(str(path))), embedding(tiny), strict=True
        ):
            np.testing.assert_array_equal(ours, expected)
    kept = sorted(p.name for p in own_cache.rglob("*") if p.is_file())
    assert kept[0].endswith(".json")
    assert "model.safetensors" in kept
    assert not list(own_cache.rglob(".new-*"))


def test_the_second_use_does_not_read_the_pickle_again(
    tiny: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_checkpoint(tiny, tmp_path / "my_sam.pth")
    sam_model.load_sam(str(path))
    forget()
    monkeypatch.setattr(torch, "load", None)
    sam_model.load_sam(str(path))


def test_a_weights_file_that_changed_is_refused(tiny: Any, tmp_path: Path, own_cache: Path) -> None:
    path = write_checkpoint(tiny, tmp_path / "my_sam.pth")
    sam_model.load_sam(str(path))
    with path.open("ab") as stream:
        stream.write(b"more")
    with pytest.raises(PremaskError, match="changed since it was first used") as caught:
        sam_model.load_sam(str(path))
    forget()
    with pytest.raises(PremaskError, match="changed since it was first used"):
        sam_model.load_sam(str(path))
    pin = re.search(r"delete (\S+) and", str(caught.value))
    assert pin is not None
    assert Path(pin[1]).is_relative_to(own_cache)


class Malicious:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.target),)


def test_a_pickle_with_code_is_refused_and_not_run(tmp_path: Path, own_cache: Path) -> None:
    for name, save in (
        ("zip.pth", torch.save),
        ("plain.pth", lambda value, path: path.write_bytes(pickle.dumps(value, protocol=2))),
    ):
        save({"weight": Malicious(tmp_path / "owned")}, tmp_path / name)
        with pytest.raises(PremaskError, match=rf"{name} was refused: it holds more than tensors"):
            sam_model.load_sam(str(tmp_path / name))
    assert not (tmp_path / "owned").exists()
    assert not list(own_cache.rglob("model.safetensors"))


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.999])
def test_a_truncated_checkpoint_is_one_clear_error(
    tiny: Any, tmp_path: Path, own_cache: Path, share: float
) -> None:
    path = write_checkpoint(tiny, tmp_path / "my_sam.pth")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(PremaskError, match=r"my_sam\.pth .*damaged") as caught:
        sam_model.load_sam(str(path))
    assert "\n" not in str(caught.value)
    assert not list(own_cache.rglob("model.safetensors"))


def test_a_truncated_safetensors_file_is_one_clear_error(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(PremaskError, match=r"model\.safetensors is damaged"):
        sam_model.load_sam(str(folder))


def test_a_checkpoint_of_something_else_is_refused(tmp_path: Path) -> None:
    torch.save({"layer.weight": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(PremaskError, match="does not hold the weights of Segment Anything"):
        sam_model.load_sam(str(tmp_path / "other.pth"))
    torch.save([torch.zeros(3)], tmp_path / "list.pth")
    with pytest.raises(PremaskError, match="not a dictionary of tensors"):
        sam_model.load_sam(str(tmp_path / "list.pth"))


def test_a_checkpoint_without_one_of_its_tensors_is_refused(tiny: Any, tmp_path: Path) -> None:
    path = write_checkpoint(tiny, tmp_path / "my_sam.pth")
    tensors = torch.load(path, weights_only=True)
    del tensors["mask_decoder.transformer.norm_final_attn.bias"]
    torch.save(tensors, path)
    with pytest.raises(PremaskError, match=r"1 of 175 tensors .*layer_norm_final_attn\.bias"):
        sam_model.load_sam(str(path))


def test_tensors_of_a_wrong_form_are_refused(tiny: Any, tmp_path: Path) -> None:
    tensors = torch.load(write_checkpoint(tiny, tmp_path / "good.pth"), weights_only=True)
    tensors["image_encoder.patch_embed.proj.weight"] = torch.zeros(3)
    torch.save(tensors, tmp_path / "bad.pth")
    with pytest.raises(PremaskError, match=r"bad\.pth does not hold the weights"):
        sam_model.load_sam(str(tmp_path / "bad.pth"))


def test_tensors_that_share_one_storage_are_converted(tiny: Any, tmp_path: Path) -> None:
    path = tmp_path / "flat.pth"
    tensors = torch.load(write_checkpoint(tiny, tmp_path / "good.pth"), weights_only=True)
    flat = torch.cat([tensor.flatten() for tensor in tensors.values()])
    pieces = flat.split([tensor.numel() for tensor in tensors.values()])
    views = zip(tensors.items(), pieces, strict=True)
    torch.save({name: piece.view(old.shape) for (name, old), piece in views}, path)
    for ours, expected in zip(
        embedding(sam_model.load_sam(str(path))), embedding(tiny), strict=True
    ):
        np.testing.assert_array_equal(ours, expected)


def test_half_precision_weights_run_in_float32(tiny: Any, tmp_path: Path) -> None:
    tensors = torch.load(write_checkpoint(tiny, tmp_path / "good.pth"), weights_only=True)
    torch.save({name: tensor.half() for name, tensor in tensors.items()}, tmp_path / "half.pth")
    model = sam_model.load_sam(str(tmp_path / "half.pth"))
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


def test_a_configuration_of_2023_with_its_many_old_keys_is_read(tiny: Any, folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    old = {
        "_name_or_path": "",
        "add_cross_attention": False,
        "architectures": None,
        "bad_words_ids": None,
        "chunk_size_feed_forward": 0,
        "is_encoder_decoder": False,
        "output_attentions": False,
        "output_hidden_states": False,
        "problem_type": None,
        "torch_dtype": None,
        "torchscript": False,
        "transformers_version": "4.29.0.dev0",
        "use_bfloat16": False,
    }
    for part in ("vision_config", "prompt_encoder_config", "mask_decoder_config"):
        config[part] = {**old, **config[part]}
    config["vision_config"]["projection_dim"] = 512
    config |= {"_commit_hash": None, "torch_dtype": "float32", "transformers_version": None}
    (folder / "config.json").write_text(json.dumps(config))
    for ours, expected in zip(
        embedding(sam_model.load_sam(str(folder))), embedding(tiny), strict=True
    ):
        np.testing.assert_array_equal(ours, expected)


def test_a_full_disk_leaves_no_half_conversion(
    tiny: Any, tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_checkpoint(tiny, tmp_path / "my_sam.pth")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    sam_weights.pinned_checksum(path)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PremaskError, match="No space left on device"):
        sam_model.load_sam(str(path))
    monkeypatch.undo()
    assert not list(own_cache.rglob("model.safetensors"))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "cannot be read as JSON"),
        ('{"model_type": "sam2"}', "type 'sam2'; sam is accepted"),
        ('{"model_type": "sam", "vision_config": {"hidden_size": "x"}}', "not a valid conf"),
        ('{"model_type": "sam"}', "missing or of another shape"),
    ],
)
def test_a_wrong_configuration_is_one_clear_error(folder: Path, config: str, message: str) -> None:
    (folder / "config.json").write_text(config)
    with pytest.raises(PremaskError, match=message):
        sam_model.load_sam(str(folder))


def test_the_published_encoders_are_inferred_from_their_shapes() -> None:
    from premask.preannotators.sam_checkpoint import infer_config

    published = {
        "vit_b": {},
        "vit_l": {
            "hidden_size": 1024,
            "num_hidden_layers": 24,
            "num_attention_heads": 16,
            "global_attn_indexes": [5, 11, 17, 23],
        },
        "vit_h": {
            "hidden_size": 1280,
            "num_hidden_layers": 32,
            "num_attention_heads": 16,
            "global_attn_indexes": [7, 15, 23, 31],
        },
    }
    for vision in published.values():
        expected = transformers.SamConfig(vision_config=vision)
        with torch.device("meta"):
            model = transformers.SamModel(expected)
        found = infer_config(model.state_dict(), "here")
        with torch.device("meta"):
            again = transformers.SamModel(found)
        shapes = [{n: t.shape for n, t in m.state_dict().items()} for m in (model, again)]
        assert shapes[0] == shapes[1]
        for name in ("num_attention_heads", "global_attn_indexes", "window_size", "image_size"):
            ours, theirs = (getattr(c.vision_config, name) for c in (found, expected))
            assert np.array_equal(ours, theirs), name


# --- what the user is told ----------------------------------------------------------------


def test_without_weights_the_error_says_which_file_from_where_and_what_to_run() -> None:
    with pytest.raises(PremaskError) as caught:
        premask.preannotate(micrograph(), "sam", 3)
    message = str(caught.value)
    for part in (
        "sam_vit_b_01ec64.pth",
        "375 MB",
        "facebookresearch/segment-anything",
        "facebook/sam-vit-base",
        "premask preannotate PROJECT --method sam --option sam.weights=",
        "PREMASK_SAM_WEIGHTS",
    ):
        assert part in message
    assert "\n" not in message
    assert sam_weights.weights_status() == message


def test_weights_are_found_by_the_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREMASK_SAM_WEIGHTS", str(folder))
    assert sam_weights.weights_status() is None
    assert premask.preannotate(micrograph(), "sam", 3, **OPEN).shape == (96, 160)


# --- the real thing -----------------------------------------------------------------------

REAL = os.environ.get("PREMASK_SAM_WEIGHTS", "")


@pytest.mark.slow
@pytest.mark.skipif(not REAL, reason="no weights; set PREMASK_SAM_WEIGHTS to a file or folder")
def test_real_weights_find_a_bright_disc() -> None:
    y, x = np.mgrid[:240, :320]
    disc = np.hypot(y - 100, x - 200) < 50
    noise = np.random.default_rng(0).normal(0, 6, disc.shape)
    image = (np.where(disc, 190, 70) + noise).clip(0, 255).astype(np.uint8)
    regions = premask.preannotate(image, "sam", 2, weights=REAL, points_per_side=8)
    found = regions == 1
    assert (found & disc).sum() / (found | disc).sum() > 0.9
