"""The table as a picture: one bar for each ratio, a mark where it must hold. Plain SVG, nothing to install."""

from __future__ import annotations

from html import escape
from typing import Any

WIDTH, LABEL, BAR, STEP, TOP = 960, 330, 420, 34, 56
SCALE = 3.0


def svg(kept: dict[str, Any]) -> str:
    """The picture's source."""
    rows = kept["rows"]
    height = TOP + STEP * len(rows) + 48
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}"',
        ' font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="16" y="26" font-size="16">Ours against the bare loop, {escape(kept["at"])}</text>',
        '<text x="16" y="44" fill="#666">bar: median ratio; line: lowest to highest round; mark: must hold</text>',
    ]
    for i, row in enumerate(rows):
        parts.extend(_row(row, TOP + STEP * i))
    said = ", ".join(f"{name} {value}" for name, value in kept["on"].items())
    parts.append(f'<text x="16" y="{height - 16}" fill="#666" font-size="10">{escape(said[:200])}</text></svg>')
    return "\n".join(parts)


def _row(row: dict[str, Any], y: int) -> list[str]:
    def x(ratio: float) -> float:
        return LABEL + min(ratio, SCALE) / SCALE * BAR

    colour = {True: "#2e7d32", False: "#c62828", None: "#78909c"}[row["holds"]]
    middle = y + STEP / 2
    sign = "≥" if row["sense"] == "more" else "≤"
    held = f" ({sign} {row['hold']})" if row["hold"] is not None else ""
    low, high, width = x(row["ratio_low"]), x(row["ratio_high"]), x(row["ratio"]) - LABEL
    parts = [
        f'<text x="16" y="{middle + 4}">{escape(row["name"])}</text>',
        f'<rect x="{LABEL}" y="{y + 8}" width="{width:.1f}" height="{STEP - 16}" fill="{colour}" opacity=".75"/>',
        f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{middle}" y2="{middle}" stroke="#212121"/>',
        f'<text x="{LABEL + BAR + 16}" y="{middle + 4}">× {row["ratio"]:.2f}{held}</text>',
    ]
    if row["hold"] is not None:
        at = x(row["hold"])
        parts.append(
            f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{y + 3}" y2="{y + STEP - 3}" stroke="#c62828" stroke-width="2"/>'
        )
    return parts
