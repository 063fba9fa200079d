"""Photos in Chromium, on every page that takes them: shrunk, sent at once, refused with a reason, tried again."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image

from tests.browser.running import Running, keep, page
from tests.factories import CLERK, COMMUNITY_HEAD, FIRE_DOOR, SLOW, XF, World

KEPT, AGAIN = "[data-tiles] input[name=kept]", "[data-tiles] [data-again]"
#: once a service worker has taken the page over, what it sends passes `route` by
SEEN = {"service_workers": "block"}


def _photo() -> dict[str, Any]:
    """As a telephone makes them: larger than is kept."""
    out = io.BytesIO()
    Image.effect_noise((3000, 2000), 90).convert("RGB").save(out, "JPEG")
    return {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def _pictures(shown: Any) -> int:
    """So many photos the whistle's page shows, each perhaps in several places."""
    return len(set(shown.locator(".photo img").evaluate_all("all => all.map(one => one.getAttribute('src'))")))


def _sides(service: Running) -> list[int]:
    async def asked(world: World) -> list[int]:
        async with world.database.acquire() as connection:
            rows = await connection.fetch("SELECT greatest(width, height) AS side FROM photo ORDER BY id")
        return [row["side"] for row in rows]

    return list(service.do(asked))


def test_below_the_street_photos_are_shrunk_and_sent_while_one_writes(browser: Any, service: Running) -> None:
    with page(browser, service, COMMUNITY_HEAD, 390) as shown:
        shown.goto(f"{service.address}/chain/raise")
        shown.set_input_files("input[name=photo]", [_photo(), _photo()])
        shown.locator(KEPT).nth(1).wait_for(state="attached")
        assert _sides(service)[-2:] == [1600, 1600]
        shown.locator("[data-tiles] button", has_text="移除").first.click()
        keep(shown, "raise-photo-390", full_page=True)
        shown.fill("#f-body", SLOW)
        shown.check("input[name=danger][value='0']")
        shown.locator(".task-bar button").click()
        shown.wait_for_url("**/w/*")
        assert _pictures(shown) == 1


def test_an_arrival_takes_one_photo(browser: Any, service: Running) -> None:
    number = service.do(lambda world: world.whistle(FIRE_DOOR))["number"]
    with page(browser, service, XF, 390) as shown:
        shown.goto(f"{service.address}/w/{number}/do/arrive")
        assert not shown.locator("input[name=photo]").evaluate("one => one.multiple"), "more would not be kept"
        shown.set_input_files("input[name=photo]", _photo())
        shown.locator(KEPT).wait_for(state="attached")
        shown.locator(".task-bar button").click()
        shown.wait_for_url("**/w/*?done=arrive")
        assert _pictures(shown) == 1


def test_the_button_for_photos_looks_the_same_on_every_act(browser: Any, service: Running) -> None:
    number = service.do(lambda world: world.whistle(FIRE_DOOR))["number"]
    service.do(lambda world: world.act(number, "report-in", seat=XF))
    with page(browser, service, XF, 390) as shown:
        for act in ("arrive", "resolve"):
            shown.goto(f"{service.address}/w/{number}/do/{act}")
            assert shown.locator("label.photo-add", has_text="加照片").is_visible()
            wide = shown.locator(".photo-add input").evaluate("one => one.getBoundingClientRect().width")
            assert wide <= 1, "not the browser's own"
            keep(shown, f"act-{act}-photo-390", full_page=True)
            service.do(lambda world: world.act(number, "arrive", seat=XF, latitude=36.61, longitude=114.5))


def test_without_a_script_the_browser_s_own_says_what_was_chosen(browser: Any, service: Running) -> None:
    number = service.do(lambda world: world.whistle(FIRE_DOOR))["number"]
    with page(browser, service, XF, 390, java_script_enabled=False) as shown:
        shown.goto(f"{service.address}/w/{number}/do/arrive")
        assert shown.locator(".photo-add input").bounding_box()["width"] > 200
        shown.set_input_files("input[name=photo]", _photo())
        keep(shown, "act-arrive-photo-nojs-390", full_page=True)
        shown.locator(".task-bar button").click()
        shown.wait_for_url("**/w/*?done=arrive")
        assert _pictures(shown) == 1


def test_a_photo_that_is_still_being_shrunk_goes_with_the_form(browser: Any, service: Running) -> None:
    number = service.do(lambda world: world.whistle(FIRE_DOOR))["number"]
    with page(browser, service, XF, 390) as shown:
        shown.goto(f"{service.address}/w/{number}/do/arrive")
        # a telephone that takes its time
        shown.evaluate("() => { window.createImageBitmap = () => new Promise(() => {}); }")
        shown.set_input_files("input[name=photo]", _photo())
        shown.locator(".task-bar button").click()
        shown.wait_for_url("**/w/*?done=arrive")
        assert _pictures(shown) == 1


def test_what_has_not_gone_through_goes_with_the_form(browser: Any, service: Running) -> None:
    with page(browser, service, COMMUNITY_HEAD, 390, known="ERR_FAILED", **SEEN) as shown:
        shown.goto(f"{service.address}/chain/raise")
        shown.route("**/whistle/photo", lambda asked: asked.abort())
        shown.set_input_files("input[name=photo]", _photo())
        shown.locator(AGAIN, has_text="再传").wait_for()
        shown.fill("#f-body", SLOW)
        shown.check("input[name=danger][value='0']")
        shown.locator(".task-bar button").click()
        shown.wait_for_url("**/w/*")
        assert _pictures(shown) == 1
        assert _sides(service)[-1] == 1600


def test_photos_that_no_server_has_yet_stay_with_the_draft(browser: Any, service: Running) -> None:
    with page(browser, service, CLERK, 390, known="ERR_FAILED", **SEEN) as shown:
        shown.goto(f"{service.address}/whistle")
        shown.fill("#f-body", "广泰小区5号楼路灯不亮")
        shown.route("**/whistle/photo", lambda asked: asked.abort())
        shown.set_input_files("input[name=photo]", [_photo(), _photo()])
        shown.locator(AGAIN, has_text="没传上，再传").nth(1).wait_for()
        shown.evaluate(
            """async () => {
                const key = () => Object.keys(localStorage).find(one => one.startsWith("draft:"));
                const held = async () => key() ? (await self.outbox.held(key())).length : 0;
                while (await held() < 2) await new Promise(done => setTimeout(done, 20));
                // six days ago: a draft lasts for seven
                const draft = JSON.parse(localStorage[key()]);
                localStorage[key()] = JSON.stringify({ ...draft, at: draft.at - 6 * 864e5 });
            }"""
        )
        kept = shown.evaluate("Object.entries(localStorage)")
        again = shown.context.new_page()
        again.goto(f"{service.address}/street")
        shown.close(run_before_unload=False)
        again.evaluate("kept => kept.forEach(([key, value]) => { localStorage[key] = value; })", kept)
        again.goto(f"{service.address}/whistle")
        again.locator(KEPT).nth(1).wait_for(state="attached")
        assert again.locator("#f-body").input_value() == "广泰小区5号楼路灯不亮"
        again.check("input[name=danger][value=no]")
        again.locator(".task-bar button[name=step]").click()
        again.wait_for_url("**/receipt**")
        number = again.url.split("/w/")[1][:10]
        again.goto(f"{service.address}/w/{number}")
        assert _pictures(again) == 2
        again.goto(f"{service.address}/whistle")
        assert again.locator("#f-body").input_value() == "", "the draft went with the whistle, its photos too"
        assert again.locator("[data-tiles] li").count() == 0


def test_a_photo_that_cannot_pass_says_why_and_is_not_sent_again(browser: Any, service: Running) -> None:
    with page(browser, service, CLERK, 390, known="422") as shown:
        shown.goto(f"{service.address}/whistle")
        shown.fill("#f-body", "广泰小区5号楼路灯不亮")
        wrong = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"GIF89a" + b"x" * 200}
        shown.set_input_files("input[name=photo]", wrong)
        shown.locator("[data-tiles] .error-text", has_text="只收 JPEG、PNG、WebP 照片").wait_for()
        assert not shown.locator(AGAIN).is_visible()
        keep(shown, "form-photo-refused-390", full_page=True)
        shown.check("input[name=danger][value=no]")
        shown.locator(".task-bar button[name=step]").click()
        shown.wait_for_url("**/receipt**")


def test_a_photo_whose_way_was_cut_is_tried_again(browser: Any, service: Running) -> None:
    with page(browser, service, CLERK, 390, known="ERR_FAILED", **SEEN) as shown:
        shown.goto(f"{service.address}/whistle")
        shown.route("**/whistle/photo", lambda asked: asked.abort())
        shown.set_input_files("input[name=photo]", _photo())
        again = shown.locator(AGAIN, has_text="没传上，再传")
        again.wait_for()
        shown.unroute("**/whistle/photo")
        again.click()
        shown.locator(KEPT).wait_for(state="attached")
        assert not again.is_visible()


def _with_the_form(shown: Any) -> list[str]:
    """Photos that the form would carry now: new ones by their field, stored ones by their id."""
    return list(
        shown.evaluate(
            """() => [...new FormData(document.querySelector("form[data-draft]"))]
                .filter(([name]) => ["photo", "kept"].includes(name))
                .filter(([, value]) => typeof value === "string" || value.size)
                .map(([name, value]) => name === "kept" ? value : name)"""
        )
    )


def test_of_a_photo_that_is_turned_one_goes_with_the_form(browser: Any, service: Running) -> None:
    with page(browser, service, CLERK, 390, known="422", **SEEN) as shown:
        shown.goto(f"{service.address}/whistle")
        shown.fill("#f-body", "广泰小区5号楼路灯不亮")
        shown.set_input_files("input[name=photo]", _photo())
        shown.locator(KEPT).wait_for(state="attached")
        lying = shown.locator(KEPT).get_attribute("value")
        held: list[Any] = []
        shown.route("**/whistle/photo", lambda asked: held.append(asked))
        turn = shown.locator("[data-turn]")
        turn.click()
        shown.locator("[data-tiles] [data-state=sending]").wait_for()
        assert _with_the_form(shown) == ["photo"]
        while not held:  # it says that it sends before the picture is turned and has left
            shown.wait_for_timeout(20)
        with shown.expect_response("**/whistle/photo"):
            held.pop().fulfill(status=422, json={"detail": "这张照片太大"})
        shown.locator("[data-tiles] [data-state=kept]").wait_for()
        assert _with_the_form(shown) == [lying], "the turned one was refused: it lies as it lay"
        turn.click()
        shown.locator("[data-tiles] [data-state=sending]").wait_for()
        shown.check("input[name=danger][value=no]")
        shown.locator(".task-bar button[name=step]").click()
        shown.wait_for_url("**/receipt**")
        shown.goto(shown.url.split("/receipt")[0])
        assert _pictures(shown) == 1
