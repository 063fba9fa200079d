"""The street's first two minutes in Chromium: typing finds the place, danger is asked, the receipt fills itself in.

Screenshots (1280, 390 and 360 wide) stay under `.build/screens/` as build output.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from dispatch.steps import route
from tests.browser import test_lists
from tests.browser.test_lists import SCREENS, WIDER, Running, page
from tests.factories import CLERK, FIRE_DOOR, XF, World, demo_template
from tests.servers import TestPostgres

pytestmark = test_lists.pytestmark
browser = test_lists.browser
DATABASE = "browser_street"


@pytest.fixture(scope="module")
def service(postgres: TestPostgres) -> Iterator[Running]:
    test_lists._apart(demo_template(postgres, DATABASE))
    with Running(postgres.url(DATABASE)) as running:
        yield running
    test_lists._apart(postgres.drop(postgres.url(DATABASE)))


def _route(service: Running, number: str) -> None:
    async def routed(world: World) -> None:
        async with world.database.transaction() as uow:
            found = await uow.connection.fetchval("SELECT id FROM whistle WHERE number = $1", int(number))
            await route.route(world.service, uow, [UUID(str(found))], {})

    service.do(routed)


def _blow(shown: Any, service: Running, text: str = FIRE_DOOR) -> str:
    shown.goto(f"{service.address}/whistle")
    shown.fill("#f-body", text)
    shown.locator("#into-preview b", has_text="主办").or_(shown.locator("#into-preview .role")).first.wait_for()
    shown.check("input[name=danger][value=no]")
    shown.locator(".task-bar button[name=step]").click()
    shown.wait_for_url("**/receipt**")
    return str(shown.url).split("/w/")[1][:10]


def test_typing_finds_place_units_and_deadline(browser: Any, service: Running) -> None:
    with page(browser, service, CLERK) as shown:
        shown.goto(f"{service.address}/whistle")
        shown.fill("#f-body", "广泰小区")
        shown.locator("#into-place b", has_text="广泰小区").wait_for()
        shown.fill("#f-body", FIRE_DOOR)
        shown.locator("#into-place b", has_text="3号楼").wait_for()
        shown.locator("#into-preview .unit-name", has_text="消防救援大队").wait_for()
        assert shown.locator("#into-preview mark").all_inner_texts() == ["消防门", "锁"]
        assert "2" in shown.locator("#into-preview .headline").inner_text()
        shown.check("input[name=danger][value=yes]")
        shown.locator("#into-preview .unit-name", has_text="应急").or_(shown.locator("#into-preview")).first.wait_for()


def test_type_ahead_chooses_another_place(browser: Any, service: Running) -> None:
    with page(browser, service, CLERK) as shown:
        shown.goto(f"{service.address}/whistle")
        shown.fill("#f-place", "gtxq")
        shown.locator("[role=option]", has_text="广泰小区").first.wait_for()
        shown.keyboard.press("ArrowDown")
        shown.keyboard.press("Enter")
        assert shown.locator("#into-place input[name=place]").get_attribute("value") == "130403011-D01-X1"


def test_the_receipt_fills_itself_in(browser: Any, service: Running) -> None:
    with page(browser, service, CLERK) as shown:
        number = _blow(shown, service)
        assert shown.locator(".strip .waiting").count() == 2
        assert "正在按清单派单" in shown.locator(".halves").inner_text()
        _route(service, number)
        shown.locator(".halves .unit-name", has_text="消防救援大队").wait_for()
        shown.locator(".strip [data-done]").or_(shown.locator(".strip ol[data-done]")).first.wait_for()
        assert shown.locator(".number").inner_text().replace("\n", "").replace(" ", "") == number
        assert shown.evaluate("localStorage.getItem('draft:whistle')") is None


def test_a_double_tap_is_one_whistle(browser: Any, service: Running) -> None:
    with page(browser, service, CLERK) as shown:
        shown.goto(f"{service.address}/whistle")
        shown.fill("#f-body", "广泰小区5号楼路灯不亮")
        button = shown.locator(".task-bar button[name=step]")
        before = service.do(lambda world: world.count("whistle"))
        button.dblclick()
        shown.wait_for_url("**/receipt**")
        assert service.do(lambda world: world.count("whistle")) == before + 1


@pytest.mark.parametrize("width", [1280, 390, 360])
def test_pages_fit_every_width(browser: Any, service: Running, width: int) -> None:
    SCREENS.mkdir(parents=True, exist_ok=True)
    with page(browser, service, CLERK, width) as shown:
        shown.goto(f"{service.address}/")
        shown.screenshot(path=str(SCREENS / f"live-landing-{width}.png"), full_page=True)
        assert shown.evaluate(WIDER) <= 0
        number = _blow(shown, service)
        _route(service, number)
        for path in ("", "/receipt", "/do/call", "/do/cancel", "/slip"):
            shown.goto(f"{service.address}/w/{number}{path}")
            name = path.strip("/").replace("/", "-") or "whistle"
            shown.screenshot(path=str(SCREENS / f"live-{name}-{width}.png"), full_page=True)
            if path != "/slip" or width > 700:  # paper keeps its width
                assert shown.evaluate(WIDER) <= 0, path
    with page(browser, service, XF, width) as shown:
        shown.goto(f"{service.address}/w/{number}")
        assert shown.locator(".btn-primary", has_text="到场报到").is_visible()
        if width < 700:
            box = shown.locator(".btn-primary").bounding_box()
            assert box
            assert box["height"] >= 44
        assert shown.evaluate(WIDER) <= 0
