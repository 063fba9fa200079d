"""Every example page in Chromium: no sideways scrolling, nothing refused by the policy, the script's enhancements work.

Screenshots (1280, 390, 360 wide; light and dark) stay under `.build/screens/` as build output.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from dispatch.web.examples import EXAMPLES, form, queue, whistle
from dispatch.web.models.parts import Lamp, Notice, Ruler, Ticking, spans
from dispatch.web.models.whistle import ClockRow
from dispatch.web.render import STATIC, render
from tests.browser.running import SCREENS

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'"
)
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
HOST = "http://pages.test"
PICTURES = os.environ.get("PICTURES") == "all"
#: of which pictures are kept in any case
KEPT = {("light", 1280), ("light", 360), ("dark", 390)}
Answer = Callable[[Any], tuple[int, str, str]]


class Site:
    """The example pages behind a made-up host; `answers` take over paths; `asked` keeps what was requested."""

    def __init__(self, browser: Any, **context: Any) -> None:
        self.context = browser.new_context(**context)
        self.page = self.context.new_page()
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, str, str]] = []
        self.trouble: list[str] = []
        self.lang = "zh"
        self.models = dict(EXAMPLES)
        self.page.route("**/*", self._serve)
        self.page.on("console", lambda m: self._note(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda e: self._note(str(e)))

    def _note(self, text: str) -> None:
        if "404" not in text:
            self.trouble.append(text)

    def _serve(self, route: Any) -> None:
        path = route.request.url.removeprefix(HOST).split("?")[0]
        self.asked.append((route.request.method, route.request.url.removeprefix(HOST), route.request.post_data or ""))
        if path in self.answers:
            status, kind, body = self.answers[path](route.request)
            route.fulfill(status=status, content_type=kind, body=body)
        elif path.startswith("/static/"):
            file = STATIC / path.removeprefix("/static/")
            route.fulfill(body=file.read_bytes(), content_type=TYPES[file.suffix])
        elif path.removeprefix("/") in self.models:
            html = render(*self.models[path.removeprefix("/")], self.lang)
            headers = {"content-security-policy": POLICY}
            route.fulfill(body=html, content_type="text/html; charset=utf-8", headers=headers)
        else:
            route.fulfill(status=404, body="")

    def open(self, name: str) -> Any:
        self.page.goto(f"{HOST}/{name}")
        return self.page

    def posts(self, path: str) -> list[str]:
        return [data for method, url, data in self.asked if method == "POST" and url.split("?")[0] == path]


@pytest.fixture
def site(browser: Any) -> Iterator[Site]:
    made = Site(browser, viewport={"width": 1280, "height": 900})
    yield made
    made.context.close()


WIDER = """() => [...document.querySelectorAll('body *')].filter(e => {
  const r = e.getBoundingClientRect();
  return r.width > 1 && r.right > document.documentElement.clientWidth + 1 && !e.closest('.chips, .vh, .menu-panel');
}).map(e => e.tagName + '.' + e.getAttribute('class') + ' ' + e.textContent.trim().slice(0, 20))"""


@pytest.mark.parametrize("widths", [(1280, 800), (390, 360)], ids=["desk", "phone"])
def test_nothing_scrolls_sideways_and_the_policy_refuses_nothing(browser: Any, widths: tuple[int, ...]) -> None:
    """Every page, narrowed and darkened in place; pictures of all of it where PICTURES=all (`make browser`)."""
    phone = widths[0] < 700
    height = 844 if phone else 900
    site = Site(browser, viewport={"width": widths[0], "height": height}, is_mobile=phone, device_scale_factor=1)
    SCREENS.mkdir(parents=True, exist_ok=True)
    wide = {}
    for name in EXAMPLES:
        page = site.open(name)
        for theme, width in itertools.product(("light", "dark"), widths):
            page.emulate_media(color_scheme=theme)
            page.set_viewport_size({"width": width, "height": height})
            over = page.evaluate("document.scrollingElement.scrollWidth - document.documentElement.clientWidth")
            parts = page.evaluate(WIDER)
            if over > 0 or parts:
                wide[name, width, theme] = (over, parts[:5])
            if PICTURES or (theme, width) in KEPT:
                page.screenshot(path=str(SCREENS / f"{name}-{width}-{theme}.png"), full_page=True)
    site.context.close()
    assert wide == {}, str(wide)
    assert site.trouble == []


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_double_size_text_still_fits_a_phone(browser: Any, lang: str) -> None:
    site = Site(browser, viewport={"width": 360, "height": 844}, is_mobile=True)
    site.lang = lang
    wide = {}
    for name in sorted(EXAMPLES.keys() - {"slip", "design"}):
        page = site.open(name)
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        over = page.evaluate("document.scrollingElement.scrollWidth - document.documentElement.clientWidth")
        if over > 0:
            wide[name] = (over, page.evaluate(WIDER)[:5])
    site.context.close()
    assert wide == {}, str(wide)


@pytest.mark.parametrize(("name", "state"), [("whistle", ".expectation .state"), ("queue", ".c-state > span")])
def test_a_long_state_wraps_on_a_phone(browser: Any, name: str, state: str) -> None:
    site = Site(browser, viewport={"width": 360, "height": 844})
    page = site.open(name)
    long = "Being handled, extended to 7/31, under supervision, instruction to sign for"
    page.locator(state).last.evaluate("(place, text) => { place.textContent = text; }", long)
    over, parts = (
        page.evaluate("document.scrollingElement.scrollWidth - document.documentElement.clientWidth"),
        page.evaluate(WIDER),
    )
    site.context.close()
    assert (over, parts) == (0, [])


def test_targets_on_phones_are_large_enough(browser: Any) -> None:
    site = Site(browser, viewport={"width": 390, "height": 844}, is_mobile=True)
    small = {}
    for name in ("landing", "form", "receipt", "whistle", "queue", "chain", "building", "desk", "action"):
        page = site.open(name)
        small[name] = page.evaluate(
            """() => [...document.querySelectorAll('.btn, .tabs a, .chip, .answer, .bar summary')]
            .filter(e => e.getClientRects().length && e.getBoundingClientRect().height < 43.5)
            .map(e => e.textContent.trim() + ' ' + e.getBoundingClientRect().height)"""
        )
    site.context.close()
    assert {k: v for k, v in small.items() if v} == {}


def test_everything_is_there_without_script(browser: Any) -> None:
    site = Site(browser, viewport={"width": 390, "height": 844}, java_script_enabled=False)
    page = site.open("whistle")
    page.locator("summary", has_text="更多").click()
    assert page.locator(".more a", has_text="申请延期").is_visible()
    page = site.open("form")
    page.get_by_role("button", name="吹哨").last.click()
    assert 'name="step"\r\n\r\ncheck' in site.posts("/whistle")[0]
    site.context.close()


def test_one_press_sends_one_form_and_the_button_stays(site: Site) -> None:
    site.answers["/whistle/preview"] = lambda _: (200, "text/html", "")
    page = site.open("form")
    page.fill("#f-body", "楼道消防门被锁")
    page.evaluate(
        """() => { window.sent = 0; self.outbox.put = async () => {};
          self.outbox.post = () => { window.sent += 1; return new Promise(() => {}); }; }"""
    )
    button = page.locator(".task-bar .btn-primary")
    before = button.bounding_box()["width"]
    button.click()
    button.click()
    page.wait_for_function("document.querySelector('.task-bar .btn-primary').textContent.startsWith('正在吹哨')")
    assert page.evaluate("window.sent") == 1
    assert button.get_attribute("value") == "send"
    assert button.get_attribute("aria-busy") == "true"
    assert button.bounding_box()["width"] == pytest.approx(before, abs=1)
    assert button.is_enabled()


def test_the_preview_follows_what_is_typed(site: Site) -> None:
    changed = replace(form.PREVIEW, after="到场", outcome="街道自办")
    filled = replace(form.TYPED, preview=changed)
    site.answers["/whistle/preview"] = lambda _: (200, "text/html", render("fragments/preview.html", filled, "zh"))
    page = site.open("form-empty")
    page.locator("#f-body").fill("广泰小区3号楼楼道消防门被锁")
    page.locator("#into-preview .outcome b", has_text="街道自办").wait_for()
    assert page.locator("#into-place .found").inner_text().startswith("广泰小区 3 号楼")
    assert page.locator("#into-short").inner_text().startswith("消防救援大队 主办")
    assert "消防门" in site.posts("/whistle/preview")[-1]


def test_a_place_is_found_while_typing(site: Site) -> None:
    items = [{"code": "130403011-D01-G1", "name": "广泰小区", "path": "东柳街道 › 广泰社区"}]
    site.answers["/places"] = lambda _: (200, "application/json", json.dumps({"items": items}))
    site.answers["/whistle/preview"] = lambda _: (200, "text/html", render("fragments/preview.html", form.EMPTY, "zh"))
    page = site.open("form-empty")
    box = page.get_by_role("combobox")
    box.press_sequentially("gtxq")
    page.get_by_role("option").first.wait_for()
    assert box.get_attribute("aria-expanded") == "true"
    box.press("ArrowDown")
    assert box.get_attribute("aria-activedescendant") == page.get_by_role("option").first.get_attribute("id")
    box.press("Enter")
    assert page.locator("input[name=place]").input_value() == "130403011-D01-G1"
    assert page.locator(".found").inner_text().split() == ["广泰小区", "东柳街道", "›", "广泰社区", "改"]
    assert page.locator(".found svg").is_visible(), "as the page draws it"


def test_what_is_not_found_is_said_until_something_else_is_typed(site: Site) -> None:
    items = [{"code": "130403011-D01-G1", "name": "广泰小区", "path": "东柳街道 › 广泰社区"}]
    site.answers["/places"] = lambda asked: (
        200,
        "application/json",
        json.dumps({"items": [] if "xyz" in asked.url else items}),
    )
    page = site.open("form-empty")
    box, said = page.locator("#f-place"), page.locator("#f-place ~ .combo-none")
    box.fill("xyz")
    page.get_by_role("status").filter(has_text="没有找到").wait_for()
    assert box.get_attribute("aria-expanded") == "false"
    box.fill("gtxq")
    page.get_by_role("option", name="广泰小区").wait_for()
    assert said.inner_text() == ""
    shown = page.locator("#f-place-list li").inner_html()
    assert shown == site.open("design").locator("#d-place-list li").first.inner_html()


def test_a_notice_that_a_page_came_with_is_not_a_script_s_to_take_away(site: Site) -> None:
    page = site.open("design")
    page.evaluate("self.outbox.all()")  # the page's own look, which began before, is over
    assert page.locator(".notice-offline").is_visible()


def test_updates_wait_behind_a_button(site: Site) -> None:
    model = replace(queue.QUEUE, frame=replace(queue.QUEUE.frame, events="/events?unit=ZJ"))
    site.models["queue"] = ("queue.html", model)
    site.answers["/events"] = lambda _: (
        200,
        "text/event-stream",
        "event: update\ndata: {}\n\nevent: update\ndata: {}\n\n",
    )
    page = site.open("queue")
    top = page.locator(".rows").bounding_box()
    page.locator("#live .update", has_text="有 2 条更新").wait_for()
    assert top is not None
    assert page.locator("#live").get_attribute("aria-live") == "polite"


def test_the_queue_listens_to_its_keys(site: Site) -> None:
    page = site.open("queue")
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.textContent").startswith("广泰小区 5 号楼顶层渗水")
    page.keyboard.press("x")
    assert page.locator(".bulk-count").inner_text() == "已选 3"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "q"
    page.keyboard.press("j")
    assert page.locator("[name=q]").input_value() == "j"
    page.locator("h1").click()
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()


def test_times_tick_in_place(site: Site) -> None:
    row = queue.QUEUE.rows[3]
    assert row.time is not None
    tick = Ticking(left=95, at=1_000_000_000, total=200, counting=True, seconds=True)
    time = replace(row.time, tick=tick)
    ruler = replace(row.ruler or Ruler(0, Lamp.GREEN), tick=tick)
    site.models["queue"] = ("queue.html", replace(queue.QUEUE, rows=(replace(row, time=time, ruler=ruler),)))
    site.page.clock.install(time=1_000_000_000)
    page = site.open("queue")
    page.clock.pause_at(1_000_000_005)
    assert page.locator(".time [data-show]").inner_text().replace("\n", "") == "剩90秒"
    assert page.locator(".ruler-fill").get_attribute("width") == "55.00%"
    page.clock.run_for(100_000)
    assert page.locator(".time [data-show]").inner_text().replace("\n", "").startswith("已逾期10秒")


def test_what_is_used_ticks_with_what_is_left_and_they_come_to_the_limit(site: Site) -> None:
    started = 1_000_000_000
    tick = Ticking(left=51 * 3600 + 2400, at=started, total=5 * 86400, counting=True, whole=True)
    expected = whistle.PAGE.expectation
    assert expected.time is not None
    assert expected.ruler is not None
    expected = replace(expected, time=replace(expected.time, tick=tick), ruler=replace(expected.ruler, tick=tick))
    clocks = tuple(
        ClockRow("办理", "剩 2 天 3 小时", "走着", replace(tick, whole=False), used=used) for used in (False, True)
    )
    site.models["whistle"] = ("whistle.html", replace(whistle.PAGE, expectation=expected, clocks=clocks))
    site.page.clock.install(time=started)
    page = site.open("whistle")

    def shown() -> tuple[str, ...]:
        texts = page.locator(".main-time [data-show], .ruler-texts [data-used], .clocks [data-tick]").all_inner_texts()
        return tuple("".join(text.split()) for text in texts)

    page.clock.pause_at(started + 61)
    assert shown() == ("剩2天3小时38分", "已用2天20小时22分", "剩2天3小时", "2天20小时")
    page.clock.run_for((51 * 3600 + 2400 - 61 - 30) * 1000)
    assert shown() == ("剩不到1分", "已用4天23小时59分", "剩不到1分", "4天23小时")
    page.clock.run_for(90_000)
    assert shown() == ("已逾期1分", "已用5天1分", "已逾期1分", "5天")


def test_a_password_is_shown_until_it_is_sent_and_a_time_is_no_such_button(site: Site) -> None:
    page = site.open("password")
    new = page.get_by_label("新密码", exact=True)
    new.fill("several plain words")
    button = page.locator('[aria-controls="f-new"]')
    button.click()
    assert new.get_attribute("type") == "text"
    assert button.inner_text() == "不显示"
    site.answers["/password"] = lambda _: (204, "text/html", "")
    page.get_by_role("button", name="保存新密码").click()
    assert new.get_attribute("type") == "password"
    assert len(site.posts("/password")) == 1
    page = site.open("queue")
    page.locator(".time [data-show]").first.click()
    assert site.trouble == []


def test_a_notice_above_a_queue_takes_no_more_room_than_its_words(site: Site) -> None:
    notice = Notice("管理员替您的账号开了一次性登录链接", spans("去看是谁、什么时候"))
    few = replace(queue.INFORMED, rows=(), frame=replace(queue.INFORMED.frame, notices=(notice, notice)))
    site.models["queue"] = ("queue.html", few)
    site.page.set_viewport_size({"width": 1280, "height": 1600})
    boxes = [one.bounding_box() for one in site.open("queue").locator("main > .notice").all()]
    assert [box["height"] < 100 for box in boxes if box] == [True, True]


def test_the_strip_fills_in_place(site: Site) -> None:
    site.answers["/w/2600003173/strip"] = lambda _: (
        200,
        "text/html",
        render("fragments/strip.html", form.RECEIPT.strip, "zh"),
    )
    page = site.open("receipt-waiting")
    page.locator(".strip b", has_text="19").wait_for()
    assert page.locator(".strip .waiting").count() == 0


def test_focus_is_seen_and_the_frame_can_be_skipped(site: Site) -> None:
    page = site.open("whistle")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
    assert outline == "3px"
