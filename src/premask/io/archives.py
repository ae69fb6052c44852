"""Archives of others: unpacked within limits, so that none of them can do harm."""

from __future__ import annotations

import contextlib
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from premask.core.errors import DiskFullError, PremaskError
from premask.io.files import is_full

MAX_FILES = 200_000
MAX_RATIO = 200
SPARE = 1 << 30
"""An archive may unpack to :data:`MAX_RATIO` times its own size, and so many bytes more."""

NO_ARCHIVES = frozenset({".npz"})
"""Zip archives that are one file to those who use them."""

_CHUNK = 1 << 20
_UTF8 = 0x800
_MEMBER = b"PK\x03\x04"


@contextlib.contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """A folder or file as it is, a zip archive as a temporary folder of the same name.

    Raises
    ------
    PremaskError
        For a path that does not exist, an archive that is damaged, encrypted, unpacks to far
        more than its size, or has members that point out of it.
    """
    if not path.exists():
        raise PremaskError(f"{path} does not exist; give a folder, a file or a zip archive")
    if path.is_dir() or path.suffix.lower() in NO_ARCHIVES or not zipfile.is_zipfile(path):
        if path.is_file() and path.suffix.lower() == ".zip":
            raise PremaskError(f"{path} is no zip archive, or it is cut off; download it again")
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="premask-") as temporary:
        folder = Path(temporary) / path.name  # so that messages name the archive
        try:
            folder.mkdir()
            with zipfile.ZipFile(path) as archive:
                _check_whole(archive, path)
                _unpack(archive, path, folder)
        except PremaskError:
            raise
        except OSError as error:
            if is_full(error):
                raise DiskFullError(
                    f"the disk of {folder} is full, {path} could not be unpacked; make room, or"
                    " unpack it elsewhere and give the folder"
                ) from None
            raise PremaskError(f"{path} cannot be unpacked: {error.strerror or error}") from None
        except Exception as error:
            # Damaged archives make the decompressors raise nearly everything.
            reason = " ".join(str(error).split())[:160] or type(error).__name__
            raise PremaskError(f"{path} is damaged ({reason}); download it again") from None
        yield folder


def _check_whole(archive: zipfile.ZipFile, path: Path) -> None:
    """Refuse an archive whose own directory is cut off, where one inside it was found instead.

    What is found then begins behind the first member. A program that unpacks itself has
    something before its members too, but no member.
    """
    first = min((member.header_offset for member in archive.infolist()), default=0)
    with path.open("rb") as file:
        begins_with_member = file.read(len(_MEMBER)) == _MEMBER
    if first and begins_with_member:
        raise PremaskError(
            f"{path} is cut off: the list of its files is missing at its end; download it again"
        )


def _unpack(archive: zipfile.ZipFile, path: Path, folder: Path) -> None:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > MAX_FILES:
        raise PremaskError(
            f"{path} has {len(members):,} files; at most {MAX_FILES:,} are accepted: unpack it"
            " and give the folder"
        )
    room = MAX_RATIO * path.stat().st_size + SPARE
    seen: set[str] = set()
    for member in members:
        target = folder / _safe(member, path)
        key = target.as_posix()
        if key in seen:
            raise PremaskError(f"{path} has {member.filename!r} twice; make the archive anew")
        seen.add(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(member) as source, target.open("xb") as sink:
            while chunk := source.read(_CHUNK):
                room -= len(chunk)
                if room < 0:
                    raise PremaskError(
                        f"{path} unpacks to more than {MAX_RATIO} times its size, at"
                        f" {member.filename!r}; if you trust it, unpack it and give the folder"
                    )
                sink.write(chunk)


def _name(member: zipfile.ZipInfo) -> str:
    """The name of a member; macOS writes UTF-8 without the flag that says so."""
    if not member.flag_bits & _UTF8:
        with contextlib.suppress(UnicodeError):
            return member.filename.encode("cp437").decode("utf-8")
    return member.filename


def _safe(member: zipfile.ZipInfo, path: Path) -> PurePosixPath:
    name = PurePosixPath(_name(member).replace("\\", "/"))
    if (
        not name.parts
        or name.is_absolute()
        or ".." in name.parts
        or ":" in name.parts[0]
        or stat.S_ISLNK(member.external_attr >> 16)
    ):
        raise PremaskError(
            f"{path}: its member {member.filename!r} points out of the archive; it is refused"
        )
    if member.flag_bits & 1:
        raise PremaskError(f"{path} is encrypted; unpack it and give the folder")
    return name


def pack(folder: Path, archive: Path) -> None:
    """Write all files of a folder into a zip archive; the same files give the same bytes."""
    temporary = archive.with_name(f".premask-{archive.name}.tmp")
    try:
        with zipfile.ZipFile(temporary, "w") as packed:
            for file in sorted(path for path in folder.rglob("*") if path.is_file()):
                info = zipfile.ZipInfo(file.relative_to(folder).as_posix())
                # PNG and the like do not get smaller, only slower
                text = file.suffix.lower() in {".json", ".ndjson", ".xml", ".txt", ".csv", ".md"}
                info.compress_type = zipfile.ZIP_DEFLATED if text else zipfile.ZIP_STORED
                info.external_attr = 0o644 << 16
                with file.open("rb") as source, packed.open(info, "w", force_zip64=True) as sink:
                    shutil.copyfileobj(source, sink, _CHUNK)
        temporary.replace(archive)
    finally:
        temporary.unlink(missing_ok=True)
