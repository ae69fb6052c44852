"""Where an export may go: it replaces what an earlier one wrote, and nothing else."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Set
from pathlib import Path

from premask.core.errors import PremaskError
from premask.core.words import count
from premask.workflow.exchange import MANIFEST, Manifest, read_manifest

OTHER_ARCHIVES = frozenset(
    {".tar", ".tgz", ".tbz2", ".txz", ".gz", ".bz2", ".xz", ".zst", ".lz4", ".7z", ".rar"}
)
"""Endings that ask for an archive that is not written."""


def earlier_export(out: Path, root: Path, ids: Set[str]) -> Manifest:
    """What an earlier export left at a place; an empty manifest where there was none.

    Parameters
    ----------
    root : Path
        The project's folder.
    ids : set of str
        The images that are to go out now.

    Raises
    ------
    PremaskError
        For a place in the project itself, another kind of archive than zip, a zip of other
        content, and an export of images that do not go out now: two manifests cannot share a
        folder.
    """
    _refuse_other_archives(out)
    place = out.resolve()
    if place == root.resolve() or root.resolve() in place.parents:
        raise PremaskError(
            f"{out} lies in the project, which is premask's own; name another folder"
        )
    if out.suffix.lower() == ".zip":
        if out.exists() and not _is_export(out):
            raise PremaskError(f"{out} is there and no export of premask; name another file")
        return Manifest()
    earlier = read_manifest(out / MANIFEST)
    others = sorted(name for name, id_ in earlier.ids.items() if id_ not in ids)
    if others:
        raise PremaskError(
            f"{out} has an export of other images ({', '.join(others[:3])}"
            f"{' ...' if len(others) > 3 else ''}); name another folder"
        )
    return earlier


def refuse_to_replace(files: Iterable[str], out: Path, earlier: Manifest) -> None:
    """Refuse to write over files that no export wrote: they may be the micrographs.

    Parameters
    ----------
    files : iterable of str
        What is to be written, relative to ``out``.

    Raises
    ------
    PremaskError
        With the first of them and how many there are.
    """
    mine = earlier.files | {MANIFEST}
    foreign = [name for name in files if name not in mine and (out / name).exists()]
    if foreign:
        raise PremaskError(
            f"{out} has {count(len(foreign), 'file')} that would be replaced and that no export"
            f" wrote, e.g. {foreign[0]}; nothing was exported: name another folder"
        )


def _refuse_other_archives(out: Path) -> None:
    if out.suffix.lower() not in OTHER_ARCHIVES or out.is_dir():
        return
    name = out
    while name.suffix.lower() in OTHER_ARCHIVES:
        name = name.with_suffix("")
    raise PremaskError(
        f"{out}: an archive of the kind {out.name.removeprefix(name.name)} is not written; a folder"
        f" or a name that ends in .zip is accepted, e.g. {name}.zip"
    )


def _is_export(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return MANIFEST in archive.namelist()
