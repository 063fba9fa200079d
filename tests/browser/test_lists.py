"""Queue, chain and desk in Chromium on a running service: nothing scrolls sideways, keys and bulk work, news waits.

Screenshots (1280, 390 and 360 wide) stay under `.build/screens/` as build output.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.browser.running import SCREENS, Running, keep, page
from tests.factories import ADMIN, BUILDING_HEAD, CLERK, COMMUNITY_HEAD, DESK, FIRE_DOOR, SLOW, XF, ZJ, World

pytestmark = pytest.mark.usefixtures("whistles")


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
        keep(shown, f"{name}-{width}")


def test_search_and_what_is_late_are_in_reach_on_a_phone(browser: Any, service: Running) -> None:
    with page(browser, service, CLERK, 360) as shown:
        shown.goto(f"{service.address}/street")
        red = shown.locator(".chip", has_text="红")
        boxes = [one.bounding_box() for one in (shown.locator(".search"), red, shown.locator("tbody tr").first)]
        assert [box["y"] for box in boxes] == sorted(box["y"] for box in boxes)
        assert boxes[1]["x"] + boxes[1]["width"] <= 360
        red.click()
        shown.wait_for_url("**/street?lamp=red")
        assert "红" in shown.locator('.chip[aria-current="true"]').all_inner_texts()[-1]


def test_no_filter_of_a_queue_stands_on_a_line_of_its_own_at_a_desk(browser: Any, service: Running) -> None:
    with page(browser, service, ZJ) as shown:
        shown.goto(f"{service.address}/queue")
        chips = shown.locator(".filters .chip:visible").all()
        assert chips[-1].inner_text() == "种类"
        assert len({one.bounding_box()["y"] for one in chips}) == 1
        assert shown.locator(".search").bounding_box()["width"] >= 150


def test_the_tab_one_is_on_is_in_sight_on_a_phone_and_stands_clear(browser: Any, service: Running) -> None:
    with page(browser, service, ADMIN, 360) as shown:
        shown.goto(f"{service.address}/admin/log")
        heading, tabs, section, current = (
            shown.locator(which).bounding_box() for which in ("h1", ".chips", ".pane", ".chip[aria-current]")
        )
        assert current["x"] >= 0
        assert current["x"] + current["width"] <= 360
        assert tabs["y"] - (heading["y"] + heading["height"]) >= 12
        assert section["y"] - (tabs["y"] + tabs["height"]) >= 12


#: what can be pressed and is under 24 px high or wide, but for what stands in a sentence or in a label
SMALL = """() => { document.querySelectorAll('details').forEach(d => { d.open = true; });
  return [...document.querySelectorAll('a, button, summary, label, select, textarea, input:not([type=hidden])')]
    .filter(e => e.getClientRects().length && !e.closest('.vh, .skip, p.second, p.meta, label:has(input) > *'))
    .filter(e => Math.min(e.getBoundingClientRect().width, e.getBoundingClientRect().height) < 23.5)
    .map(e => e.parentElement.className + ': ' + e.textContent.trim()); }"""


def test_what_can_be_pressed_on_a_phone_is_large_enough(browser: Any, service: Running) -> None:
    small = {}
    for seat, path in ((CLERK, "/street"), (ZJ, "/queue"), (DESK, "/desk"), (ADMIN, "/admin"), (CLERK, "/account")):
        with page(browser, service, seat, 360) as shown:
            shown.goto(service.address + path)
            small[path] = shown.evaluate(SMALL)
    assert {path: found for path, found in small.items() if found} == {}


def test_the_links_of_an_open_menu_look_like_links_on_a_phone(browser: Any, service: Running) -> None:
    with page(browser, service, CLERK, 360) as shown:
        shown.goto(f"{service.address}/account")
        links = shown.locator(".menu-links a")
        plain = shown.evaluate("getComputedStyle(document.body).color")
        assert links.count() >= 6
        assert plain not in links.evaluate_all("all => all.map(e => getComputedStyle(e).color)")


def test_a_filter_that_is_on_is_marked_and_in_sight_on_a_phone(browser: Any, service: Running) -> None:
    with page(browser, service, ZJ, 360) as shown:
        shown.goto(f"{service.address}/queue")
        assert shown.locator("summary.chip[aria-current]").count() == 0
        shown.locator("summary.chip", has_text="主办/协办").click()
        shown.locator(".menu[open] a", has_text="主办").click()
        shown.wait_for_load_state()
        chosen = shown.locator("summary.chip[aria-current]")
        assert chosen.inner_text() == "主办"
        box = chosen.bounding_box()
        assert 0 <= box["x"] <= 360 - box["width"]


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
        shown.locator("#bulk button[value=note]").click()
        shown.wait_for_selector("textarea[name=text]:focus")
        shown.go_back()
        shown.keyboard.press("/")
        assert shown.evaluate("document.activeElement.name") == "q"


def test_enter_on_a_box_opens_its_row_and_does_nothing_with_what_is_ticked(browser: Any, service: Running) -> None:
    with page(browser, service, ZJ) as shown:
        shown.goto(f"{service.address}/queue")
        box = shown.locator("input[name=ref]").first
        box.check()
        box.press("Enter")
        shown.wait_for_url("**/w/*")


def test_the_rows_can_be_passed_over_by_key(browser: Any, service: Running) -> None:
    with page(browser, service, ZJ) as shown:
        shown.goto(f"{service.address}/queue")
        shown.get_by_role("link", name="跳过这张表").press("Enter")
        shown.keyboard.press("Tab")
        assert shown.evaluate("document.activeElement.textContent") == "导出 xlsx"


def test_looking_for_a_position_is_said_at_once(browser: Any, service: Running) -> None:
    number = service.do(lambda world: world.whistle(FIRE_DOOR))["number"]
    with page(browser, service, XF, 360) as shown:
        shown.add_init_script("navigator.geolocation.getCurrentPosition = () => {}")
        shown.goto(f"{service.address}/w/{number}/do/arrive")
        shown.get_by_role("button", name="用我现在的位置").click()
        assert shown.locator("[data-position-said]").inner_text() == "正在定位…"


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


def test_news_comes_again_after_a_refusal_and_to_a_page_that_was_put_away(browser: Any, service: Running) -> None:
    with page(browser, service, ZJ, known="503") as shown:
        shown.route("**/events?*", lambda route: route.fulfill(status=503), times=2)
        with shown.expect_response(lambda answer: "/events?" in answer.url and answer.status == 200):
            shown.goto(f"{service.address}/queue")
        service.do(lambda world: world.whistle(SLOW))
        shown.locator("#live button").wait_for()
        shown.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
        with shown.expect_response(lambda answer: "/events?" in answer.url and answer.status == 200):
            shown.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
        service.do(lambda world: world.whistle(SLOW))
        shown.locator("#live button", has_text="有 2 条更新").wait_for()


async def resolved(world: World) -> str:
    number = (await world.whistle(SLOW, source={"channel": "12345", "number": "T1"}))["number"]
    for action, fields in (("report-in", {}), ("resolve", {"reply": "灯修好了", "reason": "不用来"})):
        assert (await world.act(number, action, seat=ZJ, **fields)).status_code == 200
    return str(number)


def test_on_a_phone_the_reply_stands_beneath_what_is_to_be_done(browser: Any, service: Running) -> None:
    with page(browser, service, CLERK, 360) as shown:
        shown.goto(f"{service.address}/w/{service.do(resolved)}")
        cards = (".expectation", ".reply-card", ".side-ladder")
        tops = [shown.locator(card).bounding_box()["y"] for card in cards]
        assert tops == sorted(tops)


@pytest.mark.parametrize("denied", [False, True], ids=["plain http", "no way at all"])
def test_the_reply_is_copied_without_a_clipboard(browser: Any, service: Running, denied: bool) -> None:
    with page(browser, service, ZJ) as shown:
        shown.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
        shown.goto(f"{service.address}/w/{service.do(resolved)}")
        if denied:
            shown.evaluate("document.execCommand = () => false")
        shown.evaluate("addEventListener('copy', () => { window.copied = String(getSelection()); })")
        shown.locator("[data-copy]").click()
        said = "请按 Ctrl+C" if denied else "已复制"
        shown.locator("[data-copy]", has_text=said).wait_for()
        if denied:
            shown.keyboard.press("Control+c")
        assert "灯修好了" in shown.evaluate("window.copied")


@pytest.mark.parametrize("words", [1, 400])
def test_a_slip_counts_its_pages(browser: Any, service: Running, words: int) -> None:
    made = service.do(lambda world: world.whistle(SLOW + "，楼道里看不见路" * words))
    with page(browser, service, CLERK) as shown:
        shown.goto(f"{service.address}/w/{made['number']}/slip")
        assert "共 1 页" not in shown.inner_text("main")
        paper = shown.pdf(prefer_css_page_size=True)
        pages = len(re.findall(rb"/Type\s*/Page\b", paper))
        SCREENS.mkdir(parents=True, exist_ok=True)
        (SCREENS / f"slip-{words}.pdf").write_bytes(paper)
        assert pages == 1 if words == 1 else pages > 1


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
        keep(shown, f"reporter-masked-{width}", full_page=True)
        shown.get_by_role("link", name="看姓名和电话").click()
        shown.get_by_label("回访、答复来源人").wait_for()
        keep(shown, f"reporter-why-{width}", full_page=True)
        shown.get_by_label("回访、答复来源人").check()
        shown.get_by_role("button", name="看", exact=True).click()
        shown.get_by_role("link", name="13800138000").wait_for()
        keep(shown, f"reporter-shown-{width}")
