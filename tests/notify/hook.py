"""A webhook on a real port of this machine, which answers as it is told."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

Answer = tuple[int, bytes]
FINE: Answer = (200, b'{"errcode":0,"errmsg":"ok"}')


def refusal(code: int) -> Answer:
    return 200, json.dumps({"errcode": code, "errmsg": "no"}).encode()


class Hook:
    """What came stands in `bodies`; `answers` are given one after another, then `FINE`. `on_call` may look around."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.answers: deque[Answer | None] = deque()
        self.on_call: Callable[[], Awaitable[None]] | None = None
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Hook:
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/cgi-bin/webhook/send?key=secret-key"

    @property
    def texts(self) -> list[str]:
        return [(body.get("text") or body.get("markdown"))["content"] for body in self.bodies]

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                length = int(head.split("content-length:")[1].split("\r\n")[0])
                self.bodies.append(json.loads(await reader.readexactly(length)))
                if self.on_call is not None:
                    await self.on_call()
                answer = self.answers.popleft() if self.answers else FINE
                if answer is None:  # hangs up without a word
                    return
                status, body = answer
                writer.write(
                    f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nLocation: /other\r\n\r\n".encode() + body
                )
                await writer.drain()
        except asyncio.IncompleteReadError:
            return
        finally:
            writer.close()
