#!/usr/bin/env python3
"""verify.py FOLDER: a base backup against its manifest, where there is no pg_verifybackup of its PostgreSQL's version:
VERIFY='deploy/backup/verify.py' deploy/backup/backup.sh /backup

Every file is there, whole (size and SHA-256), none is there besides, and the manifest itself is as it was written.
Whether the WAL can be replayed, the drill shows (restore.sh). Says what is wrong, a line each; exit code 1.
"""

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

#: what a backup may have, or change, without its manifest
FREE = {"backup_manifest", "postgresql.auto.conf", "recovery.signal", "standby.signal", "pg_wal"}


def wrong(folder: Path) -> Iterator[str]:
    """What is not as the manifest says."""
    try:
        text = (folder / "backup_manifest").read_bytes()
        manifest = json.loads(text)
        files = {_path(one): one for one in manifest["Files"]}
    except (OSError, ValueError, KeyError) as error:
        yield f"backup_manifest: cannot be read ({error})"
        return
    own = text[: text.rindex(b'"Manifest-Checksum"')]
    if hashlib.sha256(own).hexdigest() != manifest["Manifest-Checksum"]:
        yield "backup_manifest: not as it was written"
    there = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    for path in sorted(there - files.keys()):
        if path.parts[0] not in FREE:
            yield f"{path}: not in the manifest"
    for path, one in sorted(files.items()):
        if path not in there:
            yield f"{path}: missing"
        elif path.parts[0] not in FREE and (why := _differs(folder / path, one)):
            yield f"{path}: {why}"


def _path(one: dict[str, str]) -> Path:
    return Path(one["Path"] if "Path" in one else bytes.fromhex(one["Encoded-Path"]).decode("utf-8", "surrogateescape"))


def _differs(path: Path, one: dict[str, object]) -> str:
    if path.stat().st_size != one["Size"]:
        return f"{path.stat().st_size} bytes, {one['Size']} in the manifest"
    if one.get("Checksum-Algorithm") != "SHA256":
        return "no SHA-256 in the manifest: pg_basebackup --manifest-checksums=SHA256"
    with path.open("rb") as content:
        return "" if hashlib.file_digest(content, "sha256").hexdigest() == one["Checksum"] else "another SHA-256"


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: verify.py FOLDER")
    sys.exit("\n".join(wrong(Path(sys.argv[-1]))) or 0)
