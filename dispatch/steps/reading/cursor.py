"""Reading one mapping of a file field by field, noting everything wrong instead of stopping at the first."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from typing import Any

from dispatch.domain.deadlines import Limit
from dispatch.steps.reading.marked import FileError, Marked, Path

_REQUIRED: Any = object()
#: so many codes are named where none is near
SOME = 12


class Cursor:
    """A mapping in a file. Every method notes an error and returns a harmless value where the file is wrong.

    `close()` reports the keys that nobody asked for, with the nearest one that was asked for.
    """

    def __init__(self, file: Marked, errors: list[FileError], path: Path = (), value: Any = None) -> None:
        self.file, self.errors, self.path = file, errors, path
        self.value: dict[str, Any] = {}
        self.known: list[str] = []
        self.wide: set[str] = set()  # keys with their value after a full-width colon: one fault, not two
        got = file.data if path == () else value
        if isinstance(got, dict):
            self.value = got
        elif got is not None:
            self.wrong("", got, "这里应是「键: 值」")

    def wrong(self, key: str | int, value: Any, remedy: str, **params: object) -> None:
        """Note an error at a key of this mapping; `params` fill the `{name}`s of the remedy."""
        path = (*self.path, key) if key != "" else self.path
        shown = value if isinstance(value, str) else "" if value is None else type(value).__name__
        field = "/".join(map(str, path)) or "文件"
        said = remedy.format(**params) if params else remedy
        error = FileError(self.file.file, self.file.line(path), field, shown[:60], said, remedy, params)
        self.errors.append(error)

    def line(self, key: str) -> int:
        """The line of a key of this mapping."""
        return self.file.line((*self.path, key))

    def wrong_at(self, path: Path, remedy: str) -> None:
        """Note an error somewhere below this mapping."""
        value: Any = self.value
        for step in path:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                value = None
        full = (*self.path, *path)
        shown = value if isinstance(value, str) else ""
        error = FileError(self.file.file, self.file.line(full), "/".join(map(str, full)), shown[:60], remedy)
        self.errors.append(error)

    def text(
        self,
        key: str,
        default: Any = _REQUIRED,
        *,
        among: Collection[str] | None = None,
        shape: str | None = None,
        called: Mapping[str, str] | None = None,
    ) -> Any:
        """A text; of `among` where given, or of the regular expression `shape`. `called`: its codes by their names."""
        got = self._get(key, default)
        if got is default and default is not _REQUIRED:
            return default
        if not isinstance(got, str) or not got:
            if got is not None:
                self.wrong(key, got, "应是一个文字值")
            return ""
        if among is not None and got not in among:
            self._unknown(key, got, among, called or {})
        elif shape is not None and not re.fullmatch(shape, got):
            self.wrong(key, got, "写法不对，应符合 {shape}", shape=shape)
        return got

    def texts(
        self,
        key: str,
        *,
        least: int = 0,
        among: Collection[str] | None = None,
        called: Mapping[str, str] | None = None,
    ) -> list[str]:
        """A list of texts without repeats; missing = empty."""
        got = self._get(key, [] if least == 0 else _REQUIRED)
        if got is None:
            return []
        if not isinstance(got, list):
            self.wrong(key, got, "应是列表，如 [甲, 乙]")
            return []
        out: list[str] = []
        for item in got:
            if not isinstance(item, str) or not item:
                self.wrong(key, item, "列表里只能是文字")
            elif item in out:
                self.wrong(key, item, "重复了，请删去一个")
            elif among is not None and item not in among:
                self._unknown(key, item, among, called or {})
            else:
                out.append(item)
        if len(out) < least:
            self.wrong(key, "", "至少要有 {least} 个", least=least)
        return out

    def number(self, key: str, default: Any = _REQUIRED, *, low: float = 0, high: float = 1e9) -> float:
        got = self._get(key, default)
        if got is default and default is not _REQUIRED:
            return float(default)
        try:
            value = float(got) if isinstance(got, str) and re.fullmatch(r"-?\d+(\.\d+)?", got) else None
        except ValueError:
            value = None
        if value is None or not low <= value <= high:
            if got is not None:
                self.wrong(key, got, "应是 {low} 到 {high} 之间的数", low=f"{low:g}", high=f"{high:g}")
            return low
        return value

    def whole(self, key: str, default: Any = _REQUIRED, *, low: int = 0, high: int = 10**9) -> int:
        got = self.number(key, default, low=low, high=high)
        if got != int(got):
            self.wrong(key, self.value.get(key), "应是整数")
        return int(got)

    def flag(self, key: str, default: bool = False) -> bool:
        got = self._get(key, default)
        if isinstance(got, bool):
            return got
        if got in ("true", "false"):
            return bool(got == "true")
        self.wrong(key, got, "应是 true 或 false")
        return default

    def limit(self, key: str, default: Any = _REQUIRED) -> Any:
        """A length of time such as 4wh, kept as text; `default` where it is left out."""
        got = self.text(key, default)
        if got and got is not default:
            try:
                Limit.parse(got)
            except ValueError:
                self.wrong(key, got, "应是数加单位：m 分、h 小时、d 天、wh 工时、wd 工作日，如 4wh")
        return got

    def day(self, key: str, default: Any = _REQUIRED) -> Any:
        """A date, kept as text."""
        got = self.text(key, default)
        if got and got is not default:
            try:
                date.fromisoformat(got)
            except ValueError:
                self.wrong(key, got, "应是日期，如 2026-01-01")
        return got

    def each(self, key: str, *, required: bool = False) -> Iterator[Cursor]:
        """The mappings of a list; each is closed after its turn."""
        got = self._get(key, _REQUIRED if required else [])
        if got is not None and not isinstance(got, list):
            self.wrong(key, got, "应是列表，每项以「- 」开头")
            return
        for n, item in enumerate(got or ()):
            one = Cursor(self.file, self.errors, (*self.path, key, n), item)
            yield one
            one.close()

    def inner(self, key: str, *, required: bool = True) -> Cursor:
        """A mapping inside this one (to be closed by the caller)."""
        return Cursor(self.file, self.errors, (*self.path, key), self._get(key, _REQUIRED if required else None))

    def close(self) -> None:
        """Report keys that mean nothing here."""
        for key in self.value:
            if key not in self.known and key not in self.wide and key != "note":
                self._strange(key)

    def _unknown(self, key: str, got: str, among: Collection[str], called: Mapping[str, str]) -> None:
        """A code that there is not: that of the name, the nearest one, else some of those there are."""
        near = [called[got]] if called.get(got) in among else get_close_matches(got, list(among), n=1, cutoff=0.5)
        if near:
            self.wrong(key, got, "是不是 {near}？", near=near[0])
        elif len(among) > SOME:
            self.wrong(key, got, "可用的有：{some} 等", some=_some(among))
        else:
            self.wrong(key, got, "可用的有：{some}", some=_some(among))

    def _strange(self, key: str) -> None:
        near = get_close_matches(key, self.known, n=1, cutoff=0.5)
        if near:
            self.wrong(key, key, "不认识这个键；是不是 {near}？", near=near[0])
        else:
            self.wrong(key, key, "不认识这个键；可用的有：{some}", some=_some(self.known))

    def _get(self, key: str, default: Any) -> Any:
        self.known.append(key)
        if key in self.value and self.value[key] is not None:
            return self.value[key]
        if (wide := next((one for one in self.value if one.startswith(f"{key}：")), None)) is not None:
            if wide not in self.wide:
                self.wrong(wide, "：", "这是全角标点；逗号、冒号、引号、括号请用半角的")
            self.wide.add(wide)
        elif default is _REQUIRED:
            self.wrong(key, "", "缺少这一项，请补上")
        return None if default is _REQUIRED else default


def _some(among: Collection[str]) -> str:
    return "、".join(sorted(among)[:SOME])
