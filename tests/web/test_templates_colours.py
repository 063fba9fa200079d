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


VALUE = re.compile(r"--([\w-]+):\s*(#[0-9a-f]{6}|var\(--[\w-]+\))")


def blocks() -> list[tuple[str, dict[str, str]]]:
    return [(name.strip(), dict(COLOUR.findall(body))) for name, body in BLOCK.findall(SHEET)]


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def palette(theme: str, contrast: str = "auto") -> dict[str, str]:
    found = blocks()
    made = dict(next(values for name, values in found if name == ":root"))
    if theme == "dark":
        made |= dict(next(v for n, v in found if 'theme="dark"' in n))
    if contrast == "more":
        made |= more(next(body for name, body in BLOCK.findall(SHEET) if 'contrast="more"' in name), made)
    return made


def more(block: str, under: dict[str, str]) -> dict[str, str]:
    """A block whose values may be other tokens."""
    return {name: under.get(value[6:-1], value) for name, value in VALUE.findall(block)}


@pytest.mark.parametrize(
    ("theme", "more_of_it", "least"),
    [("light", "auto", 4.5), ("dark", "auto", 4.5), ("light", "more", 7), ("dark", "more", 7)],
)
def test_text_and_shapes_stand_out(theme: str, more_of_it: str, least: float) -> None:
    colours = palette(theme, more_of_it)
    weak = [(a, b, contrast(colours[a], colours[b])) for a, b in TEXT_ON if contrast(colours[a], colours[b]) < least]
    weak += [(a, b, contrast(colours[a], colours[b])) for a, b in SHAPES_ON if contrast(colours[a], colours[b]) < 3]
    assert weak == []


def test_both_dark_blocks_are_the_same() -> None:
    found = blocks()
    by_attribute = next(values for name, values in found if 'theme="dark"' in name)
    by_system = next(values for name, values in found if 'theme="auto"' in name)
    assert by_attribute == by_system
    assert len(by_attribute) > 20


def test_both_blocks_of_high_contrast_are_the_same() -> None:
    found = {name.strip(): dict(VALUE.findall(body)) for name, body in BLOCK.findall(SHEET)}
    (by_attribute,) = (values for name, values in found.items() if 'contrast="more"' in name)
    (by_system,) = (values for name, values in found.items() if 'contrast="auto"' in name)
    assert by_attribute == by_system
    assert len(by_attribute) > 10
