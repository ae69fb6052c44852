"""What a model is, kept inside its files: phases, colours, what it takes, how it is tiled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from premask.core.errors import PremaskError
from premask.core.phases import Phases, make_phases

KEY = "premask"
"""The entry of the metadata of an ONNX or safetensors file that holds the card, as JSON."""

INPUT = "levels"
OUTPUT = "probabilities"


@dataclass(frozen=True)
class ModelCard:
    """Everything that is needed to use a model, and nothing of how it was trained.

    The graph takes ``levels``: uint8 of shape (N, channels, h, w), grey or RGB as in an 8-bit
    file, h and w multiples of ``multiple``. It gives ``probabilities``: float32 of shape
    (N, phases, h, w). The normalisation is inside the graph.

    Attributes
    ----------
    names, colours : tuple of str
        Of the phases, in the order of their indices.
    channels : int
        1 for grey levels, 3 for RGB.
    mean, std : tuple of float
        What the graph subtracts and divides by, of levels from 0 to 1 (for information).
    multiple : int
        Height and width of what the graph takes are multiples of this.
    tile, overlap : int
        Largest side of a tile and how far tiles overlap, px.
    architecture, encoder : str
        Names in segmentation_models_pytorch.
    facts : dict
        What else is worth knowing: the version of premask, scores, the data set.

    Raises
    ------
    PremaskError
        For values that no model can have.
    """

    names: tuple[str, ...]
    colours: tuple[str, ...]
    channels: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    multiple: int = 32
    tile: int = 1024
    overlap: int = 128
    architecture: str = ""
    encoder: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        make_phases(self.names, self.colours)
        if self.channels not in {1, 3} or len(self.mean) != 3 or len(self.std) != 3:
            raise PremaskError(
                f"a model of {self.channels} channels with {len(self.mean)} means and"
                f" {len(self.std)} deviations; 1 or 3 channels, and 3 of each, are accepted"
            )
        sizes = (self.multiple, self.tile, self.overlap)
        if min(self.multiple, self.tile) < 1 or self.overlap < 0 or self.tile % self.multiple:
            raise PremaskError(
                f"multiple, tile and overlap are {sizes}; a tile that is a multiple of the first,"
                " and an overlap of 0 or more, are accepted"
            )

    @property
    def phases(self) -> Phases:
        """The phases with their colours."""
        return make_phases(self.names, self.colours)

    def to_json(self) -> str:
        """The card as it stands in the metadata."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)

    @staticmethod
    def from_json(text: str, where: str) -> ModelCard:
        """Read a card; ``where`` starts the message of what is wrong.

        Raises
        ------
        PremaskError
            If the text is not what :meth:`to_json` writes.
        """
        try:
            data = json.loads(text)
            return ModelCard(
                names=tuple(str(name) for name in data["names"]),
                colours=tuple(str(colour) for colour in data["colours"]),
                channels=int(data["channels"]),
                mean=tuple(float(value) for value in data["mean"]),
                std=tuple(float(value) for value in data["std"]),
                multiple=int(data["multiple"]),
                tile=int(data["tile"]),
                overlap=int(data["overlap"]),
                architecture=str(data["architecture"]),
                encoder=str(data["encoder"]),
                facts=dict(data["facts"]),
            )
        except PremaskError as error:
            raise PremaskError(f"{where}: {error}") from None
        except (ValueError, TypeError, KeyError) as error:
            raise PremaskError(
                f"{where}: the description of the model cannot be read ({error!r});"
                " a model.onnx that premask train has written is needed"
            ) from None
