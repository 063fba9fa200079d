"""My account and administration in Chromium: nothing scrolls sideways, a phone's camera finds the code it needs.

Screenshots stay under `.build/screens/` as build output.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from dispatch.steps import workbook
from dispatch.steps.import_people import COLUMNS
from tests.browser.running import Running, keep, page
from tests.factories import ADMIN, CLERK, STREET


@pytest.mark.parametrize("width", [1280, 360])
def test_account_and_administration_fit_every_width(browser: Any, service: Running, width: int) -> None:
    with page(browser, service, ADMIN, width, java_script_enabled=width > 700) as shown:

        def look(name: str, path: str = "", press: str = "") -> None:
            if path:
                assert shown.goto(service.address + path).status == 200
            if press:
                shown.get_by_role("button", name=re.compile(press)).first.click()
                shown.wait_for_load_state()
            keep(shown, f"{name}-{width}", full_page=True)

        look("account", "/account")
        look("factor-none", "/account/second-factor")
        look("factor-qr", press="开始绑定|换一个密钥重来")
        look("admin-people", "/admin?q=130403011")
        look("admin-person", f"/admin/people/{CLERK}")
        look("admin-link", press="开一个链接")
        link = shown.locator(".once code").inner_text()
        look("admin-token", "/admin/tokens?account=130403011.clerk")
        shown.get_by_label("用途").fill("12345 系统")
        shown.get_by_label("为什么由您代开").fill("对接")
        shown.get_by_label("只读").check()
        look("admin-token-made", press="^开令牌$")
        look("admin-sessions", "/admin/sessions")
        look("admin-import", "/admin/import")
        shown.get_by_label(re.compile("填好的表")).set_input_files(_sheet(width))
        look("admin-import-tried", press="^试算$")
        look("admin-import-done", press="^就这样导入$")
        look("admin-tree", f"/admin/tree?at={STREET}")
        look("admin-seat", f"/admin/seats/{CLERK}")
        look("admin-units", "/admin/units")
        look("admin-unit", "/admin/units/CG")
        look("leave", f"/leave?person={CLERK}")
        look("admin-calendar", "/admin/calendar")
        shown.get_by_label("哪一天", exact=True).fill("2027-03-01")
        shown.get_by_label("原因", exact=True).fill("示例停办")
        look("admin-calendar-ahead", press="看会动多少时限")
        look("account-tokens", "/account/tokens")
        look("admin-log", "/admin/log")
        look("link", link.removeprefix(service.address))
        look("code", "/sign-in/code")


def _sheet(width: int) -> Any:
    """Two people, as a file that somebody chooses."""
    rows = [["A%d", "示例新人", "消防救援大队", "联络员", "", ""], ["B%d", "示例调度丙", "130403", "调度员", "", ""]]
    rows = [[row[0] % width, *row[1:]] for row in rows]
    content = workbook.write("人员", [label for _name, label in COLUMNS], rows)
    return {"name": "people.xlsx", "mimeType": workbook.XLSX, "buffer": content}
