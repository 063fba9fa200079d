"""The same without JavaScript and without a mouse: the form to its receipt, the queue's keys."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.running import Running, keep, page
from tests.browser.seeing import violations
from tests.factories import CLERK, FIRE_DOOR, SLOW, ZJ

FOCUS = """() => { const at = document.activeElement;
  if (at.matches('body, main')) return '';
  return (at.labels?.[0]?.textContent || at.textContent || at.getAttribute('aria-label') || at.name || '').trim(); }"""


@pytest.mark.parametrize("width", [1280, 360])
def test_the_form_to_its_receipt_without_javascript(browser: Any, service: Running, width: int) -> None:
    with page(browser, service, CLERK, width, known="422", java_script_enabled=False) as shown:
        shown.goto(f"{service.address}/whistle")
        send = shown.locator(".task-bar").get_by_role("button", name="吹哨")
        send.click()
        shown.get_by_role("alert").get_by_role("link").first.wait_for()
        keep(shown, f"nojs-form-wrong-{width}", full_page=True)
        shown.get_by_label("什么事？").fill(FIRE_DOOR)
        shown.get_by_label("没有危险").check()
        send.click()
        shown.get_by_role("heading", name="再看一眼，就吹哨").wait_for()
        shown.locator("main").get_by_text("消防救援大队").first.wait_for()
        keep(shown, f"nojs-check-{width}", full_page=True)
        shown.get_by_role("button", name="吹哨").click()
        shown.get_by_text("收到了。这条哨不会丢").wait_for()
        service.route(shown.url.split("/w/")[1][:10])
        shown.get_by_role("link", name="再看走到哪了").click()
        shown.locator(".halves .unit-name", has_text="消防救援大队").wait_for()
        keep(shown, f"nojs-receipt-{width}", full_page=True)


def test_the_form_by_keyboard_alone(browser: Any, service: Running) -> None:
    with page(browser, service, CLERK) as shown:

        def tab_to(words: str) -> None:
            """Forward, as far as it takes."""
            for _ in range(60):
                if words in shown.evaluate(FOCUS):
                    return
                shown.keyboard.press("Tab")
            raise AssertionError(f"no way to {words}")

        shown.set_default_timeout(15_000)
        shown.goto(f"{service.address}/whistle")
        tab_to("跳到正文")
        shown.keyboard.press("Enter")
        tab_to("什么事？")
        shown.keyboard.insert_text("楼道消防门被锁")
        shown.locator("#into-preview mark").first.wait_for()
        shown.locator("#f-place").wait_for()
        while shown.evaluate("document.activeElement.id") != "f-place":
            shown.keyboard.press("Tab")
        shown.keyboard.type("gtxq")
        shown.get_by_role("option", name="广泰小区").first.wait_for()
        assert violations(shown) == [], "with the list of places open"
        shown.keyboard.press("ArrowDown")
        shown.keyboard.press("Enter")
        shown.locator("#into-place .found", has_text="广泰小区").wait_for()
        tab_to("有危险")
        shown.keyboard.press("ArrowDown")
        assert shown.get_by_label("没有危险").is_checked()
        tab_to("吹哨")
        shown.keyboard.press("Enter")
        shown.wait_for_url("**/receipt**")


AT = "() => [...document.querySelectorAll('tbody tr')].findIndex((row) => row.contains(document.activeElement))"


def test_r_signs_and_e_resolves_from_the_queue(browser: Any, service: Running) -> None:
    number = service.do(lambda world: world.whistle(SLOW))["number"]
    with page(browser, service, ZJ) as shown:

        def down_to_it() -> None:
            for _ in range(shown.locator("tbody tr").count()):
                shown.keyboard.press("j")
                if shown.evaluate("document.activeElement.textContent") == SLOW:
                    return
            raise AssertionError("no such row")

        shown.goto(f"{service.address}/queue")
        down_to_it()
        at = shown.evaluate(AT)
        shown.keyboard.press("e")
        shown.locator("#said", has_text="现在不能报结").wait_for()
        with shown.expect_navigation():
            shown.keyboard.press("r")
        shown.locator("tbody tr", has_text=SLOW).get_by_text("已签收").wait_for()
        shown.locator("#said", has_text="办好了：签收").wait_for()
        assert shown.evaluate(AT) == at, "one stays where one was"
        while shown.evaluate(AT):
            shown.keyboard.press("k")
        if shown.evaluate("document.activeElement.textContent") != SLOW:
            down_to_it()
        shown.keyboard.press("r")
        shown.locator("#said", has_text="现在不用签收").wait_for()
        shown.keyboard.press("e")
        shown.wait_for_url(f"**/w/{number}/do/resolve**")
        shown.get_by_label("办得怎么样").fill("灯已经换好。")
        shown.get_by_label("协办没到").fill("只换灯，不用等")
        with shown.expect_navigation():
            shown.get_by_role("button", name="报结").press("Enter")
        shown.wait_for_url("**/queue?done=resolve")
        shown.locator("#said", has_text="办好了：报结").wait_for()
        assert shown.evaluate(AT) >= 0, "back in the queue, on a row"


def test_keys_for_all_of_a_page_and_a_focus_that_is_seen(browser: Any, service: Running) -> None:
    for _ in range(14):
        service.do(lambda world: world.whistle(SLOW))
    with page(browser, service, ZJ) as shown:
        shown.goto(f"{service.address}/queue")
        shown.set_viewport_size({"width": 1280, "height": 480})
        every = shown.locator("tbody tr").count()
        shown.keyboard.press("a")
        assert shown.locator("#bulk").get_by_text(f"已选 {every}").is_visible()
        for _ in range(every):
            shown.keyboard.press("j")
            seen = """() => { const at = document.activeElement; const { x, y, height } = at.getBoundingClientRect();
              return at.contains(document.elementFromPoint(x + 9, y + height / 2)); }"""
            assert shown.evaluate(seen), "the bar covers the row"
        with shown.expect_navigation():
            shown.keyboard.press("r")
        assert shown.locator(".results li").count() == every
