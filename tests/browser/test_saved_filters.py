"""Keeping a filter in Chromium: above the list it is one press away, wide with the script, narrow without.

Screenshots stay under `.build/screens/` as build output.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.running import Running, keep, page
from tests.factories import CLERK, ZJ

pytestmark = pytest.mark.usefixtures("whistles")


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize(("seat", "path"), [(ZJ, "/queue?role=lead"), (CLERK, "/street?status=open")])
def test_a_filter_is_kept_and_found_again(browser: Any, service: Running, seat: str, path: str, width: int) -> None:
    def look(name: str) -> None:
        keep(shown, f"saved-{name}-{path[1:].split('?')[0]}-{width}")

    with page(browser, service, seat, width, java_script_enabled=width > 700) as shown:
        shown.goto(service.address + path)
        shown.locator("summary").filter(has_text="存成常用筛选").click()
        look("open")
        shown.get_by_role("textbox", name="名字").fill("我先办的这一些")
        shown.get_by_role("button", name="存下").click()
        shown.wait_for_load_state()
        look("kept")
        first = path.partition("?")[0]
        shown.goto(service.address + first)
        shown.get_by_role("link", name="我先办的这一些").click()
        shown.locator("a[aria-current=page]", has_text="我先办的这一些").wait_for()
        assert shown.url == service.address + path
        shown.get_by_role("link", name="改名、删除").click()
        shown.get_by_role("link", name="改名").click()
        look("renaming")
        shown.get_by_role("textbox", name="名字").fill("常看的")
        shown.get_by_role("button", name="改名").click()
        shown.get_by_role("link", name="常看的").wait_for()
        look("own")
        shown.get_by_role("button", name="删掉").click()
        shown.get_by_text("还没有存过常用筛选").wait_for()
