"""A running service and the people who use it: what every test in a browser begins with."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import uvicorn

from dispatch.bus.embedded import free_port
from dispatch.steps import route
from dispatch.store.listen import Bell
from dispatch.web.live.hub import close_when
from tests.factories import FIRE_DOOR, SLOW, World, open_world

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
#: pictures, kept as build output
SCREENS = Path(__file__).parents[2] / ".build" / "screens"
#: by how many pixels a page is wider than its window
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
STRANGE = "小区里的鸽子太多，落了一地羽毛"


class Running:
    """The service on a port, in a thread of its own; `do` runs something beside it. `virtual` hands out its time."""

    def __init__(self, url: str, virtual: Callable[[], datetime] | None = None) -> None:
        self._url, self._virtual, self._ready = url, virtual, threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self.port = free_port()
        self.world: World | None = None

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        self.world = world = await open_world(self._url, self._virtual, base_url=self.address)
        bell = Bell(world.database)
        world.database.on_change = bell.ring
        beside = [asyncio.create_task(bell.run()), asyncio.create_task(close_when(world.service, self._stopping))]
        server = uvicorn.Server(
            uvicorn.Config(world.app, port=self.port, log_level="error", lifespan="off", timeout_graceful_shutdown=2)
        )
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        self._ready.set()
        await self._stopping.wait()
        server.should_exit = True
        await serving
        for task in beside:
            task.cancel()
        with contextlib.suppress(Exception):
            await world.close()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def do(self, work: Callable[[World], Coroutine[Any, Any, Any]]) -> Any:
        """Something done by others, on the service's own loop."""
        assert self.world
        return asyncio.run_coroutine_threadsafe(work(self.world), self._loop).result(20)

    def route(self, number: int | str) -> None:
        """What the worker does with a whistle just raised."""

        async def routed(world: World) -> None:
            async with world.database.transaction() as uow:
                found = await uow.connection.fetchval("SELECT id FROM whistle WHERE number = $1", int(number))
                await route.route(world.service, uow, [UUID(str(found))], {})

        self.do(routed)

    def __enter__(self) -> Running:
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(10)
        assert not self._thread.is_alive()


def apart(work: Coroutine[Any, Any, Any]) -> None:
    """Run it in a thread of its own: Playwright's loop owns this one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result(60)


async def raise_some(world: World) -> None:
    """Four whistles: two that climb slowly, one for the fire brigade, one that nobody is found for."""
    for text in (SLOW, SLOW, FIRE_DOOR, STRANGE):
        await world.whistle(text)


@contextlib.contextmanager
def page(
    browser: Any, service: Running, seat: str, width: int = 1280, known: str = "409", **more: Any
) -> Iterator[Any]:
    """A page of somebody signed in from a seat; trouble on the console fails the test, but for the `known`."""
    phone = width < 700
    context = browser.new_context(
        viewport={"width": width, "height": 844 if phone else 900}, is_mobile=phone, locale="zh-CN", **more
    )
    made, trouble = context.new_page(), []
    made.on("pageerror", lambda e: trouble.append(str(e)))
    made.on("console", lambda m: trouble.append(m.text) if m.type == "error" else None)

    async def person(world: World) -> str:
        async with world.database.acquire() as connection:
            return str(
                await connection.fetchval("SELECT person FROM tenure WHERE seat = $1 AND to_at IS NULL LIMIT 1", seat)
            )

    try:
        made.goto(f"{service.address}/sign-in")
        token = made.locator("input[name=csrf]").first.get_attribute("value")
        form = {"account": service.do(person), "next": "/sign-in", "csrf": token}
        made.request.post(f"{service.address}/demo/as", form=form)
        yield made
        assert [one for one in trouble if known not in one and "ERR_INTERNET_DISCONNECTED" not in one] == []
    finally:
        context.close()


def keep(shown: Any, name: str, *, fits: bool = True, **how: Any) -> None:
    """A picture under `SCREENS`; the page must not be wider than its window, where it `fits`."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    shown.screenshot(path=str(SCREENS / f"{name}.png"), **how)
    assert not fits or shown.evaluate(WIDER) <= 0, name
