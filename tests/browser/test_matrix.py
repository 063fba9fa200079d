"""`make browser` alone: pages of each role at every width, theme and language, with JavaScript and without."""

from __future__ import annotations

import itertools
import os
from typing import Any

import pytest

from tests.browser.running import WIDER, Running, page
from tests.browser.seeing import violations
from tests.factories import (
    ADMIN,
    AUDITOR,
    BUILDING_HEAD,
    CLERK,
    COMMUNITY_HEAD,
    DESK,
    SECRETARY,
    STREET,
    XF,
    ZJ,
)

pytestmark = [
    pytest.mark.usefixtures("whistles"),
    pytest.mark.skipif(os.environ.get("PICTURES") != "all", reason="make browser runs it"),
]
COMPOUND_HEAD, LEADER = f"{BUILDING_HEAD.rsplit('-', 1)[0]}:head", "unit:ZJ:leader"
PAGES: dict[str, tuple[str, ...]] = {
    CLERK: ("/", "/whistle", "/street", "/holds", "/w/{number}", "/w/{number}/receipt", "/w/{number}/do/call"),
    XF: ("/queue", "/w/{number}", "/w/{number}/do/arrive", "/account", "/leave"),
    ZJ: ("/queue?select=1", "/queue/load"),
    LEADER: ("/queue",),
    BUILDING_HEAD: ("/chain", "/chain/raise"),
    COMPOUND_HEAD: ("/chain",),
    COMMUNITY_HEAD: ("/chain",),
    SECRETARY: ("/chain", "/street"),
    DESK: ("/desk", "/all", "/rules", "/rules/duties"),
    ADMIN: ("/admin", f"/admin/tree?at={STREET}", "/admin/units/CG", "/admin/calendar", "/admin/import"),
    AUDITOR: ("/all", "/admin/log"),
}
THEMES: dict[str, dict[str, str]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "contrast": {"color_scheme": "light", "contrast": "more"},
}


WIDTHS, LANGUAGES = (360, 768, 1280), ("zh", "en")


@pytest.mark.parametrize(
    ("width", "theme", "lang", "script"),
    list(itertools.product(WIDTHS, THEMES, LANGUAGES, (True, False))),
)
def test_pages_of_each_role(browser: Any, service: Running, width: int, theme: str, lang: str, script: bool) -> None:
    """Nothing scrolls sideways, nothing is said on the console, axe finds nothing."""
    number = service.do(lambda world: world.whistle())["number"]
    found = []
    for seat, paths in PAGES.items():
        with page(browser, service, seat, width, java_script_enabled=script, **THEMES[theme]) as shown:
            shown.goto(f"{service.address}/language?to={lang}&next=/home")
            for path in paths:
                assert shown.goto(service.address + path.format(number=number)).ok, (seat, path)
                said = violations(shown) if script else []
                wider = shown.evaluate(WIDER)
                if wider > 0 or said:
                    found.append((seat, path, wider, said))
    assert found == []


@pytest.mark.parametrize(("width", "theme", "lang"), list(itertools.product(WIDTHS, THEMES, LANGUAGES)))
def test_the_form_without_a_network(browser: Any, service: Running, width: int, theme: str, lang: str) -> None:
    """It opens, keeps what is written and says so, and sends it once the network is back; as neat as with it."""
    with page(browser, service, CLERK, width, **THEMES[theme]) as shown:
        shown.goto(f"{service.address}/language?to={lang}&next=/whistle")
        shown.evaluate("navigator.serviceWorker.ready.then(() => true)")
        shown.goto(f"{service.address}/whistle")
        shown.context.set_offline(True)
        shown.goto(f"{service.address}/whistle")
        _neat(shown)
        shown.fill("#f-body", f"广泰小区6号楼路灯不亮，{width}{theme}{lang}")
        shown.check("input[name=danger][value=no]")
        shown.locator(".task-bar button[name=step]").click()
        shown.locator("#unsent li").wait_for()
        _neat(shown)
        shown.context.set_offline(False)
        shown.locator("#unsent a[href*=receipt]").wait_for()
        _neat(shown)


def _neat(shown: Any) -> None:
    assert shown.evaluate(WIDER) <= 0
    assert violations(shown) == []
