"""axe on every example page, in both languages, light and dark, wide and on a phone, and on pages of a running service
that nobody's day leads to: not one violation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dispatch.clock import new_id
from dispatch.store import dead_letters
from dispatch.store.dead_letters import DeadLetter
from dispatch.web.examples import EXAMPLES
from tests.browser.running import Running, page
from tests.browser.seeing import violations
from tests.browser.test_design import Site
from tests.factories import ADMIN, BUILDING_HEAD, CLERK, DESK, STREET, ZJ, World


@pytest.fixture(params=[(1280, "light", "zh"), (390, "dark", "en")], ids=lambda one: f"{one[0]}-{one[1]}-{one[2]}")
def site(request: Any, browser: Any) -> Iterator[Site]:
    width, theme, lang = request.param
    made = Site(browser, viewport={"width": width, "height": 844}, color_scheme=theme, is_mobile=width < 700)
    made.lang = lang
    yield made
    made.context.close()


def test_what_lies_in_a_closed_fold_is_looked_at(site: Site) -> None:
    page = site.open("whistle")
    fold = page.locator("main details").filter(visible=True).first
    fold.evaluate("(one) => { one.open = false; one.append(new Image()); }")
    assert [one.split(":")[0] for one in violations(page)] == ["image-alt"]


def test_axe_finds_nothing(site: Site) -> None:
    found: dict[str, list[str]] = {}
    for name in EXAMPLES:
        said = violations(site.open(name))
        if said:
            found[name] = said
    assert found == {}, "\n".join(f"{name} · {one}" for name, said in found.items() for one in said)


PAGES: dict[str, tuple[str, ...]] = {
    ADMIN: (
        "/admin?q=130403011",
        f"/admin/people/{CLERK}",
        "/admin/tokens?account=130403011.clerk",
        "/admin/sessions",
        "/admin/import",
        f"/admin/tree?at={STREET}",
        f"/admin/seats/{CLERK}",
        "/admin/units",
        "/admin/units/CG",
        "/admin/calendar",
        "/admin/log",
        f"/leave?person={CLERK}",
        "/rules",
        "/rules/duties",
        "/rules/duties/history",
        "/desk/dead",
        "/desk/dead/{letter}",
    ),
    ZJ: ("/queue", "/queue?select=1", "/queue/load", "/account", "/account/filters", "/account/tokens", "/leave"),
    CLERK: ("/street", "/holds", "/display", "/password", "/account/second-factor", "/w/{number}/slip"),
    BUILDING_HEAD: ("/chain/raise",),
    DESK: ("/desk", "/all"),
    "": ("/", "/sign-in", "/sign-in/code", "/sign-in/link/none"),
}


async def _letter(world: World) -> str:
    """A record that could not be read."""
    async with world.database.transaction() as uow:
        now = await uow.now()
        made = DeadLetter(
            new_id(), "whistles.inbound", 0, 7, now, None, (), b"?", dead_letters.UNDECODABLE, "no JSON"
        )  # fmt: skip
        await dead_letters.insert(uow.connection, [made], now)
    return str(made.id)


@pytest.mark.parametrize("seat", PAGES, ids=lambda seat: seat or "nobody")
def test_axe_finds_nothing_on_pages_that_run(browser: Any, service: Running, whistles: None, seat: str) -> None:
    """Dark and in high contrast, as nobody's day is."""
    letter = service.do(_letter) if seat == ADMIN else ""
    number = service.do(lambda world: world.whistle())["number"]
    found: dict[str, list[str]] = {}
    with page(browser, service, seat or CLERK, 390, known="404", color_scheme="dark", contrast="more") as shown:
        if not seat:
            shown.context.clear_cookies()
        for path in PAGES[seat]:
            answer = shown.goto(service.address + path.format(letter=letter, number=number))
            assert answer.ok or path.endswith("/none"), path
            if said := violations(shown):
                found[path] = said
    assert found == {}, "\n".join(f"{path} · {one}" for path, said in found.items() for one in said)
