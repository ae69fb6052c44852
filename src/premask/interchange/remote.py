"""What every labelling server has in common: a project there, with a task for each image."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from premask.core.errors import PremaskError
from premask.core.exchange import Layer, Outgoing


class OccupiedError(PremaskError):
    """A task that holds one label map has another one, which is left as it is."""


@dataclass(frozen=True)
class RemoteTask:
    """A task on a server.

    Attributes
    ----------
    id : str
    changed : str
        Differs after every change.
    image : str
        The id of its image in the project, where it was made from there.
    """

    id: str
    changed: str
    image: str = ""


class Remote(Protocol):
    """A project on a server. Nothing in it deletes or changes what is there.

    Attributes
    ----------
    key : str
        Tells it from every other project on any server.
    address : str
        Its page.
    form : str
        The format of what is downloaded.
    suffix : str
        Of its files.
    """

    @property
    def key(self) -> str: ...  # noqa: D102
    @property
    def address(self) -> str: ...  # noqa: D102
    @property
    def form(self) -> str: ...  # noqa: D102
    @property
    def suffix(self) -> str: ...  # noqa: D102

    def known(self, images: Sequence[Outgoing]) -> dict[str, str]:
        """Those of some images that have a task: their ids in the project, and the task's id."""
        ...

    def create(self, image: Outgoing) -> str:
        """Make a task of an image with all its label maps, and give its id."""
        ...

    def has(self, task: str, layer: Layer) -> bool:
        """Whether a task has just this label map already."""
        ...

    def add(self, task: str, layer: Layer) -> None:
        """Add one label map to a task.

        Raises
        ------
        OccupiedError
            Where the task holds one, and has another.
        """
        ...

    def tasks(self) -> list[RemoteTask]:
        """All tasks."""
        ...

    def annotations(self, task: RemoteTask) -> bytes:
        """A task with its annotations, as a file of the format."""
        ...

    def predictions(self, task: RemoteTask, without: Collection[str]) -> bytes:
        """A task with its predictions but for those of some methods, as a file of the format."""
        ...
