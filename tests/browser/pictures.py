"""The pictures of the README, taken from a running demo: `make pictures` beside a `make run`.

Blows one whistle, signs for it, and photographs what a visitor sees; `.dispatch/demo.json` says where the demo is.
"""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "deploy" / "pictures"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
TEXT = "广泰小区3号楼楼道消防门被锁"
#: bytes of one picture
MOST = 120 * 1024
COLOURS = (256, 128, 64)
WIDE: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 1.5}


def keep(name: str, page: Page, *, full: bool = False) -> None:
    """Write a picture with as many colours as `MOST` allows. Raises `ValueError` where even few are too many."""
    taken = Image.open(io.BytesIO(page.screenshot(full_page=full))).convert("RGB")
    for colours in COLOURS:
        small = io.BytesIO()
        # median cut, the default, loses what is rare: the lamps
        taken.quantize(colours, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
        if small.tell() <= MOST:
            (PICTURES / f"{name}.png").write_bytes(small.getvalue())
            print(f"{name}.png {taken.width} × {taken.height}, {colours} colours, {small.tell() // 1024} KB")
            return
    raise ValueError(f"{name} stays above {MOST} bytes")


def become(page: Page, url: str, card: int) -> None:
    """Take one of the four cards of the landing page."""
    page.goto(url)
    page.locator(".card-verb").nth(card).click()
    page.wait_for_load_state()


def blow(page: Page) -> str:
    """Type, answer, send; returns the whistle's number."""
    page.fill("#f-body", TEXT)
    page.wait_for_selector("#into-preview mark")
    page.check("input[name=danger][value=no]", force=True)
    keep("form", page)
    page.click(".task-bar button[data-step=send]")
    page.wait_for_selector("ol[data-done]")
    page.wait_for_selector(".halves [data-done]")
    keep("receipt", page)
    return page.url.split("/w/")[1].split("/")[0]


def main() -> int:
    url = json.loads((ROOT / ".dispatch" / "demo.json").read_text(encoding="utf-8"))["url"]
    PICTURES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        chinese = {"locale": "zh-CN", "timezone_id": "Asia/Shanghai"}
        page = browser.new_context(**chinese, **WIDE).new_page()
        page.goto(url)
        # the one-minute whistle has reached the community: rungs passed, present and to come are all there
        page.wait_for_selector(".live-ladder li:nth-child(3)[aria-current]", timeout=300_000)
        keep("landing", page)
        become(page, url, 0)
        number = blow(page)
        become(page, url, 1)
        keep("queue", page)
        page.goto(f"{url}/w/{number}")
        keep("whistle", page)
        become(page, url, 3)
        keep("desk", page)
        phone = browser.new_context(**chinese, **PHONE).new_page()
        become(phone, url, 2)
        keep("community-phone", phone)
        become(phone, url, 1)
        phone.goto(f"{url}/w/{number}")
        keep("whistle-phone", phone)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
