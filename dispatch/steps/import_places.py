"""Areas that texts name, as streets: a declared table and the five steps that its head explains."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dispatch.steps.reading.cursor import Cursor
from dispatch.steps.reading.marked import BrokenFilesError, FileError, read_marked


@dataclass(frozen=True, slots=True)
class Area:
    """A token and the street it stands for; `within` is the larger area whose naming takes the street from it."""

    token: str
    street: str
    within: str | None


@dataclass(frozen=True, slots=True)
class Areas:
    """The whole table. `read`: the columns, first the title's, then the body's."""

    district: str
    read: tuple[str, ...]
    cut: re.Pattern[str] | None
    token: re.Pattern[str]
    by_token: dict[str, Area]

    def street(self, texts: Sequence[str]) -> str | None:
        """The street that these texts (title first) name; None: 地点不明.

        In the title the first token decides; in what follows exactly one street must be left.
        """
        for n, text in enumerate(texts):
            found = self._named(text)
            if found and n == 0:
                return found[0].street
            streets = {area.street for area in found}
            if streets:
                return streets.pop() if len(streets) == 1 else None
        return None

    def _named(self, text: str) -> list[Area]:
        """Areas named, in order; a larger one is dropped where its own part is named as well."""
        cleaned = self.cut.sub(" ", text) if self.cut else text
        found = [self.by_token[one[0]] for one in self.token.finditer(cleaned)]
        larger = {area.within for area in found if area.within}
        return [area for area in found if area.token not in larger]


def read_areas(path: Path) -> Areas:
    """The table in a file. Raises `BrokenFilesError`."""
    errors: list[FileError] = []
    try:
        marked = read_marked(path.name, path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise BrokenFilesError([FileError(path.name, 1, "文件", str(error)[:60], "读不了这个地名表")]) from None
    top = Cursor(marked, errors)
    top.text("version", "1")
    top.flag("example")
    district, read, cut = top.text("district"), tuple(top.texts("read", least=1)), top.texts("cut")
    by_token: dict[str, Area] = {}
    for one in top.each("areas", required=True):
        area = Area(one.text("token"), one.text("street"), one.text("within", None))
        if area.token in by_token:
            one.wrong("token", area.token, "这个地名写了两次，请删去一个")
        by_token[area.token] = area
    top.close()
    for pattern in cut:
        try:
            re.compile(pattern)
        except re.error as error:
            top.wrong("cut", pattern, f"正则写法不对：{error}")
    if errors:
        raise BrokenFilesError(errors)
    # longest first, so that a name is not cut short; a Latin letter or digit before a Latin token is another name
    tokens = sorted(by_token, key=lambda token: (-len(token), token))
    return Areas(
        district,
        read,
        re.compile("|".join(f"(?:{pattern})" for pattern in cut)) if cut else None,
        re.compile("|".join(_pattern(token) for token in tokens)),
        by_token,
    )


def _pattern(token: str) -> str:
    latin = token[0].isascii() and token[0].isalpha()
    return f"{'(?<![A-Za-z0-9])' if latin else ''}{re.escape(token)}"
