"""axe on every example page, in both languages, light and dark, wide and on a phone: not one violation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dispatch.web.examples import EXAMPLES
from tests.browser.test_design import Site

axe = pytest.importorskip("axe_playwright_python.base")

#: what WCAG 2.2 AA asks for, and what axe counts as good practice
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}


@pytest.fixture(params=[(1280, "light", "zh"), (390, "dark", "en")], ids=lambda one: f"{one[0]}-{one[1]}-{one[2]}")
def site(request: Any, browser: Any) -> Iterator[Site]:
    width, theme, lang = request.param
    made = Site(
        browser, viewport={"width": width, "height": 844}, color_scheme=theme, is_mobile=width < 700, bypass_csp=True
    )
    made.lang = lang
    made.page.add_init_script(axe.AXE_FILE_PATH.read_text("utf-8"))
    yield made
    made.context.close()


def test_axe_finds_nothing(site: Site) -> None:
    found: dict[str, list[str]] = {}
    for name in EXAMPLES:
        page = site.open(name)
        violations = page.evaluate("(rules) => axe.run(rules).then((done) => done.violations)", RULES)
        said = [f"{one['id']}: {node['target']} {node['html'][:120]}" for one in violations for node in one["nodes"]]
        if said:
            found[name] = said
    assert found == {}, "\n".join(f"{name} · {one}" for name, said in found.items() for one in said)
