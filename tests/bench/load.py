"""The load: requests made beforehand, sent over plain sockets by a process of its own. Loopback only.

`python -m tests.bench.load FILE OUT` reads `{port, token, first, bodies, connections, rate}` and writes what came back.
Without `rate` each connection sends its next request when the last one is answered; with it requests leave at that
many a second, and a late start counts as waiting.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

import orjson
import uvloop

#: nothing is sent after so long (seconds)
LIMIT = 120.0


class Client(asyncio.Protocol):
    """One kept-alive connection with at most one request under way."""

    def __init__(self) -> None:
        self.buffer = b""
        self.answer: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def send(self, request: bytes) -> asyncio.Future[tuple[int, bytes]]:
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self.answer

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, rest = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        low = head.lower()
        at = low.find(b"content-length:")
        length = int(low[at + 15 : low.find(b"\r\n", at) if b"\r\n" in low[at:] else len(low)])
        if len(rest) >= length and self.answer is not None and not self.answer.done():
            self.buffer = rest[length:]
            self.answer.set_result((int(head[9:12]), rest[:length]))

    def connection_lost(self, error: Exception | None) -> None:
        if self.answer is not None and not self.answer.done():
            self.answer.set_exception(error or ConnectionError("closed"))


def requests(port: int, token: str, first: int, bodies: list[Any]) -> list[bytes]:
    """HTTP/1.1 as bytes, each with its own idempotency key."""
    made = []
    for i, body in enumerate(bodies, first):
        content = orjson.dumps(body)
        made.append(
            f"POST /api/v1/whistles HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
            f"Idempotency-Key: bench-{i}\r\nContent-Type: application/json\r\nAccept: application/json\r\n"
            f"Content-Length: {len(content)}\r\n\r\n".encode()
            + content
        )
    return made


def epoch(moment: float) -> float:
    """A moment of `perf_counter` by the wall clock, which the database's stamps go by. Asked for each anew: a machine's
    wall clock may be slewed by milliseconds a second."""
    return time.time() - time.perf_counter() + moment


async def run(
    port: int, token: str, first: int, bodies: list[Any], connections: int, rate: float | None
) -> dict[str, Any]:
    """Send them all; statuses, latencies (ms), seconds, and when each accepted whistle was sent (epoch seconds)."""
    loop = asyncio.get_running_loop()
    pending = list(enumerate(requests(port, token, first, bodies)))[::-1]
    clients = [(await loop.create_connection(Client, "127.0.0.1", port))[1] for _ in range(connections)]
    statuses: dict[str, int] = {}
    latencies: list[float] = []
    sent: dict[str, float] = {}
    began = time.perf_counter()

    async def work(client: Client) -> None:
        while pending and time.perf_counter() - began < LIMIT:
            i, request = pending.pop()
            start = began + i / rate if rate else time.perf_counter()
            if rate and (early := start - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            due = epoch(start)
            status, answer = await client.send(request)
            latencies.append((time.perf_counter() - start) * 1000)
            statuses[str(status)] = statuses.get(str(status), 0) + 1
            if rate and status == 201:
                sent[orjson.loads(answer).get("id", "")] = due

    await asyncio.gather(*(work(client) for client in clients))
    return {
        "seconds": time.perf_counter() - began, "count": len(latencies), "statuses": statuses,
        "latencies": sorted(latencies), "sent": sent,
    }  # fmt: skip


if __name__ == "__main__":
    asked = orjson.loads(Path(sys.argv[1]).read_bytes())
    Path(sys.argv[2]).write_bytes(orjson.dumps(uvloop.run(run(**asked))))
