"""清单与规则 in Chromium: faults are named while one types, a fault's line is one press away, nothing scrolls sideways.

Screenshots stay under `.build/screens/` as build output.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.running import Running, keep, page
from tests.factories import ADMIN, DESK

pytestmark = pytest.mark.usefixtures("whistles")
LEAD = "name: 消防通道锁堵, lead: "


@pytest.mark.parametrize("width", [1280, 360])
def test_a_change_is_written_looked_at_proposed_and_approved(browser: Any, service: Running, width: int) -> None:
    old, new = ("XF", "ZJ") if width > 700 else ("ZJ", "XF")
    scripted = width > 700

    def look(shown: Any, name: str) -> None:
        keep(shown, f"{name}-{width}", full_page=True)

    with page(browser, service, DESK, width, java_script_enabled=scripted) as shown:
        shown.goto(service.address + "/rules")
        look(shown, "rules")
        shown.goto(service.address + "/rules/duties")
        look(shown, "rules-edit")
        box = shown.locator("#f-text")
        text = box.input_value().replace(LEAD + old + ", assist: [" + new, LEAD + new + ", assist: [" + old, 1)
        if scripted:
            box.fill(text.replace(LEAD + new, LEAD + "ZZ", 1))
            shown.locator("#into-check .faults a").first.click()
            line = box.evaluate("(box) => box.value.slice(box.selectionStart, box.selectionEnd)")
            assert LEAD + "ZZ" in line
            look(shown, "rules-faults")
        box.fill(text)
        if scripted:
            shown.get_by_text("读得通，改了 1 处").wait_for()
        shown.get_by_role("button", name="看差别和预览").click()
        shown.get_by_text("会派到别处").first.wait_for()
        shown.locator("summary").filter(has_text="逐行对照").click()
        look(shown, "rules-looked")
        shown.get_by_label("为什么要改").fill("消防说楼道门归物业")
        shown.get_by_role("button", name="提交").click()
        look(shown, "rules-proposal")
        address = shown.url
    with page(browser, service, ADMIN, width, java_script_enabled=scripted) as shown:
        shown.goto(address)
        look(shown, "rules-decide")
        shown.get_by_role("button", name="同意，马上生效").click()
        shown.get_by_text("已生效").first.wait_for()
        shown.goto(service.address + "/rules/duties/history")
        look(shown, "rules-history")
        shown.goto(service.address + "/rules/duties/1")
        look(shown, "rules-version")
