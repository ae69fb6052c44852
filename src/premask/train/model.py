"""The network: any of segmentation_models_pytorch, with its normalisation inside."""

from __future__ import annotations

import contextlib
import importlib.util
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from premask.core.errors import PremaskError, nearest

if TYPE_CHECKING:
    from torch import Tensor, nn

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

MULTIPLE = 32
"""Height and width of what a network takes are multiples of this."""

ARCHITECTURES = (
    "deeplabv3plus", "deeplabv3", "unet", "unetplusplus", "manet", "linknet", "fpn", "pspnet",
    "pan", "upernet", "segformer", "dpt",
)  # fmt: skip
"""Those of segmentation_models_pytorch; not every encoder goes with every one."""

PACKAGES = {
    "torch": "torch",
    "torchvision": "torchvision",
    "segmentation_models_pytorch": "segmentation-models-pytorch",
    "safetensors": "safetensors",
    "onnx": "onnx",
    "onnxscript": "onnxscript",
    "onnxruntime": "onnxruntime",
}


def check_packages() -> None:
    """Refuse to begin where a package is missing that would be needed at the end.

    Raises
    ------
    PremaskError
        Naming it.
    """
    absent = [
        name for package, name in PACKAGES.items() if importlib.util.find_spec(package) is None
    ]
    if absent:
        raise PremaskError(
            f"training needs {' and '.join(absent)}, which is not installed:"
            ' pip install "premask[train]"'
        )


def check_architecture(name: str) -> None:
    """Refuse an architecture that there is not.

    Raises
    ------
    PremaskError
        Naming those that there are.
    """
    if name not in ARCHITECTURES:
        raise PremaskError(
            f"no architecture {name!r}; {', '.join(ARCHITECTURES)} are accepted"
            f"{nearest(name, ARCHITECTURES)}"
        )


def build(
    architecture: str,
    encoder: str,
    n_phases: int,
    *,
    mean: tuple[float, ...] = IMAGENET_MEAN,
    std: tuple[float, ...] = IMAGENET_STD,
) -> nn.Module:
    """A network with random weights.

    Parameters
    ----------
    architecture, encoder : str
        As segmentation_models_pytorch names them, e.g. ``unet``, ``resnet34``,
        ``tu-tf_efficientnet_lite0``.
    mean, std : tuple of float
        Of red, green and blue from 0 to 1, which the encoder's weights were trained with.

    Returns
    -------
    torch.nn.Module
        Takes levels from 0 to 255 of shape (N, 1 or 3, h, w), h and w multiples of 32; gives
        logits of shape (N, n_phases, h, w). Its part ``network`` is the one of
        segmentation_models_pytorch.

    Raises
    ------
    PremaskError
        For an architecture or an encoder that there is not, or that do not go together.
    """
    import torch
    from torch import nn

    class Normalised(nn.Module):
        """A network that takes grey levels."""

        def __init__(self, network: nn.Module) -> None:
            super().__init__()
            self.network = network
            # Not in the state: they are settings, and stand in config.json.
            for name, values in (("mean", mean), ("std", std)):
                scaled = torch.tensor([255 * value for value in values]).view(1, 3, 1, 1)
                self.register_buffer(name, scaled, persistent=False)

        def forward(self, levels: Tensor) -> Tensor:
            rgb = levels.expand(-1, 3, -1, -1)
            mean, std = self.get_buffer("mean"), self.get_buffer("std")
            logits: Tensor = self.network((rgb - mean) / std)
            return logits

    network = _network(architecture, encoder, n_phases)
    make_padding_static(network)
    make_upsampling_even(network)
    return Normalised(network)


def encoder_of(network: nn.Module) -> nn.Module:
    """The encoder of a network of :func:`build`."""
    return network.get_submodule("network.encoder")


def copy_of(network: nn.Module) -> dict[str, Tensor]:
    """The weights as they are now, on the processor."""
    return {name: one.detach().cpu().clone() for name, one in network.state_dict().items()}


def move_mean(average: nn.Module, network: nn.Module, decay: float, step: int) -> None:
    """Bring a running mean of the weights nearer to them; faster in the first steps."""
    share = 1 - min(decay, (1 + step) / (10 + step))
    own, theirs = average.state_dict(), network.state_dict()
    for name, one in own.items():
        if one.is_floating_point():
            one.lerp_(theirs[name], share)
        else:
            one.copy_(theirs[name])


def _network(architecture: str, encoder: str, n_phases: int) -> nn.Module:
    import segmentation_models_pytorch as smp

    check_architecture(architecture)
    if encoder not in smp.encoders.encoders and not encoder.startswith("tu-"):
        names = smp.encoders.get_encoder_names()
        raise PremaskError(
            f"no encoder {encoder!r}; one of segmentation_models_pytorch is accepted, e.g."
            " efficientnet-b0, resnet34, mobilenet_v2, or tu- and a name of timm"
            f"{nearest(encoder, names)}"
        )
    try:
        with _quiet():
            network: nn.Module = smp.create_model(
                architecture, encoder_name=encoder, encoder_weights=None, classes=n_phases
            )
            return network
    except Exception as error:  # each encoder refuses in its own way
        reason = " ".join(str(error).split())[:160] or type(error).__name__
        raise PremaskError(
            f"the encoder {encoder} does not go with {architecture} ({reason}); choose another"
        ) from None


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the warnings of packages that deprecate their own names."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def make_padding_static(network: nn.Module) -> None:
    """Replace convolutions that pad by the size of their input by ones that always pad the same.

    timm's ``tf_`` encoders pad as TensorFlow does, by what is left over at the right and below.
    On inputs that are multiples of 32 that is one number for each layer; spelt out, the export
    to ONNX takes seconds and not minutes. Results are the same to the bit.
    """
    from timm.layers.conv2d_same import Conv2dSame

    for module in network.modules():
        for name, child in module.named_children():
            if isinstance(child, Conv2dSame):
                setattr(module, name, _static(child))


def make_upsampling_even(network: nn.Module) -> None:
    """Let what is upsampled by 4 lie where it lay, in the middle and at the edges of any crop.

    segmentation_models_pytorch brings corners onto corners (``align_corners``): the scale then
    hangs on the size of the input, and a map is off by up to 3 px towards the edges, by another
    amount in a crop than in a whole image. Pixels are areas here, as everywhere in premask.
    """
    from torch import nn

    for module in network.modules():
        for name, child in module.named_children():
            if isinstance(child, nn.Upsample) and child.align_corners:
                even = nn.Upsample(child.size, child.scale_factor, child.mode, align_corners=False)
                setattr(module, name, even)


def _static(convolution: Any) -> nn.Module:
    from torch import nn
    from torch.nn import functional

    def around(axis: int) -> tuple[int, int]:
        reach = (convolution.kernel_size[axis] - 1) * convolution.dilation[axis] + 1
        total = max(reach - convolution.stride[axis], 0)
        return total // 2, total - total // 2

    padding = (*around(1), *around(0))

    class StaticSame(nn.Conv2d):
        """A convolution with more padding at the right and below."""

        def forward(self, input: Tensor) -> Tensor:  # noqa: A002
            padded = functional.pad(input, padding)
            return functional.conv2d(
                padded, self.weight, self.bias, self.stride, 0, self.dilation, self.groups
            )

    made = StaticSame(
        convolution.in_channels,
        convolution.out_channels,
        convolution.kernel_size,
        stride=convolution.stride,
        dilation=convolution.dilation,
        groups=convolution.groups,
        bias=convolution.bias is not None,
    )
    made.load_state_dict(convolution.state_dict())
    return made
