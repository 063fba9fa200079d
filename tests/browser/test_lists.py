"""Queue, chain and desk in Chromium on a running service: nothing scrolls sideways, keys and bulk work, news waits.

Screenshots (1280, 390 and 360 wide) stay under `.build/screens/` as build output.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from dispatch.store.listen import Bell
from dispatch.web.live.hub import close_when
from tests.factories import (
    BUILDING_HEAD,
    CLERK,
    COMMUNITY_HEAD,
    DESK,
    FIRE_DOOR,
    XF,
    ZJ,
    World,
    demo_template,
    open_world,
)
from tests.servers import TestPostgres

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not installed"),
]
SCREENS = Path(__file__).parents[2] / ".build" / "screens"
SLOW = "广泰小区物业不管，楼道灯坏了没人修"
STRANGE = "小区里的鸽子太多，落了一地羽毛"


class Running:
    """The service on a port, in a thread of its own; `do` runs something beside it."""

    def __init__(self, url: str) -> None:
        self._url, self._ready = url, threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.world: World | None = None

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        self.world = world = await open_world(self._url, base_url=self.address)
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

    def __enter__(self) -> Running:
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(10)
        assert not self._thread.is_alive()


async def _raise(world: World) -> None:
    for text in (SLOW, SLOW, FIRE_DOOR, STRANGE):
        await world.whistle(text)


def _apart(work: Coroutine[Any, Any, Any]) -> None:
    """Run it in a thread of its own: Playwright's loop owns this one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result(60)


@pytest.fixture(scope="module")
def service(postgres: TestPostgres) -> Iterator[Running]:
    _apart(demo_template(postgres, "browser_lists"))
    with Running(postgres.url("browser_lists")) as running:
        running.do(_raise)
        yield running
    _apart(postgres.drop(postgres.url("browser_lists")))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as p:
        made = p.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield made
        made.close()


@contextlib.contextmanager
def page(browser: Any, service: Running, seat: str, width: int = 1280, **more: Any) -> Iterator[Any]:
    """A page of somebody signed in from a seat; trouble on the console fails the test."""
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

    made.goto(f"{service.address}/sign-in")
    token = made.locator("input[name=csrf]").first.get_attribute("value")
    form = {"account": service.do(person), "next": "/sign-in", "csrf": token}
    made.request.post(f"{service.address}/demo/as", form=form)
    yield made
    assert [one for one in trouble if "409" not in one and "ERR_INTERNET_DISCONNECTED" not in one] == []
    context.close()


WIDER = "() => document.documentElement.scrollWidth - innerWidth"


@pytest.mark.parametrize("width", [1280, 390, 360])
@pytest.mark.parametrize(
    ("name", "seat", "path"),
    [
        ("live-queue", ZJ, "/queue"),
        ("live-street", CLERK, "/street"),
        ("live-desk", DESK, "/desk"),
        ("live-chain", COMMUNITY_HEAD, "/chain"),
        ("live-building", BUILDING_HEAD, "/chain"),
    ],
)
def test_pages_fit_every_width(browser: Any, service: Running, name: str, seat: str, path: str, width: int) -> None:
    with page(browser, service, seat, width) as shown:
        answer = shown.goto(service.address + path)
        assert answer.status == 200
        SCREENS.mkdir(parents=True, exist_ok=True)
        shown.screenshot(path=str(SCREENS / f"{name}-{width}.png"))
        assert shown.evaluate(WIDER) <= 0


def test_bulk_works_without_javascript(browser: Any, service: Running) -> None:
    with page(browser, service, XF, java_script_enabled=False) as shown:
        shown.goto(f"{service.address}/queue")
        assert shown.locator("tbody tr").count() >= 1
        shown.locator("input[name=ref]").first.check()
        shown.locator("#bulk button[value=report-in]").click()
        assert shown.locator(".results li").count() == 1
        assert "1 件成" in shown.locator("main").inner_text()


def test_keys_move_and_choose(browser: Any, service: Running) -> None:
    with page(browser, service, ZJ) as shown:
        shown.goto(f"{service.address}/queue")
        shown.keyboard.press("j")
        shown.keyboard.press("x")
        assert shown.locator("input[name=ref]:checked").count() == 1
        assert "已选 1" in shown.locator("#bulk").inner_text()
        shown.keyboard.press("/")
        assert shown.evaluate("document.activeElement.name") == "q"


def test_news_waits_behind_a_button_and_moves_nothing(browser: Any, service: Running) -> None:
    with page(browser, service, ZJ) as shown:
        with shown.expect_request("**/events?*"):
            shown.goto(f"{service.address}/queue")
        before = shown.locator("tbody tr").count()
        made = service.do(lambda world: world.whistle(SLOW))
        button = shown.locator("#live button")
        button.wait_for(timeout=10_000)
        assert button.inner_text() == "有 1 条更新，点这里看"
        assert shown.locator("tbody tr").count() == before
        button.click()
        shown.wait_for_load_state()
        assert shown.locator(f'a[href="/w/{made["number"]}"]').count() >= 1


def test_the_desk_sends_one_off(browser: Any, service: Running) -> None:
    made = service.do(lambda world: world.whistle("想给社区的老井立块牌子"))
    with page(browser, service, DESK) as shown:
        shown.goto(f"{service.address}/desk?open={made['number']}")
        form = shown.locator(f'form[action="/desk/{made["number"]}/assign"]')
        form.locator('input[value="CG"]').check()
        form.locator("button").click()
        shown.wait_for_url("**/desk?done=assign")
        assert "派出去了" in shown.locator("main").inner_text()


@pytest.mark.parametrize("width", [1280, 360])
def test_who_told_it_is_shown_in_two_taps(browser: Any, service: Running, width: int) -> None:
    async def told(world: World) -> int:
        reporter = {"name": "示例居民", "phone": "13800138000"}
        return int((await world.whistle(FIRE_DOOR, reporter=reporter))["number"])

    number = service.do(told)
    with page(browser, service, CLERK, width) as shown:
        shown.goto(f"{service.address}/w/{number}")
        shown.screenshot(path=SCREENS / f"reporter-masked-{width}.png", full_page=True)
        shown.get_by_role("link", name="看姓名和电话").click()
        shown.get_by_label("回访、答复来源人").wait_for()
        assert shown.evaluate(WIDER) <= 0
        shown.screenshot(path=SCREENS / f"reporter-why-{width}.png", full_page=True)
        shown.get_by_label("回访、答复来源人").check()
        shown.get_by_role("button", name="看", exact=True).click()
        shown.get_by_role("link", name="13800138000").wait_for()
        assert shown.evaluate(WIDER) <= 0
        shown.screenshot(path=SCREENS / f"reporter-shown-{width}.png")
