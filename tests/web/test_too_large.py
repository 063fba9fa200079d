"""Forms with photos: as many as a whistle has come in, on disk and not in memory; too much is said on a page."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator

import pytest
from PIL import Image
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from dispatch.web.security import Shell, TooLarge
from tests.factories import CLERK, World
from tests.web.browsing import HTML, somebody


def large() -> tuple[str, bytes, str]:
    """A photo of about 5 MB."""
    out = io.BytesIO()
    Image.effect_noise((2600, 2000), 120).convert("RGB").save(out, "JPEG", quality=98)
    return "scene.jpg", out.getvalue(), "image/jpeg"


async def test_several_large_photos_come_in_with_one_form(world: World) -> None:
    clerk = await somebody(world, CLERK)
    form = (await clerk.get("/whistle")).form("/whistle")
    one = large()
    assert 3 * len(one[1]) > 12 * 1024**2
    page = await clerk.send(form, [("photo", one)] * 3, body="广泰小区5号楼路灯不亮", danger="no", step="send")
    assert page.path.endswith("/receipt"), page.text
    async with world.database.acquire() as connection:
        assert await connection.fetchval("SELECT max(cardinality(photos)) FROM whistle") == 3


@pytest.mark.parametrize("declared", [True, False])
async def test_too_much_is_said_on_a_page_with_the_remedy(world: World, declared: bool) -> None:
    clerk = await somebody(world, CLERK)
    said = b"theme=" + b"x" * 300_000

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(said), 50_000):
            yield said[at : at + 50_000]

    headers = HTML | {"content-type": "application/x-www-form-urlencoded"}
    answer = await clerk.client.post("/display", content=said if declared else pieces(), headers=headers)
    assert answer.status_code == 413
    assert answer.headers["content-type"].startswith("text/html")
    assert "最多 256 KB" in answer.text
    assert "按浏览器的返回" in answer.text
    for_programs = await clerk.client.post("/display", content=said, headers=headers | {"accept": "application/json"})
    assert for_programs.json()["code"] == "too-large"


async def test_a_form_is_read_as_it_comes_and_what_is_too_much_is_not_kept() -> None:
    given = [b"a" * 40] * 10
    taken: list[int] = []

    async def app(scope: Scope, receive: Receive, _send: Send) -> None:
        async for piece in Request(scope, receive).stream():
            taken.append(len(piece))

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": given.pop(), "more_body": bool(given)}

    sent: list[dict[str, object]] = []

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    shell = Shell(app, https=False, limit=100, upload_limit=100, form_limit=100)  # type: ignore[arg-type]
    await shell({"type": "http", "method": "POST", "path": "/w/1", "headers": []}, receive, send)  # type: ignore[arg-type]
    assert taken == [40, 40], "each piece was handed on, none after the limit"
    assert sent[0]["status"] == 413
    assert not given, "read to its end, so that a browser reads the answer"
    assert TooLarge(7).limit == 7
