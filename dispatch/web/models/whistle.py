"""The whistle page, the page that asks for an action's fields, the slip."""

from __future__ import annotations

from dataclasses import dataclass

from dispatch.web.models.form import AssignmentRow
from dispatch.web.models.frame import Frame
from dispatch.web.models.parts import (
    ActionButton,
    Field,
    FieldError,
    Hidden,
    Ladder,
    Lamp,
    NavItem,
    Notice,
    Photo,
    Ruler,
    Text,
    Ticking,
    TimeLeft,
)


@dataclass(frozen=True, slots=True)
class Expectation:
    """「现在要你做的」: lamp, state, time, one sentence, ruler, buttons (primary first); `more` go behind
    更多 on phones.

    With nothing to do `lamp`, `time` and `ruler` may be None and the sentence says who is at it. `barred` is what the
    reader may not do yet, or any more: each reason with the words on the buttons. `asked` is what waits for this
    reader's ruling.
    """

    heading: str
    state: str
    sentence: Text
    lamp: Lamp | None = None
    time: TimeLeft | None = None
    ruler: Ruler | None = None
    actions: tuple[ActionButton, ...] = ()
    more: tuple[ActionButton, ...] = ()
    slip_url: str = ""
    barred: tuple[tuple[str, str], ...] = ()
    asked: tuple[Asked, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that waits: who asks for what, until when and why; with its own buttons where several wait."""

    item: TimelineItem
    actions: tuple[ActionButton, ...] = ()


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of a day, as shares 0..1 of the day's axis; `kind` used | left | out."""

    start: float
    end: float
    kind: str


@dataclass(frozen=True, slots=True)
class AxisTick:
    """A mark on the day's axis: share 0..1 and its hour."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class DayRow:
    """One day (or several days off): what counted, what did not and why."""

    label: str
    bars: tuple[Bar, ...]
    counted: str
    reason: str


@dataclass(frozen=True, slots=True)
class WhyDeadline:
    """「为什么是这个时限」: one row a day, a total that adds up, the policy's words and source. Closed
    but for auditors.
    """

    intro: str
    axis: tuple[AxisTick, ...]
    rows: tuple[DayRow, ...]
    total: str
    total_note: str
    source: str
    open: bool = False
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class TimelineItem:
    """One entry of 经过, newest first: when, who did what, the note under it, photos."""

    at: str
    what: str
    note: Text = ()
    photos: tuple[Photo, ...] = ()


@dataclass(frozen=True, slots=True)
class ClockRow:
    """One clock: stage, its figure, what it does (走着, 已停, 已应答, 不重来). `used`: the figure is what was used."""

    stage: str
    figure: str
    note: str
    tick: Ticking | None = None
    used: bool = False


@dataclass(frozen=True, slots=True)
class Why:
    """「为什么派给你」: the matched words marked, rule, list version; runners-up where there were any."""

    title: str
    text: Text


@dataclass(frozen=True, slots=True)
class Meeting:
    """会商: when, who was called, about what, what was decided; `decisions` link to the children it led to."""

    heading: str
    who: str
    text: str
    minutes: str
    decisions: Text = ()


@dataclass(frozen=True, slots=True)
class WhistlePage:
    """The whistle page. `crumbs` lead back; `meta` is the place and category line; `body` the text as it
    came in; `contact` whom to call back, masked, for those who may, and
    `contact_url` where they are shown whole; `reply` the answer as it stands, `reply_copy` as the hotline takes it.
    """

    frame: Frame
    number: str
    paper_number: str
    title: str
    place: str
    meta: str
    crumbs: tuple[NavItem, ...]
    expectation: Expectation
    ladder_title: str
    ladder: Ladder
    timeline: tuple[TimelineItem, ...]
    who: tuple[AssignmentRow, ...]
    clocks: tuple[ClockRow, ...]
    why: Why | None = None
    deadline: WhyDeadline | None = None
    body: str = ""
    before: tuple[Photo, ...] = ()
    after: tuple[Photo, ...] = ()
    who_empty: str = ""
    related: Text = ()
    sealed: bool = False
    contact: str = ""
    contact_url: str = ""
    meetings: tuple[Meeting, ...] = ()
    reply: str = ""
    reply_copy: str = ""


@dataclass(frozen=True, slots=True)
class ActionPage:
    """An action that needs fields: heading, one sentence on what it does, fields, one primary button.

    `refs` are what a bulk action is about; `chosen` their numbers and titles; `asked` what a decision is about.
    """

    frame: Frame
    heading: str
    intro: Text
    whistle_number: str
    whistle_title: str
    whistle_url: str
    fields: tuple[Field, ...]
    submit: str
    submit_url: str
    hidden: tuple[Hidden, ...] = ()
    errors: tuple[FieldError, ...] = ()
    notice: Notice | None = None
    refs: tuple[str, ...] = ()
    chosen: tuple[tuple[str, str], ...] = ()
    asked: tuple[TimelineItem, ...] = ()


@dataclass(frozen=True, slots=True)
class Qr:
    """A QR code: side in modules (quiet zone included) and one SVG path."""

    size: int
    path: str


@dataclass(frozen=True, slots=True)
class SlipPage:
    """吹哨单 on A4."""

    frame: Frame
    paper_number: str
    spoken: str
    street: str
    at: str
    place: str
    text: str
    category: str
    source: str
    lead: str
    assist: str
    limit: Text
    basis: str
    printed: str
    qr: Qr | None
    back: str
