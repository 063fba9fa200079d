"""axe on every example page, in both languages, light and dark, wide and on a phone: not one violation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dispatch.web.examples import EXAMPLES
from tests.browser.seeing import violations
from tests.browser.test_design import Site


@pytest.fixture(params=[(1280, "light", "zh"), (390, "dark", "en")], ids=lambda one: f"{one[0]}-{one[1]}-{one[2]}")
def site(request: Any, browser: Any) -> Iterator[Site]:
    width, theme, lang = request.param
    made = Site(browser, viewport={"width": width, "height": 844}, color_scheme=theme, is_mobile=width < 700)
    made.lang = lang
    yield made
    made.context.close()


def test_axe_finds_nothing(site: Site) -> None:
    found: dict[str, list[str]] = {}
    for name in EXAMPLES:
        said = violations(site.open(name))
        if said:
            found[name] = said
    assert found == {}, "\n".join(f"{name} · {one}" for name, said in found.items() for one in said)
