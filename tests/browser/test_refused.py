"""A form that the server refuses, in Chromium: sent once, said on the same page, nothing of what was typed lost."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image

from tests.browser.running import Running, keep, page
from tests.factories import CLERK

SMOKE, LAMP = "广泰小区3号楼冒烟，有人被困", "广泰小区5号楼路灯不亮"
SUMMARY = "#error-summary"


def _posts(shown: Any) -> list[str]:
    """Filled as the page sends its form."""
    posts: list[str] = []
    shown.on("request", lambda one: posts.append(one.url) if one.method == "POST" else None)
    return posts


def _sent(posts: list[str]) -> int:
    return sum(one.endswith("/whistle") for one in posts)


def _press(shown: Any) -> None:
    shown.locator(".task-bar button[name=step]").click()


def _older(shown: Any) -> None:
    """A page that is older than the words of danger: its own list would ask before anything is sent."""
    shown.evaluate("document.getElementById('f-danger').dataset.words = ''")


def _photo() -> dict[str, Any]:
    Image.new("RGB", (320, 200), "grey").save(out := io.BytesIO(), "JPEG")
    return {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def _focused(shown: Any) -> str:
    return str(shown.evaluate("document.activeElement.id"))


def test_what_is_refused_is_sent_once_and_said_where_it_was_sent_from(browser: Any, service: Running) -> None:
    with page(browser, service, CLERK, 390, known="422") as shown:
        posts = _posts(shown)
        shown.goto(f"{service.address}/whistle")
        shown.fill("#f-body", SMOKE)
        shown.set_input_files("input[name=photo]", _photo())
        shown.locator("[data-tiles] input[name=kept]").wait_for(state="attached")
        shown.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        shown.fill("#f-reporter_name", "张某")
        shown.evaluate("document.querySelectorAll('details').forEach(one => { one.open = false; })")
        _older(shown)
        here = shown.evaluate("performance.timeOrigin")
        _press(shown)
        shown.locator(SUMMARY, has_text="答一下现在有没有危险").wait_for()
        assert _focused(shown) == "error-summary"
        assert shown.locator("#f-danger.has-error .error-text").inner_text() == "答一下现在有没有危险"
        assert _sent(posts) == 1
        assert shown.evaluate("performance.timeOrigin") == here, "the same page"
        assert shown.locator("#f-body").input_value() == SMOKE
        assert shown.locator("#f-reporter_name").input_value() == "张某"
        assert shown.locator("[data-tiles] li").count() == 1
        assert shown.evaluate("self.outbox.all()") == []
        keep(shown, "form-refused-390", full_page=True)
        shown.check("input[name=danger][value=yes]")
        _press(shown)
        shown.wait_for_url("**/receipt**")
        assert _sent(posts) == 2


def test_a_place_that_nobody_knows_is_marked_at_its_field_and_no_longer_once_it_is_gone(
    browser: Any, service: Running
) -> None:
    with page(browser, service, CLERK, known="422") as shown:
        posts = _posts(shown)
        shown.goto(f"{service.address}/whistle")
        shown.fill("#f-body", "路灯不亮")
        shown.fill("#f-place", "没有这个小区")
        _press(shown)
        shown.locator(SUMMARY, has_text="没有找到「没有这个小区」").wait_for()
        wrong = shown.locator(".field.has-error .error-text")
        assert "没有找到" in wrong.inner_text()
        assert _sent(posts) == 1
        shown.fill("#f-place", "这个也没有")
        _press(shown)
        shown.locator(SUMMARY, has_text="没有找到「这个也没有」").wait_for()
        assert wrong.count() == 1, "what was wrong before is not said any more"
        shown.fill("#f-place", "")
        _press(shown)
        shown.wait_for_url("**/receipt**")


def test_a_field_in_a_fold_is_shown_with_what_is_wrong(browser: Any, service: Running) -> None:
    with page(browser, service, CLERK, known="422") as shown:
        posts = _posts(shown)
        shown.goto(f"{service.address}/whistle")
        shown.fill("#f-body", LAMP)
        shown.evaluate("document.getElementById('choose').open = true")
        shown.select_option("#f-lead", index=1)
        shown.evaluate("document.getElementById('choose').open = false")
        _press(shown)
        shown.locator(".field.has-error #f-override_reason").wait_for()
        assert shown.locator(SUMMARY).inner_text().endswith("自己点了单位，写一句为什么")
        assert _sent(posts) == 1


def test_a_key_that_has_made_a_whistle_is_said_and_the_next_goes_with_another(browser: Any, service: Running) -> None:
    with page(browser, service, CLERK) as shown:
        shown.goto(f"{service.address}/whistle")
        shown.fill("#f-body", LAMP)
        used = shown.locator("input[name=idempotency_key]").get_attribute("value")
        _press(shown)
        shown.wait_for_url("**/receipt**")
        before = service.do(lambda world: world.count("whistle"))
        posts = _posts(shown)
        shown.goto(f"{service.address}/whistle")
        shown.fill("#f-body", LAMP + "，又一条")
        shown.evaluate("key => { document.querySelector('input[name=idempotency_key]').value = key; }", used)
        _press(shown)
        shown.locator(SUMMARY, has_text="这张表已经吹过一条了").wait_for()
        assert _focused(shown) == "error-summary"
        assert _sent(posts) == 1
        assert shown.locator("input[name=idempotency_key]").input_value() != used
        _press(shown)
        shown.wait_for_url("**/receipt**")
        assert service.do(lambda world: world.count("whistle")) == before + 1


def test_an_answer_that_is_no_form_is_said_above_it(browser: Any, service: Running) -> None:
    with page(browser, service, CLERK, known="403") as shown:
        posts = _posts(shown)
        shown.goto(f"{service.address}/whistle")
        shown.fill("#f-body", LAMP)
        shown.evaluate("document.querySelector('form[data-draft] [name=csrf]').value = 'of-yesterday'")
        _press(shown)
        shown.locator(SUMMARY).wait_for()
        assert len(shown.locator(SUMMARY).inner_text().splitlines()) > 1, "what, why and what to do"
        assert _sent(posts) == 1
        assert shown.locator("#f-body").input_value() == LAMP
        assert shown.locator(".task-bar button[aria-busy]").count() == 0
