"""Addresses of lists: every filter is a link, every other filter stays, the place in the list is forgotten."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from dispatch.domain.refusals import Invalid
from dispatch.domain.turn import Turn
from dispatch.web.i18n import N_, _
from dispatch.web.models.parts import Hidden, Lamp, NavItem
from dispatch.web.models.queue import Chip, FilterMenu

#: what says where in a list one is; gone as soon as the list is another one
PLACE = ("cursor", "back", "n")
#: what falls due until when: value → words, days after today
DUE: Mapping[str, tuple[str, int]] = {"today": (N_("今天到期"), 0), "week": (N_("七天内到期"), 6)}
#: so many pages can be gone back to
MOST_BACK = 20


@dataclass(frozen=True, slots=True)
class Address:
    """A list's path and its filters."""

    path: str
    asked: Mapping[str, str]

    @staticmethod
    def of(path: str, asked: Iterable[tuple[str, str]], known: Iterable[str]) -> "Address":
        """Of the parameters in the address those that are known, each once, none empty."""
        names = (*known, *PLACE)
        return Address(path, {name: value[:2000] for name, value in asked if name in names and value})

    @staticmethod
    def read(address: str, known: Iterable[str]) -> "Address":
        """From a path with its query, as a form sends it back."""
        parts = urlsplit(address)
        return Address.of(parts.path, parse_qsl(parts.query), known)

    def get(self, name: str) -> str:
        """A filter's value; "" where it is not asked for."""
        return self.asked.get(name, "")

    def to(self, **changes: str) -> str:
        """The address with other filters ("" takes one away), from the first page."""
        kept = {name: value for name, value in self.asked.items() if name not in PLACE}
        return self._write(kept | changes)

    def only(self, **asked: str) -> str:
        """The same list with these filters alone."""
        return self._write(asked)

    @property
    def here(self) -> str:
        """This very page."""
        return self._write(dict(self.asked))

    @property
    def first(self) -> int:
        """The number of the first row on this page, from 1."""
        value = self.get("n")
        return int(value) if value.isdecimal() and len(value) < 7 and int(value) else 1

    def older(self, cursor: str | None, shown: int) -> str:
        """The next page; "" where there is none."""
        if cursor is None:
            return ""
        back = [*self.get("back").split(","), self.get("cursor") or "-"]
        place = {"cursor": cursor, "back": ",".join(one for one in back if one)[-MOST_BACK * 90 :]}
        return self._write({**self.asked, **place, "n": str(self.first + shown)})

    def newer(self, size: int) -> str:
        """The page before; "" on the first."""
        back = [one for one in self.get("back").split(",") if one]
        if not self.get("cursor"):
            return ""
        if not back or back[-1] == "-":
            return self.to()
        place = {"cursor": back[-1], "back": ",".join(back[:-1]), "n": str(max(self.first - size, 1))}
        return self._write({**self.asked, **place})

    def exports(self) -> tuple[NavItem, ...]:
        """This list as files, with every filter, from its first row."""
        kept = {name: value for name, value in self.asked.items() if name not in (*PLACE, "select")}
        path = f"{self.path}/export"
        return tuple(NavItem(kind, f"{path}?{urlencode({**kept, 'as': kind})}") for kind in ("xlsx", "csv"))

    def _write(self, asked: Mapping[str, str]) -> str:
        query = urlencode({name: value for name, value in asked.items() if value})
        return f"{self.path}?{query}" if query else self.path

    def until(self, turn: Turn) -> datetime | None:
        """Until when what is asked for falls due, what is late among it; None: whenever. Raises `Invalid`."""
        value = self.get("due")
        if value and value not in DUE:
            raise Invalid("没有「{value}」这种到期，请从筛选里选", field="due", value=value)
        return turn.end_of_day + timedelta(days=DUE[value][1]) if value else None

    # ── the parts of a page ──────────────────────────────────────────────────────────────────────
    def chip(self, label: str, name: str, value: str, *, lamp: Lamp | None = None, count: str = "") -> Chip:
        """A filter with one value; pressed again it is taken away."""
        current = self.get(name) == value
        return Chip(label, self.to(**{name: "" if current and value else value}), lamp, count, current)

    def menu(self, label: str, name: str, options: Iterable[tuple[str, str]], every: str) -> FilterMenu:
        """A filter that opens; `every` is the word for no filter."""
        return _menu(label, name, self.to(**{name: ""}), self.get(name), tuple(options), every)

    def due_menu(self) -> FilterMenu:
        """到期 as a filter that opens."""
        return self.menu(_("到期"), "due", [(value, _(words)) for value, (words, _days) in DUE.items()], _("全部"))

    def hidden(self, *without: str) -> tuple[Hidden, ...]:
        """The filters as hidden fields of a search form."""
        gone = (*without, *PLACE)
        return tuple(Hidden(name, value) for name, value in self.asked.items() if name not in gone)


@lru_cache(maxsize=2000)
def _menu(
    label: str, name: str, without: str, present: str, options: tuple[tuple[str, str], ...], every: str
) -> FilterMenu:
    """The same in page after page: a menu has as many links as there are categories."""
    links = [NavItem(every, without, not present)]
    value, begun = "", f"{without}{'&' if '?' in without else '?'}{name}="
    for code, words in options:
        links.append(NavItem(words, begun + quote(code), present == code))
        value = words if present == code else value
    return FilterMenu(label[:1].upper() + label[1:], tuple(links), value)
