"""Starting the load generator, and what it came back with."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import orjson

from dispatch.local.child import Child, Spec
from tests.bench.ground import ROOT
from tests.bench.whistles import body

CONNECTIONS = 64


async def fire(
    port: int,
    token: str,
    count: int,
    *,
    first: int = 0,
    rate: float | None = None,
    connections: int = CONNECTIONS,
    more: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    """Have a process of its own send `count` requests, each with these fields `more`. Raises where any was not
    accepted."""
    with tempfile.TemporaryDirectory(prefix="dispatch-load-") as folder:
        told, out = Path(folder) / "in.json", Path(folder) / "out.json"
        bodies = [{**body(i), **more} for i in range(first, first + count)]
        asked = {"port": port, "token": token, "first": first, "connections": connections, "rate": rate}
        told.write_bytes(orjson.dumps({**asked, "bodies": bodies}))
        command = (sys.executable, "-m", "tests.bench.load", str(told), str(out))
        code = await Child(Spec("load", command, folder=ROOT)).wait()
        assert code == 0, f"the load generator ended with {code}"
        done: dict[str, Any] = orjson.loads(out.read_bytes())
    assert done["statuses"] == {"201": count}, done["statuses"]
    return done


def at(sorted_values: list[float], share: float) -> float:
    """The value below which this share of them lies."""
    return sorted_values[min(int(len(sorted_values) * share), len(sorted_values) - 1)]
