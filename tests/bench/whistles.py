"""What is whistled: the demo's own texts at the demo's places, every one another request."""

from __future__ import annotations

from functools import cache
from typing import Any

import yaml

from dispatch.steps.prepare import NewWhistle
from tests.factories import BUILDING, DEMO, STREET

#: a phone number now and then, so that masking has something to do
PHONE = "请回电13812345678。"


@cache
def texts() -> list[dict[str, Any]]:
    """Texts of the demo's seed, without the emergencies (they have a topic of their own)."""
    seed = yaml.safe_load((DEMO / "seed.yaml").read_text())
    return [text for text in seed["texts"] if not text.get("danger")]


def body(i: int) -> dict[str, Any]:
    """The i-th request, as the API takes it: half of them with the category that the clerk chose."""
    text = texts()[i % len(texts())]
    place = "广泰小区3号楼"
    filled = {name: text[name].format(place=place, n=i % 7 + 2) for name in ("title", "body")}
    said = filled["body"] + (PHONE if i % 3 == 0 else "")
    made = {
        "title": filled["title"],
        "body": said,
        "place": BUILDING,
        "reporter": {"name": "甲", "phone": "13800000000"},
    }
    if i % 2 and "category" in text:
        made["category"] = text["category"]
    return made


def new(i: int) -> NewWhistle:
    """The same as a step takes it."""
    made = body(i)
    key = f"bench-{i}"
    return NewWhistle(
        STREET,
        made["body"],
        key,
        key.encode(),
        title=made["title"],
        category=made.get("category"),
        place=made["place"],
        reporter=made["reporter"],
    )


__all__ = ["body", "new", "texts"]
