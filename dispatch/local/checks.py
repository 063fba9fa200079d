"""What is looked at before anything starts, so that what is wrong is said in one line."""

from __future__ import annotations

import asyncio
import errno
import shutil
import socket
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import psutil

from dispatch.local.trouble import Trouble

OLDEST_POSTGRES = 16
#: below this a start is refused: the write-ahead log alone may take as much (bytes)
LEAST_FREE = 256 * 1024 * 1024


def port_free(host: str, port: int) -> bool:
    """Whether `port` of `host` can be listened on now. Raises `Trouble` when `host` is no address of this machine."""
    try:
        # a name may stand for several addresses; the first is the one that counts
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except PermissionError:
        raise Trouble(f"Port {port} needs root.", "Set DISPATCH_PORT to one above 1023.") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return False
        raise Trouble(
            f"Cannot listen on {host} ({error.strerror}).", "Set DISPATCH_HOST to an address of this machine."
        ) from None
    return True


async def claim_port(host: str, port: int, patience: float = 1) -> None:
    """Raises `Trouble`, naming who has the port, unless it is or becomes free within `patience` seconds."""
    for _ in range(int(patience / 0.1)):
        if port == 0 or port_free(host, port):
            return
        await asyncio.sleep(0.1)  # the children of a supervisor just killed may still be going
    other = _next_free(host, port)
    raise Trouble(
        f"Port {port} on {host} is taken{_holder(port)}.",
        f"Stop that, or take another: DISPATCH_PORT={other} (with make: make run PORT={other}).",
    )


def _holder(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    except (psutil.Error, OSError):
        pass  # only root may look at everybody's
    return ""


def _next_free(host: str, port: int) -> int:
    return next((each for each in range(port + 1, min(port + 100, 65536)) if port_free(host, each)), 0)


def disk(folder: Path, least: int = LEAST_FREE) -> None:
    """Raises `Trouble` when fewer than `least` bytes are free where `folder` lies."""
    free = shutil.disk_usage(folder).free
    if free < least:
        raise Trouble(
            f"The disk of {folder} is full: {free // 2**20} MB free, {least // 2**20} MB needed.",
            "Free some space, or set DISPATCH_DATA to a folder on another disk.",
        )


async def database(url: str) -> None:
    """Raises `Trouble` when the PostgreSQL at `url` cannot be used; passwords are not repeated."""
    remedy = "Mend DISPATCH_DATABASE_URL, or unset it for the embedded one (`dispatch up`)."
    try:
        where = urlsplit(url).netloc.rpartition("@")[2] or "the socket"
        connection = await asyncpg.connect(url, timeout=8)
    except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidPasswordError):
        raise Trouble(f"The database at {where} refuses this user or password.", remedy) from None
    except asyncpg.InvalidCatalogNameError as error:
        raise Trouble(f"The database at {where} answers, but: {error}.", "Create it with createdb.") from None
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        why = str(error) or type(error).__name__
        raise Trouble(f"The database at {where} cannot be reached ({why}).", f"Start it, or: {remedy}") from None
    except ValueError as error:
        raise Trouble(f"DISPATCH_DATABASE_URL cannot be read ({error}).", remedy) from None
    try:
        version = connection.get_server_version()
    finally:
        await asyncio.wait_for(connection.close(), 5)
    if version.major < OLDEST_POSTGRES:
        raise Trouble(
            f"The database at {where} is PostgreSQL {version.major}.", f"{OLDEST_POSTGRES} or newer is needed."
        )
