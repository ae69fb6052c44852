"""A tiny network learns, resumes to the bit, and its export says the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from premask.core.errors import PremaskError
from premask.deploy.predictor import load_model, predict
from premask.evaluate.confusion import Confusion
from premask.train.config import Config, make_config
from premask.train.data import Sample, make_index
from premask.train.state import STATE_FILE
from tiny_models import TINY, particles

torch = pytest.importorskip("torch")
pytest.importorskip("segmentation_models_pytorch")
pytestmark = pytest.mark.torch

from premask.train import loop  # noqa: E402
from premask.train.export import load_weights, save_onnx, save_weights  # noqa: E402
from premask.train.loop import Task, Trained, fit, rate  # noqa: E402
from premask.train.model import build  # noqa: E402
from premask.train.processes import check_machine  # noqa: E402

KNOBS = make_config(given=TINY)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Several workers of the tests at once must not fight for the cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def samples(*seeds: int) -> list[Sample]:
    return [Sample(str(seed), lambda seed=seed: particles(seed)) for seed in seeds]


def task(config: Config, *, validated: bool = True) -> Task:
    torch.manual_seed(config.seed)
    network = build(config.architecture, config.encoder, 3)
    training = samples(0, 1, 2, 3)
    validation = samples(4, 5) if validated else []
    return Task(network, False, training, validation, make_index(training, 3), 1)


class KilledError(Exception):
    """The power went."""


def run(
    folder: Path, config: Config = KNOBS, *, kill_after: int = 0, validated: bool = True
) -> Trained:
    folder.mkdir(exist_ok=True)

    def watch(row: dict[str, Any]) -> None:
        if row["epoch"] == kill_after:
            raise KilledError

    trained = fit(task(config, validated=validated), config, folder, watch)
    assert trained is not None
    return trained


def bytes_of(trained: Trained) -> bytes:
    state = trained.network.state_dict()
    return b"".join(state[name].numpy().tobytes() for name in sorted(state))


def without_times(trained: Trained) -> list[dict[str, Any]]:
    return [{**row, "seconds": 0} for row in trained.progress.history]


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    torch.set_num_threads(1)
    return run(tmp_path_factory.mktemp("learned"))


def test_a_tiny_network_learns(learned: Trained) -> None:
    history = learned.progress.history
    assert len(history) == KNOBS.epochs
    assert learned.reason == "epochs"
    assert history[-1]["loss"] < history[0]["loss"] / 2
    assert learned.progress.best_score > 0.75
    assert learned.progress.best_score == max(row["mean_iou"] for row in history)
    assert all(len(row["iou"]) == 3 for row in history)


@pytest.mark.parametrize("average", [0.0, 0.9])
def test_a_killed_run_ends_with_the_same_bytes(tmp_path: Path, average: float) -> None:
    config = replace(KNOBS, epochs=3, average=average)
    whole = run(tmp_path / "whole", config)
    for epoch in (1, 2):
        with pytest.raises(KilledError):
            run(tmp_path / "killed", config, kill_after=epoch)
    resumed = run(tmp_path / "killed", config)
    assert bytes_of(resumed) == bytes_of(whole)
    assert without_times(resumed) == without_times(whole)
    assert (average > 0) == (
        "average" in torch.load(tmp_path / "killed" / STATE_FILE, weights_only=True)["parts"]
    )


def test_another_seed_gives_other_bytes(tmp_path: Path) -> None:
    short = replace(KNOBS, epochs=1, crops_per_epoch=4)
    first, again = run(tmp_path / "a", short), run(tmp_path / "b", short)
    other = run(tmp_path / "c", replace(short, seed=1))
    assert bytes_of(first) == bytes_of(again) != bytes_of(other)


def test_a_state_of_another_run_is_refused_and_kept(tmp_path: Path) -> None:
    short = replace(KNOBS, epochs=2, crops_per_epoch=4)
    with pytest.raises(KilledError):
        run(tmp_path, short, kill_after=1)
    kept = (tmp_path / STATE_FILE).read_bytes()
    with pytest.raises(
        PremaskError, match=r"of other settings: loss dice \(cross-entropy\), epochs 3 \(2\)"
    ):
        run(tmp_path, replace(short, epochs=3, loss="dice"))
    with pytest.raises(PremaskError, match="other images"):
        run(tmp_path, short, validated=False)
    assert (tmp_path / STATE_FILE).read_bytes() == kept
    (tmp_path / STATE_FILE).write_bytes(kept[:1000])
    with pytest.raises(PremaskError, match=r"state.pt cannot be read .* delete it to begin anew"):
        run(tmp_path, short)


def test_patience_ends_a_run_that_stays_as_it_is(tmp_path: Path) -> None:
    still = replace(KNOBS, learning_rate=1e-9, patience=2, epochs=50, crops_per_epoch=4)
    ended = run(tmp_path, still)
    assert ended.reason == "patience"
    assert ended.progress.epoch == ended.progress.best_epoch + 2 < 50


def test_the_best_epoch_is_kept_and_not_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = iter([0.5, 0.9, 0.3, 0.9])

    def scripted(*_: object) -> Confusion:
        hits = round(1000 * next(scores))
        return Confusion(np.array([[hits, 1000 - hits, 0]] + [[0, 0, 0]] * 1))

    monkeypatch.setattr(loop, "score_samples", scripted)
    states = {}

    def watch(row: dict[str, Any]) -> None:
        content = torch.load(tmp_path / STATE_FILE, weights_only=True)
        states[row["epoch"]] = content["parts"]["network"]

    config = replace(KNOBS, epochs=4, crops_per_epoch=4)
    trained = fit(task(config), config, tmp_path, watch)
    assert trained is not None
    assert (trained.progress.best_epoch, trained.progress.best_score) == (2, 0.9)
    for name, tensor in trained.network.state_dict().items():
        assert torch.equal(tensor, states[2][name])
    assert any(not torch.equal(states[2][name], states[4][name]) for name in states[2])


def test_a_budget_of_time_ends_a_run(tmp_path: Path) -> None:
    ended = run(tmp_path, replace(KNOBS, minutes=1e-4, epochs=1000))
    assert ended.reason == "minutes"
    assert 1 <= ended.progress.epoch < 1000


def test_without_validation_the_last_epoch_is_kept(tmp_path: Path) -> None:
    short = replace(KNOBS, epochs=2, crops_per_epoch=4)
    trained = run(tmp_path, short, validated=False)
    assert trained.progress.best_epoch == 2
    assert trained.progress.best_score == -1
    assert all("mean_iou" not in row for row in trained.progress.history)


def test_a_loss_that_is_no_number_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(
        PremaskError, match=r"is nan; a lower learning_rate|no numbers any more; a lower"
    ):
        run(
            tmp_path,
            replace(
                KNOBS,
                learning_rate=10.0,
                epochs=200,
                loss="cross-entropy",
                patience=0,
                augment="none",
                weight_decay=10.0,
            ),
        )


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"batch": 1}, "batch is 1; 2 to 4096"),
        ({"device": "cuda:7"}, "cannot train on the device 'cuda:7'"),
        ({"precision": "mixed"}, "mixed precision needs a GPU"),
        ({"loss": "hinge"}, "no loss 'hinge'"),
        ({"augment": "warp"}, "no augmentation 'warp'"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, knobs: dict[str, Any], message: str) -> None:
    with pytest.raises(PremaskError, match=message):
        run(tmp_path, replace(KNOBS, **knobs))
    assert not (tmp_path / STATE_FILE).exists()


def test_a_batch_is_enough_for_all_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    check_machine(replace(KNOBS, batch=6, device="cpu"))
    monkeypatch.setenv("WORLD_SIZE", "3")
    check_machine(replace(KNOBS, batch=6, device="cpu"))
    with pytest.raises(PremaskError, match="batch is 5; at least 2 for each of 3 processes"):
        check_machine(replace(KNOBS, batch=5, device="cpu"))


def test_unknown_networks_are_refused() -> None:
    with pytest.raises(PremaskError, match=r"no architecture 'unett'.*did you mean unet\?"):
        build("unett", "resnet18", 3)
    with pytest.raises(PremaskError, match="no encoder 'resnet19'"):
        build("unet", "resnet19", 3)
    with pytest.raises(PremaskError, match=r"no.* go with unet \(Unknown model"):
        build("unet", "tu-nothing", 3)


def test_the_rate_rises_and_falls() -> None:
    rates = [rate(i / 1000) for i in range(1001)]
    top = int(np.argmax(rates))
    assert 45 <= top <= 55
    assert (np.diff(rates[: top + 1]) >= 0).all()
    assert (np.diff(rates[top:]) <= 0).all()


def test_padding_spelt_out_changes_nothing() -> None:
    import segmentation_models_pytorch as smp

    from premask.train.model import make_padding_static

    torch.manual_seed(0)
    network = smp.create_model("unet", "tu-tf_efficientnet_lite0", encoder_weights=None).eval()
    levels = torch.rand(1, 3, 64, 96)
    with torch.inference_mode():
        before = network(levels)
        make_padding_static(network)
        after = network(levels)
    assert torch.equal(before, after)
    assert any("StaticSame" in type(module).__name__ for module in network.modules())


def test_weights_and_export_say_the_same(learned: Trained, tmp_path: Path) -> None:
    from premask.train.scoring import score_samples

    described = described_card()
    save_weights(learned.network, described, tmp_path / "model.safetensors")
    difference = save_onnx(learned.network, described, tmp_path / "model.onnx")
    assert difference < 1e-4
    network, read = load_weights(tmp_path / "model.safetensors")
    assert read == described
    levels = np.random.default_rng(3).integers(0, 256, (1, 1, 128, 96), np.uint8)
    with torch.inference_mode():
        given = torch.from_numpy(levels).float()
        logits = learned.network(given)
        assert torch.equal(network(given), logits)
    model = load_model(tmp_path)
    assert model.card == described
    assert np.abs(model.run(levels) - torch.softmax(logits, 1).numpy()).max() < 1e-4
    image, truth = particles(9)
    labels = predict(model, image).labels
    assert (labels == truth).mean() > 0.95
    counts = score_samples(model.run, samples(9), 3, 1)
    assert counts.hits.sum() == (labels == truth).sum()
    assert b"/" + b"site-packages" not in (tmp_path / "model.onnx").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.onnx", "model.safetensors"]


def described_card() -> Any:
    from premask.deploy.model_card import ModelCard

    return ModelCard(
        names=("matrix", "grey", "bright"),
        colours=("#0072b2", "#e69f00", "#009e73"),
        channels=1,
        mean=(0.485, 0.456, 0.406),
        std=(0.229, 0.224, 0.225),
        architecture=KNOBS.architecture,
        encoder=KNOBS.encoder,
    )


def test_weights_of_others_are_refused(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    path = tmp_path / "model.safetensors"
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(PremaskError, match="does not say what its phases are"):
        load_weights(path)
    save_file({"a": torch.zeros(1)}, path, metadata={"premask": described_card().to_json()})
    with pytest.raises(PremaskError, match="does not fit its own description"):
        load_weights(path)
    path.write_bytes(b"nothing")
    with pytest.raises(PremaskError, match="damaged or is no safetensors file"):
        load_weights(path)


def test_crops_and_whole_images_agree_where_things_are() -> None:
    """A pixel's logits hang on what is around it, not on the size of the picture it is in."""
    torch.manual_seed(0)
    network = build("deeplabv3plus", "resnet18", 2).eval()
    assert not any(getattr(module, "align_corners", False) for module in network.modules())
    head = network.get_submodule("network.segmentation_head")
    features = torch.rand(1, head[0].in_channels, 32, 32)
    with torch.inference_mode():
        whole, part = head(features), head(features[:, :, 8:24, 8:24])
    assert torch.allclose(whole[:, :, 36:92, 36:92], part[:, :, 4:60, 4:60], atol=1e-6)
