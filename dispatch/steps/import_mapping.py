"""A mapping: which column of a foreign file becomes which field of a whistle. YAML, checked with file and line."""

import re
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dispatch.steps.import_places import Areas, read_areas
from dispatch.steps.reading.cursor import Cursor
from dispatch.steps.reading.marked import BrokenFilesError, FileError, read_marked

FIELDS = (
    "title", "body", "category", "occurred-at", "number", "address", "latitude", "longitude", "danger", "phone", "name",
)  # fmt: skip
_COLUMN = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class Repeats:
    """Two rows of one street within `days` whose texts are alike by `least` (0–1) are proposed as one."""

    days: int
    least: float


@dataclass(frozen=True, slots=True)
class DeriveRule:
    """How a district is made from a register: places, units and what type of service went to whom."""

    name: str
    street: str
    street_name: str
    community: str
    type: str
    unit: str
    prefix: str
    opened: str
    due: str


@dataclass(frozen=True, slots=True)
class ImportMapping:
    """`columns` gives each field a column, or a pattern with columns in braces. `nodes` or `areas` finds the place;
    `otherwise` names the node of a row that none of them finds (None: 地点不明)."""

    name: str
    title: str
    district: str
    format: str
    encoding: str
    key: str
    columns: AnyMapping[str, str]
    date_format: str
    zone: ZoneInfo
    channel: str
    danger_by_words: bool
    nodes: tuple[str, ...] = ()
    otherwise: str | None = None
    areas: Areas | None = None
    repeats: Repeats | None = None
    derive: DeriveRule | None = None
    needed: frozenset[str] = field(default=frozenset())

    @property
    def principal(self) -> str:
        """What the rows' idempotency keys belong to."""
        return f"import:{self.name}"

    def key_of(self, row: str) -> str:
        """The idempotency key of a row."""
        return f"import:{self.name}:{row}"


def columns_of(pattern: str) -> list[str]:
    """The columns that a field takes: those in braces, or the one that it names."""
    return _COLUMN.findall(pattern) or [pattern]


def fill(pattern: str, values: AnyMapping[str, str]) -> str:
    """A field's text from a row."""
    if "{" not in pattern:
        return values.get(pattern, "")
    return _COLUMN.sub(lambda found: values.get(found[1], ""), pattern)


def read_mapping(path: Path) -> ImportMapping:
    """The mapping in a file; its name is the file's. Raises `BrokenFilesError` with every fault and its line."""
    errors: list[FileError] = []
    try:
        marked = read_marked(path.name, path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        known = "、".join(
            sorted(found.stem for found in path.parent.glob("*.yaml") if not found.stem.endswith("-areas"))
        )
        raise BrokenFilesError([FileError(path.name, 1, "文件", path.stem, f"没有这个映射；现有：{known}")]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise BrokenFilesError([FileError(path.name, 1, "文件", str(error)[:60], "读不了；请存为 UTF-8")]) from None
    top = Cursor(marked, errors)
    made = _mapping(top, path)
    top.close()
    if errors:
        raise BrokenFilesError(errors)
    return made


def _mapping(top: Cursor, path: Path) -> ImportMapping:
    shape = top.text("format", among=("xlsx", "csv"))
    encoding = top.text("encoding", "utf-8")
    columns = top.inner("columns")
    taken = {name: columns.text(name) for name in FIELDS if columns.value.get(name)}
    if "body" not in taken:
        columns.wrong("body", "", "缺少正文用哪一列，请补上")
    columns.known.extend(FIELDS)
    columns.close()
    dates = top.inner("dates", required=False)
    date_format, zone = dates.text("format", "%Y-%m-%d %H:%M:%S"), _zone(dates)
    dates.close()
    place = top.inner("place", required=False)
    nodes, file = tuple(place.texts("nodes")), place.text("areas", None)
    otherwise = place.text("otherwise", None)
    areas = read_areas(path.with_name(file)) if file else None
    place.close()
    derive = _derive(top.inner("derive", required=False)) if "derive" in top.value else None
    top.known.append("derive")
    key = top.text("key")
    needed = {key, *nodes, *(areas.read if areas else ())}
    for pattern in taken.values():
        needed.update(columns_of(pattern))
    return ImportMapping(
        path.stem,
        top.text("title", path.stem),
        top.text("district"),
        shape,
        encoding,
        key,
        taken,
        date_format,
        zone,
        top.text("channel"),
        top.flag("danger-by-words"),
        nodes,
        otherwise,
        areas,
        _repeats(top),
        derive,
        frozenset(needed),
    )


def _zone(dates: Cursor) -> ZoneInfo:
    name: Any = dates.text("zone", "Asia/Shanghai")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        dates.wrong("zone", name, "没有这个时区，写如 Asia/Shanghai")
        return ZoneInfo("UTC")


def _repeats(top: Cursor) -> Repeats | None:
    if "repeats" not in top.value:
        return None
    one = top.inner("repeats")
    made = Repeats(one.whole("days", low=1, high=3650), one.number("least", low=0, high=1))
    one.close()
    return made


def _derive(one: Cursor) -> DeriveRule:
    street = one.inner("street")
    made = DeriveRule(
        one.text("name"),
        street.text("column"),
        street.text("name", "{value}"),
        one.text("community"),
        one.text("type"),
        one.text("unit"),
        one.text("unit-prefix", "", shape="[A-Z]{0,2}"),
        one.text("opened"),
        one.text("due"),
    )
    street.close()
    one.close()
    return made
