"""The tokens: text reaches AA on every ground it stands on, borders of controls 3:1, both dark blocks agree."""

from __future__ import annotations

import re

import pytest

from dispatch.web.render import STATIC

SHEET = (STATIC / "tokens.css").read_text("utf-8")
BLOCK = re.compile(r"(:root[^{]*)\{([^}]*)\}")
COLOUR = re.compile(r"--([\w-]+):\s*(#[0-9a-f]{6})")
TEXT_ON = [
    *((text, ground) for text in ("ink", "ink-2", "ink-3", "accent") for ground in ("surface", "paper")),
    ("ink", "sunk"),
    ("ink-2", "sunk"),
    ("ink", "soft"),
    ("ink-2", "soft"),
    ("accent", "soft"),
    ("ink", "mark"),
    ("on-accent", "accent"),
    ("on-bar", "bar"),
    ("green", "green-ground"),
    ("yellow", "yellow-ground"),
    ("red", "red-ground"),
    ("green", "surface"),
    ("yellow", "surface"),
    ("red", "surface"),
]
SHAPES_ON = [(s, "surface") for s in ("edge", "green-shape", "yellow-shape", "red-shape", "accent")]


def blocks() -> list[tuple[str, dict[str, str]]]:
    return [(name.strip(), dict(COLOUR.findall(body))) for name, body in BLOCK.findall(SHEET)]


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def palette(theme: str) -> dict[str, str]:
    found = blocks()
    light = next(values for name, values in found if name == ":root")
    return light if theme == "light" else light | dict(next(v for n, v in found if 'theme="dark"' in n))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_and_shapes_stand_out(theme: str) -> None:
    colours = palette(theme)
    weak = [(a, b, contrast(colours[a], colours[b])) for a, b in TEXT_ON if contrast(colours[a], colours[b]) < 4.5]
    weak += [(a, b, contrast(colours[a], colours[b])) for a, b in SHAPES_ON if contrast(colours[a], colours[b]) < 3]
    assert weak == []


def test_both_dark_blocks_are_the_same() -> None:
    found = blocks()
    by_attribute = next(values for name, values in found if 'theme="dark"' in name)
    by_system = next(values for name, values in found if 'theme="auto"' in name)
    assert by_attribute == by_system
    assert len(by_attribute) > 20
