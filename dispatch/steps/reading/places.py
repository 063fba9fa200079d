"""tree.yaml: what is written, checked; and the whole tree grown from it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from dispatch.domain.tree import LEVELS, Node
from dispatch.steps.reading.cursor import Cursor

SHORT_CODE = r"[A-Z]\d{1,4}"
CODE = rf"{SHORT_CODE}|\d{{6}}|\d{{9}}|\d{{12}}|\d{{15}}|\d[\dA-Z-]{{4,30}}"
GENERAL_GRID, GENERAL_POINT = "公共网格", "公共点位"
MOST_BUILDINGS = 200

Row = tuple[str, str | None, str, str, list[str], int, list[float] | None]
"""code, parent, kind, name, other names, numbered buildings, latitude and longitude"""


def read_places(top: Cursor) -> dict[str, Any]:
    """The document of a tree: its rows, without what is generated; zones by district."""
    rows: list[Row] = []
    zones: dict[str, str] = {}
    title = top.text("title", "")
    seen: dict[str, str] = {}
    for district in top.each("districts", required=True):
        code = _row(district, None, "district", rows, seen)
        zones[code] = district.text("zone", "Asia/Shanghai")
        for street in district.each("streets"):
            kind = _kind(street, "street", "township")
            _street(street, _row(street, code, kind, rows, seen), rows, seen)
    top.close()
    return {"title": title, "rows": rows, "zones": zones}


def _street(street: Cursor, code: str, rows: list[Row], seen: dict[str, str]) -> None:
    for community in street.each("communities"):
        kind = _kind(community, "community", "village")
        inner = _row(community, code, kind, rows, seen)
        for compound in community.each("compounds"):
            _row(compound, inner, "compound", rows, seen)
        for grid in community.each("grids"):
            below = _row(grid, inner, "grid", rows, seen)
            for n, lane in enumerate(grid.texts("lanes"), 1):
                rows.append((f"{below}-P{n}", below, "lane", lane, [], 0, None))


def _kind(cursor: Cursor, usual: str, other: str) -> str:
    return usual if cursor.text("kind", usual, among=(usual, other)) != other else other


def _row(cursor: Cursor, parent: str | None, kind: str, rows: list[Row], seen: dict[str, str]) -> str:
    code = cursor.text("code", shape=CODE)
    if parent is not None and code[:1].isalpha():
        code = f"{parent}-{code}"
    name = cursor.text("name")
    if code in seen:
        cursor.wrong("code", code, f"与「{seen[code]}」的代码相同，请改一个")
    seen[code] = name
    buildings = cursor.whole("buildings", 0, high=MOST_BUILDINGS) if kind == "compound" else 0
    rows.append((code, parent, kind, name, cursor.texts("also"), buildings, _position(cursor)))
    return str(code)


def _position(cursor: Cursor) -> list[float] | None:
    """`at: "latitude, longitude"` in degrees, where the place's position is known."""
    given = cursor.text("at", "")
    if not given:
        return None
    try:
        latitude, longitude = (float(one) for one in given.split(","))
    except ValueError:
        cursor.wrong("at", given, '写成 at: "纬度, 经度"，如 at: "36.62, 114.49"')
        return None
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        cursor.wrong("at", given, "纬度在 -90 到 90 之间，经度在 -180 到 180 之间；纬度写在前面")
    return [latitude, longitude]


def grow(rows: list[Row], initials: dict[str, str]) -> Iterator[Node]:
    """Every node: those written, numbered buildings, and the general grid and point wherever they belong."""
    for code, parent, kind, name, also, buildings, *position in rows:
        level = LEVELS[kind]
        at = (
            tuple(position[0]) if position and position[0] else None
        )  # documents kept before positions have no such cell
        yield Node(code, parent, level, kind, name, False, initials.get(name, ""), tuple(also), at)  # type: ignore[arg-type]
        for number in range(1, buildings + 1):
            called = f"{number}号楼"
            yield Node(f"{code}-B{number}", code, 1, "building", called, False, f"{number}hl")
        if level == 3:
            grid = f"{code}-G0"
            yield Node(grid, code, 2, "grid", GENERAL_GRID, True)
            yield Node(f"{grid}-P0", grid, 1, "point", GENERAL_POINT, True)
        elif level == 2:
            yield Node(f"{code}-P0", code, 1, "point", GENERAL_POINT, True)


def initials_of(rows: list[Row]) -> dict[str, str]:
    """The initials of every name."""
    return {name: initials(name) for name in {row[3] for row in rows}}


@lru_cache(maxsize=4096)
def initials(name: str) -> str:
    """First letters of the pinyin of a name (东门外 -> dmw); other characters stay, in lower case."""
    from pypinyin import Style, lazy_pinyin  # 0.2 s to import

    return "".join(lazy_pinyin(name, style=Style.FIRST_LETTER, errors=str.lower))
