"""The parts that pages are put together from: text with emphasis, lamp, time left, ruler, ladders,
buttons, notices.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text; `strong` is bold, `mark` a matched word, `href` makes it a link."""

    text: str
    strong: bool = False
    mark: bool = False
    href: str = ""


Text = tuple[Span, ...]


def spans(*parts: str | Span) -> Text:
    """Put a sentence together: `spans("请", strong("报结"), "。")`. Plain strings stay plain; all is
    escaped later.
    """
    return tuple(Span(p) if isinstance(p, str) else p for p in parts)


def strong(text: str) -> Span:
    """A bold run."""
    return Span(text, strong=True)


def mark(text: str) -> Span:
    """A matched word, on the marker's ground."""
    return Span(text, mark=True)


def link(text: str, href: str) -> Span:
    """A link inside a sentence."""
    return Span(text, href=href)


class Lamp(StrEnum):
    """灯: green up to 80 % of the time used, yellow up to 100 %, red when late, hold while nothing runs
    by signature.
    """

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    HOLD = "hold"


class Role(StrEnum):
    """What a unit is on a whistle: 主办, 协办, 知会."""

    LEAD = "lead"
    ASSIST = "assist"
    INFORM = "inform"


class RungState(StrEnum):
    """Where a rung of the large ladder stands: 已过, 现在, 下一级, later."""

    PASSED = "passed"
    PRESENT = "present"
    NEXT = "next"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Figure:
    """A number and its unit, e.g. 3 工时."""

    value: str
    unit: str


@dataclass(frozen=True, slots=True)
class Ticking:
    """What the script needs to let a time tick in place, in seconds and Unix seconds.

    `left` is what was left at `at` (negative: late); it falls only while `counting` and not beyond
    `until`, the end
    of the stretch that counts now. `day` is the length of a working day (0: the time is elapsed time). `whole`:
    the minutes are said beside days, too.
    """

    left: int
    at: int
    total: int
    counting: bool
    until: int | None = None
    day: int = 0
    seconds: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class TimeLeft:
    """Time left or time late: `prefix` 剩 or 已逾期, at most two figures (three beside 已用), `full` for readers,
    `due` the line beneath.
    """

    prefix: str
    figures: tuple[Figure, ...]
    full: str
    due: Text = ()
    tick: Ticking | None = None


@dataclass(frozen=True, slots=True)
class Ruler:
    """时限尺: share used 0..1 (more is shown as full), in the lamp's colour; the two texts stand beneath
    it on pages.
    """

    share: float
    lamp: Lamp
    used: str = ""
    total: str = ""
    tick: Ticking | None = None


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung of the large ladder: `name` 街道, `who` 党工委书记, `at` a time or 现在在这一级, `note`
    what was or will be done.
    """

    name: str
    state: RungState
    at: str = ""
    who: str = ""
    note: str = ""
    informed: bool = False


@dataclass(frozen=True, slots=True)
class Ladder:
    """大梯: rungs from the district down; the last may be the ground (办理中). `fill`: share of the way
    to the next rung.
    """

    rungs: tuple[Rung, ...]
    fill: float = 0.0
    size: str = "page"  # page | roomy | close


@dataclass(frozen=True, slots=True)
class SmallLadder:
    """小梯: `rung` 0 (nothing late) to 5; `word` beside it once anything climbed, kept for readers
    otherwise.
    """

    rung: int
    word: str


@dataclass(frozen=True, slots=True)
class Option:
    """A choice: of a select, a radio group, a list of units."""

    value: str
    label: str
    hint: str = ""
    selected: bool = False
    side: str = ""


@dataclass(frozen=True, slots=True)
class Hidden:
    """A hidden form field."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class ActionButton:
    """Something this person may do now. With `needs_fields` it is a link to the page that asks; else a
    form of one button.
    """

    action: str
    label: str
    url: str
    primary: bool = False
    needs_fields: bool = False
    method: str = "post"
    hidden: tuple[Hidden, ...] = ()
    busy: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """A message on the page itself: `kind` plain | conflict | error | done | offline."""

    title: str
    text: Text = ()
    kind: str = "plain"


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with a field and what to do; `field` is the field's id, which the summary links to."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Field:
    """A form field.

    `kind`: text, textarea, select, radio, checkbox, checkboxes, date, datetime, number, file, place,
    password, position (by script: fields `latitude`, `longitude`).
    `value` is what was typed (kept after an error); of a checkbox "1" or "". `starts` are texts to begin with
    (`hint` is the text); `starts_post`: without JavaScript they are asked for by posting the form, not by a link.
    """

    name: str
    label: str
    kind: str = "text"
    value: str = ""
    hint: str = ""
    options: tuple[Option, ...] = ()
    error: str = ""
    required: bool = False
    rows: int = 4
    autocomplete: str = "off"
    source: str = ""
    starts: tuple[Option, ...] = ()
    starts_post: bool = False
    #: of a file: the one kind that is wanted, as the browser's `accept`; empty: photos
    accept: str = ""
    #: of photos: so many at most
    most: int = 9


@dataclass(frozen=True, slots=True)
class Photo:
    """A tile: who took it and when; without `src` a plain ground stands for it."""

    caption: str
    at: str
    src: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class Empty:
    """Nothing here: one plain sentence, then what will make something appear."""

    title: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class NavItem:
    """A place of the role; `short` is its word in the phone's tab bar (empty: not in the tab bar)."""

    label: str
    href: str
    current: bool = False
    short: str = ""
    count: str = ""
