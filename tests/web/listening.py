"""A browser without JavaScript, signed in from a seat; and its live stream."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.factories import World

ACCEPT = {"Accept": "text/html"}
ROW = re.compile(r'<tr role="row".*?</tr>', re.S)


class Browser:
    """Pages as text, forms with the token of the page before."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client, self.token = client, ""

    async def get(self, path: str, status: int = 200) -> str:
        """A page."""
        answer = await self.client.get(path, headers=ACCEPT)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:2000])
        self._keep(answer.text)
        return answer.text

    async def post(self, path: str, data: dict[str, Any], status: int = 303, **more: Any) -> httpx.Response:
        """A form."""
        answer = await self.client.post(path, data={"csrf": self.token, **data}, headers=ACCEPT, **more)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:3000])
        self._keep(answer.text)
        return answer

    def _keep(self, text: str) -> None:
        found = re.search(r'name="csrf" value="([^"]+)"', text)
        if found:
            self.token = found[1]


def rows(page: str) -> list[str]:
    """The rows of a list, without its head."""
    return [row for row in ROW.findall(page) if "c-what" in row and "<td" in row]


def pane(page: str, name: str) -> str:
    """One pane of the desk."""
    found = re.search(rf'<section class="card pane" id="{name}".*?</section>', page, re.S)
    assert found, name
    return found[0]


async def browse(world: World, seat: str) -> Browser:
    """Somebody signed in, as the demo's 换个身份 does it."""
    async with world.database.acquire() as connection:
        person = await connection.fetchval("SELECT person FROM tenure WHERE seat = $1 AND to_at IS NULL LIMIT 1", seat)
    made = Browser(world.client(follow_redirects=False))
    await made.get("/sign-in")
    await made.post("/demo/as", {"account": person, "next": "/"})
    await made.get("/sign-in")
    return made


class Stream:
    """A live stream as it comes: `event()` waits for the next one."""

    def __init__(self, chunks: asyncio.Queue[bytes]) -> None:
        self._chunks = chunks

    async def chunk(self, within: float = 5) -> str:
        """The next bytes."""
        return (await asyncio.wait_for(self._chunks.get(), within)).decode()

    async def event(self, within: float = 5) -> tuple[str, list[str]]:
        """(id, numbers) of the next event; signs of life are passed over."""
        while True:
            text = await self.chunk(within)
            fields = dict(line.split(": ", 1) for line in text.strip().splitlines() if not line.startswith(":"))
            if fields.get("event") == "update":
                return fields["id"], json.loads(fields["data"])["numbers"]


@asynccontextmanager
async def live(world: World, path: str, headers: dict[str, str]) -> AsyncIterator[Stream]:
    """Open a stream; it is closed by the browser at the end."""
    parts = urlsplit(path)
    chunks: asyncio.Queue[bytes] = asyncio.Queue()
    gone = asyncio.Event()
    began = asyncio.Event()
    status: list[int] = []

    async def receive() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            status.append(message["status"])
            began.set()
        elif message.get("body"):
            await chunks.put(message["body"])

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": parts.path,
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("test", 1),
        "server": ("test", 80),
    }
    task = asyncio.create_task(world.app(scope, receive, send))
    await asyncio.wait_for(began.wait(), 5)
    assert status == [200], (status, await chunks.get())
    stream = Stream(chunks)
    assert (await stream.chunk()).startswith("retry:")
    try:
        yield stream
    finally:
        gone.set()
        await asyncio.wait_for(task, 5)
