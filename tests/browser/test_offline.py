"""Whistles written without a network, in Chromium: each is sent once, or stands on every page with its reason.

What was begun belongs to whoever began it.
"""

from __future__ import annotations

from typing import Any

from tests.browser.running import Running, page
from tests.factories import CLERK, DESK, World

DARK, GAS = "广泰小区6号楼路灯不亮", "广泰小区5号楼漏气，味道很大"
WAITING = "#unsent li"


def _open(shown: Any, service: Running) -> None:
    """The form, with the service worker that opens it also without a network."""
    shown.goto(f"{service.address}/whistle")
    shown.evaluate("navigator.serviceWorker.ready.then(() => true)")
    shown.goto(f"{service.address}/whistle")


def _press(shown: Any) -> None:
    shown.locator(".task-bar button[name=step]").click()


def _write(shown: Any, text: str, danger: str = "no") -> None:
    shown.fill("#f-body", text)
    if danger:
        shown.check(f"input[name=danger][value={danger}]")
    _press(shown)


def _until(shown: Any, true: str) -> None:
    """Wait until an expression is true in the page (the pages' policy forbids Playwright's own way)."""
    shown.evaluate(f"new Promise(done => {{ const look = () => ({true}) ? done() : setTimeout(look, 20); look(); }})")


def _alone(shown: Any, service: Running) -> None:
    """Without a network, on the form."""
    shown.context.set_offline(True)
    shown.goto(f"{service.address}/whistle")


def _whistles(service: Running) -> list[str]:
    async def titles(world: World) -> list[str]:
        async with world.database.acquire() as connection:
            return [row["body"] for row in await connection.fetch("SELECT body FROM whistle ORDER BY id")]

    return list(service.do(titles))


async def _last_place(world: World) -> str:
    async with world.database.acquire() as connection:
        return str(await connection.fetchval("SELECT place FROM whistle ORDER BY id DESC LIMIT 1"))


def _switch(shown: Any, service: Running, seat: str) -> None:
    """Somebody else comes to this browser, by the page's own form."""

    async def person(world: World) -> str:
        async with world.database.acquire() as connection:
            return str(
                await connection.fetchval("SELECT person FROM tenure WHERE seat = $1 AND to_at IS NULL LIMIT 1", seat)
            )

    account = service.do(person)
    shown.evaluate(
        """account => {
            const form = document.querySelector("form[action='/sign-out'], form[action='/switch']").cloneNode(true);
            form.action = "/switch";
            form.append(Object.assign(document.createElement("input"), { name: "account", value: account }));
            form.append(Object.assign(document.createElement("input"), { name: "next", value: "/home" }));
            document.body.append(form);
            form.requestSubmit();
        }""",
        account,
    )
    shown.locator(f"body[data-me^='{account}/']").wait_for()


def test_what_is_written_without_a_network_is_sent_once_when_it_is_back(browser: Any, service: Running) -> None:
    with page(browser, service, CLERK, 390) as shown:
        _open(shown, service)
        before = _whistles(service)
        _alone(shown, service)
        _write(shown, DARK)
        shown.locator(".notice-offline", has_text="存在本机").wait_for()
        shown.locator("#unsent", has_text="本机还有 1 条没发出").wait_for()
        assert _whistles(service) == before
        shown.context.set_offline(False)
        sent = shown.locator("#unsent a", has_text="看回执")
        sent.wait_for()
        shown.evaluate("self.outbox.flush()")
        assert _whistles(service) == [*before, DARK]
        sent.click()
        shown.wait_for_url("**/receipt**")
        assert "没网时写的" in shown.locator(".receipt-card").inner_text()
        shown.locator("#unsent").wait_for(state="hidden")
        assert shown.evaluate("self.outbox.all()") == []


def test_a_form_kept_from_before_has_a_key_of_its_own(browser: Any, service: Running) -> None:
    """The page that opens without a network is the one that a whistle was sent from: its key is used."""
    with page(browser, service, CLERK, 390) as shown:
        _open(shown, service)
        _write(shown, DARK + "，第一条")
        shown.wait_for_url("**/receipt**")
        _alone(shown, service)
        _write(shown, DARK + "，第二条")
        shown.locator(WAITING).wait_for()
        shown.context.set_offline(False)
        shown.locator("#unsent a", has_text="看回执").wait_for()
        assert _whistles(service)[-2:] == [DARK + "，第一条", DARK + "，第二条"]


def test_two_written_one_after_another_are_two(browser: Any, service: Running) -> None:
    with page(browser, service, CLERK, 390) as shown:
        _open(shown, service)
        _alone(shown, service)
        _write(shown, DARK + "，其一")
        shown.locator(WAITING).wait_for()
        shown.goto(f"{service.address}/whistle")
        # it still says so on a page opened anew
        shown.locator("#unsent", has_text="本机还有 1 条没发出").wait_for()
        _write(shown, DARK + "，其二")
        shown.locator(WAITING).nth(1).wait_for()
        shown.context.set_offline(False)
        shown.locator("#unsent a", has_text="看回执").nth(1).wait_for()
        assert _whistles(service)[-2:] == [DARK + "，其一", DARK + "，其二"]


def test_nothing_of_what_waits_goes_along_with_the_next(browser: Any, service: Running) -> None:
    pasted = "来电人：张某\n联系电话：13800001234\n地址：广泰小区3号楼\n诉求内容：楼上冒烟，有人被困"
    with page(browser, service, CLERK, 360, known="422") as shown:
        _open(shown, service)
        shown.fill("#f-body", pasted)
        shown.locator("button[value=apart]").click()
        shown.locator("#f-reporter_name").wait_for()  # in a fold that stands open for it
        # it came back for want of an answer: the page holds all of it, not the fields alone; the
        # page is older than the word, its own list would ask before anything is sent
        shown.evaluate("document.getElementById('f-danger').dataset.words = ''")
        _press(shown)
        shown.locator("#error-summary").wait_for()
        shown.locator("#into-place b", has_text="3号楼").wait_for()
        shown.context.set_offline(True)
        shown.check("input[name=danger][value=yes]")
        _press(shown)
        shown.locator(WAITING).wait_for()
        assert shown.locator("#error-summary, #f-danger .error-text, .has-error").count() == 0
        assert shown.locator("input[name=danger]:checked").count() == 0
        assert shown.locator("#into-danger, #into-similar, #into-short").all_inner_texts() == ["", "", ""]
        assert "3号楼" not in shown.locator("form[data-draft]").inner_text()
        fields = shown.evaluate("[...new FormData(document.querySelector('form[data-draft]'))].filter(([, to]) => to)")
        assert {name for name, value in fields if isinstance(value, str)} <= {
            "csrf",
            "idempotency_key",
            "source_channel",
        }
        assert shown.locator("#f-place").is_visible(), "it can be named again"
        _write(shown, DARK.removeprefix("广泰小区6号楼"))
        shown.locator(WAITING).nth(1).wait_for()
        shown.context.set_offline(False)
        shown.locator("#unsent a", has_text="看回执").nth(1).wait_for()
        # what waited is on its way: nothing says any more that it waits
        shown.locator(".notice-offline").wait_for(state="detached")
        assert service.do(_last_place) == "130403011", "the street: no place was written"


def test_words_of_danger_are_asked_about_before_the_form_waits(browser: Any, service: Running) -> None:
    with page(browser, service, CLERK, 390) as shown:
        _open(shown, service)
        _alone(shown, service)
        _write(shown, GAS, danger="")
        shown.locator("#f-danger .error-text", has_text="危险").wait_for()
        assert shown.evaluate("self.outbox.all()") == []
        assert shown.locator("#f-body").input_value() == GAS
        shown.check("input[name=danger][value=yes]")
        _press(shown)
        shown.locator(WAITING).wait_for()
        shown.context.set_offline(False)
        shown.locator("#unsent a", has_text="看回执").wait_for()
        assert _whistles(service)[-1] == GAS


def test_one_that_the_rules_refuse_says_why_and_opens_again(browser: Any, service: Running) -> None:
    with page(browser, service, CLERK, 390, known="422") as shown:
        _open(shown, service)
        _alone(shown, service)
        # a form kept from before the word was one of danger
        shown.evaluate("document.getElementById('f-danger').dataset.words = ''")
        _write(shown, GAS + "，还有哭声", danger="")
        shown.locator(WAITING).wait_for()
        before = _whistles(service)
        shown.context.set_offline(False)
        shown.locator("#unsent .error-text", has_text="答一下现在有没有危险").wait_for()
        assert _whistles(service) == before
        shown.goto(f"{service.address}/street")
        shown.locator("#unsent .error-text", has_text="答一下现在有没有危险").wait_for()
        shown.locator("#unsent button", has_text="打开").click()
        shown.wait_for_url("**/whistle?unsent=*")
        _until(shown, f"document.getElementById('f-body').value === '{GAS}，还有哭声'")
        shown.check("input[name=danger][value=yes]")
        _press(shown)
        shown.wait_for_url("**/receipt**")
        assert _whistles(service) == [*before, GAS + "，还有哭声"]
        assert shown.evaluate("self.outbox.all()") == []


def test_what_the_browser_sent_with_the_page_closed_is_told_on_the_next(browser: Any, service: Running) -> None:
    with page(browser, service, CLERK, 390) as shown:
        _open(shown, service)
        _alone(shown, service)
        _write(shown, DARK + "，页面关了")
        shown.locator(WAITING).wait_for()
        # a page that sends nothing itself hears it from the worker
        shown.evaluate("void (self.outbox.flush = () => Promise.reject(new Error('not this one')))")
        shown.context.set_offline(False)
        worker = shown.context.service_workers[0]
        worker.evaluate("self.dispatchEvent(new SyncEvent('sync', { tag: 'outbox' }))")
        shown.locator("#unsent a", has_text="看回执").wait_for()
        shown.goto(f"{service.address}/street")
        shown.locator("#unsent a", has_text="看回执").wait_for()
        assert _whistles(service)[-1] == DARK + "，页面关了"
        shown.locator("#unsent button", has_text="知道了").click()
        shown.locator("#unsent").wait_for(state="hidden")


def test_deleting_asks_first(browser: Any, service: Running) -> None:
    with page(browser, service, CLERK, 390) as shown:
        _open(shown, service)
        _alone(shown, service)
        _write(shown, DARK + "，不要了")
        shown.locator(WAITING).wait_for()
        shown.locator("#unsent button", has_text="删除").click()  # Playwright answers no
        assert len(shown.evaluate("self.outbox.all()")) == 1
        shown.once("dialog", lambda asked: asked.accept())
        shown.locator("#unsent button", has_text="删除").click()
        shown.locator("#unsent").wait_for(state="hidden")
        assert shown.evaluate("self.outbox.all()") == []


def test_a_door_that_was_opened_last_is_not_the_place_of_what_is_written_next(browser: Any, service: Running) -> None:
    with page(browser, service, CLERK, 390) as shown:
        _open(shown, service)
        shown.goto(f"{service.address}/whistle?place=130403011-D01-X1-B2")
        _alone(shown, service)
        assert shown.locator("#into-place input[name=place][type=hidden]").count() == 0


def test_a_draft_belongs_to_whoever_began_it(browser: Any, service: Running) -> None:
    with page(browser, service, CLERK) as shown:
        shown.goto(f"{service.address}/whistle")
        shown.fill("#f-body", "广泰小区7号楼路灯不亮")
        _until(shown, "Object.keys(localStorage).some(key => key.startsWith('draft:'))")
        shown.locator("#into-preview .unit-name").first.wait_for()
        kept = shown.evaluate("Object.entries(localStorage)")
        _switch(shown, service, DESK)
        assert shown.evaluate("Object.keys(localStorage)") == [], "it went with its writer"
        shown.evaluate("kept => kept.forEach(([key, value]) => localStorage.setItem(key, value))", kept)
        shown.goto(f"{service.address}/whistle")
        shown.locator("#f-body").wait_for()
        assert shown.locator("#f-body").input_value() == "", "nor is one that stayed shown to anybody else"


def test_what_waits_is_sent_in_its_writers_name_alone(browser: Any, service: Running) -> None:
    with page(browser, service, CLERK) as shown:
        _open(shown, service)
        _alone(shown, service)
        _write(shown, DARK + "，交班前")
        shown.locator(WAITING).wait_for()
        shown.evaluate("navigator.serviceWorker.getRegistrations().then(all => all.map(one => one.unregister()))")
        before = _whistles(service)
        # signed out before the network is back: nothing goes out on the way
        shown.evaluate("void (self.outbox.flush = () => Promise.resolve())")
        shown.context.set_offline(False)
        _switch(shown, service, DESK)
        shown.locator("#unsent", has_text="本人登录后才发").wait_for()
        assert DARK not in shown.locator("#unsent").inner_text(), "others see that it waits, not what it says"
        shown.evaluate("self.outbox.flush()")
        assert _whistles(service) == before
        _switch(shown, service, CLERK)
        shown.locator("#unsent a", has_text="看回执").wait_for()
        assert _whistles(service) == [*before, DARK + "，交班前"]
