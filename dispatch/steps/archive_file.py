"""A month of the log as a file: gzip of what COPY writes, and beside it a manifest that says what is in it.

Whoever is killed in between leaves `.part` files, which the next run writes over. The manifest comes last: where there
is one, its file is whole.
"""

import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

import orjson

#: what this version writes, and the newest that it reads
FORMAT = 1
_CHUNK = 1 << 20


class Unfit(Exception):
    """A file is not what its manifest says, or there is none; `str()` names the file, what is wrong, and what helps."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What stands in a file. `first`, `last`: ISO moments; `schema`: the revision it was written under; the two
    SHA-256 are of the file and of the rows in it, `bytes` and `content_bytes` their lengths."""

    month: str
    file: str
    rows: int
    first: str
    last: str
    sha256: str
    bytes: int
    content_sha256: str
    content_bytes: int
    columns: list[str]
    schema: str
    table: str = "whistle_event"
    format: int = FORMAT


@dataclass(slots=True)
class Content:
    """Counts and hashes the rows that go through it; `to` gets them as well."""

    to: IO[bytes] | gzip.GzipFile | None = None
    rows: int = 0
    length: int = 0
    _sha: Any = field(default_factory=hashlib.sha256)

    def write(self, content: bytes) -> None:
        """COPY ends every row with a line feed and writes one inside a value as two letters."""
        self.rows += content.count(b"\n")
        self.length += len(content)
        self._sha.update(content)
        if self.to is not None:
            self.to.write(content)

    @property
    def sha256(self) -> str:
        """Of all that was written."""
        return str(self._sha.hexdigest())


def name_of(month: str) -> str:
    """The file of a month (`2020-11`)."""
    return f"whistle_event-{month}.copy.gz"


def manifest_path(file: Path) -> Path:
    """Where the manifest of a file stands."""
    return file.with_name(file.name.removesuffix(".copy.gz") + ".json")


def sealed(file: Path) -> bool:
    """Whether a run before this one came to its end with this file."""
    return manifest_path(file).exists() and file.exists()


@contextmanager
def writing(file: Path) -> Iterator[Content]:
    """Rows into `file.part`, on the disk when the block ends. The same rows give the same bytes."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = _part(file)
    with part.open("wb") as raw:
        os.chmod(part, 0o600)
        with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed:
            yield Content(packed)
        raw.flush()
        os.fsync(raw.fileno())


def seal(file: Path, manifest: Manifest) -> None:
    """Give the file that was written and verified its name, then write its manifest."""
    os.replace(_part(file), file)
    _keep_names(file.parent)
    beside = manifest_path(file)
    with _part(beside).open("wb") as raw:
        os.chmod(raw.fileno(), 0o600)
        raw.write(orjson.dumps(asdict(manifest), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        raw.flush()
        os.fsync(raw.fileno())
    os.replace(_part(beside), beside)
    _keep_names(file.parent)


def written(file: Path) -> tuple[Content, str, int]:
    """Read `file.part` back from its beginning: its rows, its own SHA-256 and length."""
    return _read(_part(file))


def manifest_of(file: Path) -> Manifest:
    """The manifest of a file. Raises `Unfit`."""
    beside = manifest_path(file)
    try:
        found: dict[str, Any] = orjson.loads(beside.read_bytes())
        if found.get("format", 0) > FORMAT:
            raise Unfit(f"{beside} 是更新的版本写的，请用新的版本 It was written by a newer version: install that.")
        return Manifest(**found)
    except (OSError, ValueError, TypeError) as error:
        what = f"{beside} 读不出来（{type(error).__name__}）"
        raise Unfit(f"{what}，请找回和文件一起写的那一份 Find the manifest that was written with it.") from None


def verified(file: Path) -> Manifest:
    """The manifest of a file that was read to its end and is what the manifest says. Raises `Unfit`."""
    manifest = manifest_of(file)
    try:
        content, sha256, length = _read(file)
    except (OSError, EOFError, zlib.error) as error:
        what = f"{file} 读不到头（{type(error).__name__}）"
        raise Unfit(f"{what}，请换一份完好的拷贝 Take another copy of it.") from None
    found = (content.rows, content.sha256, content.length, sha256, length)
    if found != (manifest.rows, manifest.content_sha256, manifest.content_bytes, manifest.sha256, manifest.bytes):
        what = f"{file} 和它的清单对不上（{content.rows} 行，清单上 {manifest.rows} 行；SHA-256 {sha256}）"
        raise Unfit(f"{what}，请换一份完好的拷贝 It is not what its manifest says: take another copy.")
    return manifest


def _read(path: Path) -> tuple[Content, str, int]:
    content, own, length = Content(), hashlib.sha256(), 0
    with path.open("rb") as raw:
        while chunk := raw.read(_CHUNK):
            own.update(chunk)
            length += len(chunk)
        raw.seek(0)
        with gzip.GzipFile(fileobj=raw, mode="rb") as packed:
            while chunk := packed.read(_CHUNK):
                content.write(chunk)
    return content, own.hexdigest(), length


def _part(path: Path) -> Path:
    return path.with_name(path.name + ".part")


def _keep_names(folder: Path) -> None:
    """The names in a folder survive a power cut, too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
