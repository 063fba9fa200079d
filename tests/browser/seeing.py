"""What axe says of a page."""

from __future__ import annotations

from typing import Any

import pytest

#: what WCAG 2.2 AA asks for, and what axe counts as good practice
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
#: closed folds are opened for it, menus one at a time: they lie above the page, and are not there together
RUN = """async (rules) => {
  const found = [];
  const look = async () => found.push(...(await axe.run(rules)).violations);
  const menus = [...document.querySelectorAll('details.menu')];
  const was = [...document.querySelectorAll('details:not(.menu, [open])')];
  was.forEach((one) => { one.open = true; });
  await look();
  for (const one of menus.filter((one) => one.getClientRects().length)) {
    one.open = true;
    found.push(...(await axe.run(one, rules)).violations);
    one.open = false;
  }
  was.forEach((one) => { one.open = false; });
  return found.flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.target} ${node.html.slice(0, 120)}`));
}"""


def violations(shown: Any) -> list[str]:
    """What axe finds on the page as it is, with every fold open; they are closed again afterwards."""
    axe = pytest.importorskip("axe_playwright_python.base")
    if not shown.evaluate("typeof axe === 'object'"):
        shown.evaluate(axe.AXE_FILE_PATH.read_text("utf-8"))
    return list(shown.evaluate(RUN, RULES))
