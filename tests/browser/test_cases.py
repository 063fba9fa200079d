"""The life of a case in Chromium: two who press at once, transfer, merge and undo, objection, reopening, cancelling."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from dispatch.store import clock_watch
from dispatch.store.clock_watch import Jump
from tests.browser.running import Running, keep, page
from tests.factories import CLERK, DESK, FIRE_DOOR, OTHER_CLERK, OTHER_STREET, XF, ZJ, World

SEEPAGE = "天沟渗水，三户漏水"


def whistle(service: Running, text: str = FIRE_DOOR) -> int:
    async def raised(world: World) -> int:
        return int((await world.whistle(text))["number"])

    return int(service.do(raised))


def act(service: Running, number: int, action: str, seat: str, **fields: Any) -> None:
    async def done(world: World) -> None:
        answer = await world.act(number, action, seat=seat, **fields)
        assert answer.status_code == 200, answer.text

    service.do(done)


def look(shown: Any, service: Running, number: int, name: str) -> str:
    """The whistle's page: it fits, and a picture of it is kept."""
    shown.goto(f"{service.address}/w/{number}")
    keep(shown, f"case-{name}", full_page=True)
    return str(shown.locator("main").inner_text())


def do(shown: Any, service: Running, number: int, token: str, **fields: str) -> None:
    """One act by its own page, as a person does it."""
    shown.goto(f"{service.address}/w/{number}/do/{token}")
    for name, value in fields.items():
        field = shown.locator(f"main [name={name}]").first
        kind = field.evaluate("e => e.type || e.tagName")
        if kind in ("radio", "checkbox"):
            shown.locator(f"main [name={name}][value='{value}']").first.check()
        elif kind.startswith("select"):
            field.select_option(value)
        else:
            field.fill(value)
    shown.locator("main form button.btn-primary").first.click()
    shown.wait_for_load_state()


@pytest.mark.parametrize("width", [1280, 360])
def test_what_is_not_possible_says_why_without_javascript(browser: Any, service: Running, width: int) -> None:
    number = whistle(service)
    with page(browser, service, XF, width, java_script_enabled=False) as shown:
        shown.goto(f"{service.address}/w/{number}")
        assert not shown.locator(".barred dl").is_visible()
        shown.locator(".barred > summary").click()
        assert "这类要先到场，再报结" in shown.locator(".barred").inner_text()
        keep(shown, f"case-barred-{width}", full_page=True)


def test_two_press_at_once_and_both_understand(browser: Any, service: Running) -> None:
    number = whistle(service, SEEPAGE)
    act(service, number, "report-in", ZJ)
    act(service, number, "resolve", ZJ, reply="修好了", reason="不用来")
    with page(browser, service, CLERK) as one, page(browser, service, CLERK) as other:
        for shown in (one, other):
            shown.goto(f"{service.address}/w/{number}/do/verify-no")
        other.locator("main [name=reason]").first.check()
        other.locator("main [name=note]").fill("还在漏")
        other.locator("main form button.btn-primary").first.click()
        other.wait_for_load_state()
        one.locator("main [name=reason]").first.check()
        one.locator("main [name=note]").fill("还在漏")
        one.locator("main form button.btn-primary").first.click()
        one.wait_for_load_state()
        said = one.locator("main").inner_text()
        keep(one, "case-two-pressed", full_page=True)
        assert "退回重办" in said
        assert "街道" in said
        assert "退回重办（第 1 次）" in look(other, service, number, "winner")


def test_transfer_merge_objection_reopen_and_cancellation(browser: Any, service: Running) -> None:
    number, main = whistle(service), whistle(service)
    with page(browser, service, CLERK) as street, page(browser, service, DESK) as desk:
        do(street, service, number, "transfer", to=OTHER_STREET)
        assert (
            "等对方" in look(street, service, number, "transfer-asked") or "接收" in street.locator("main").inner_text()
        )
        with page(browser, service, OTHER_CLERK) as there:
            assert "接收" in look(there, service, number, "transfer-target")
            there.locator("main button:has-text('接收'), main a:has-text('接收')").first.click()
            there.wait_for_load_state()
        act(service, main, "report-in", XF)
        act(service, main, "arrive", XF, latitude=36.6, longitude=114.5)
        do(street, service, main, "request-cancel", reason="报错了地方")
        assert "撤哨" in look(desk, service, main, "cancel-asked")
        do(desk, service, main, "decide-cancel-no")
        act(service, main, "resolve", XF, reply="锁开了", reason="不用来")
        act(service, main, "verify", CLERK, accepted=True)
        act(service, main, "feedback", CLERK, reply="消防门已打开")
        do(street, service, main, "evaluate", unit="XF", responded="1", solved="1", satisfied="not")
        act(service, main, "close", CLERK)
        with page(browser, service, XF) as unit:
            do(unit, service, main, "object", text="当天就开了锁")
            look(unit, service, main, "objected")
        assert "单位对评价有异议" in look(desk, service, main, "objection-on-closed")
        do(desk, service, main, "decide-objection-yes")
        assert "异议成立" in look(desk, service, main, "objection-decided")
        do(street, service, main, "reopen", reason="又锁上了")
        assert "重新办理" in look(street, service, main, "reopened")
        twin = whistle(service)
        do(desk, service, twin, "merge", into=str(main))
        assert "随这一件办理" in look(desk, service, twin, "merged")
        do(desk, service, twin, "unmerge")
        assert "撤销并单" in look(desk, service, twin, "unmerged")


@pytest.mark.parametrize("width", [1280, 360])
def test_the_desk_confirms_a_jump(browser: Any, service: Running, width: int) -> None:
    async def jump(world: World) -> None:
        await clock_watch.note(world.database, Jump(await world.database.now(), timedelta(hours=2)))

    service.do(jump)
    with page(browser, service, DESK, width) as shown:
        shown.goto(f"{service.address}/desk")
        keep(shown, f"case-stalled-{width}", full_page=True)
        shown.locator("#stalled button:has-text('时间对')").click()
        shown.wait_for_load_state()
        assert "确认了" in shown.locator("main").inner_text()
        assert shown.locator("#stalled").count() == 0
