"""What a list is asked for, and the same in the store's words."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.case import STATUSES
from dispatch.domain.clocks import STAGES
from dispatch.domain.duty import KINDS
from dispatch.domain.reference import Reference
from dispatch.domain.refusals import Invalid
from dispatch.domain.turn import Turn
from dispatch.steps.scope import subtree
from dispatch.store.by_clock import ByClock
from dispatch.store.numbers import is_number
from dispatch.store.search import Filters

LAMPS = ("green", "yellow", "red", "hold")
LONGEST_QUESTION = 60  # characters


@dataclass(frozen=True, slots=True)
class Asked:
    """What a list is asked for, as it came in: codes and words, nothing checked."""

    status: tuple[str, ...] = ()
    unit: str | None = None
    place: str | None = None
    category: str | None = None
    kind: str | None = None
    street: str | None = None
    q: str | None = None
    since: datetime | None = None
    role: str | None = None
    stage: str | None = None
    part: str | None = None
    rework: bool = False
    until: datetime | None = None
    lamp: str | None = None
    changed: datetime | None = None


def filters_of(asked: Asked, reference: Reference) -> Filters:
    """The question in the store's words. Raises `Invalid` for codes that do not exist."""
    for status in asked.status:
        if status not in STATUSES:
            raise Invalid("没有「{value}」这个状态，请看接口文档", field="status", value=status)
    if asked.kind is not None and asked.kind not in KINDS:
        raise Invalid("没有「{value}」这一类，请看接口文档", field="kind", value=asked.kind)
    if asked.category is not None and reference.duties.get(asked.category) is None:
        raise Invalid("没有「{value}」这个类别，请从权责清单里选", field="category", value=asked.category)
    if asked.unit is not None and asked.unit not in reference.units:
        raise Invalid("没有「{value}」这个单位，请从单位名单里选", field="unit", value=asked.unit)
    if asked.stage is not None and asked.stage not in STAGES:
        raise Invalid("没有「{value}」这个环节，请从环节里选", field="stage", value=asked.stage)
    if asked.lamp is not None and asked.lamp not in LAMPS:
        raise Invalid("没有「{value}」这种灯，请从绿、黄、红、停里选", field="lamp", value=asked.lamp)
    for name, place in (("place", asked.place), ("street", asked.street)):
        if place is not None and place not in reference.tree:
            raise Invalid("没有「{value}」这个地点，请从地点列表里选", field=name, value=place)
    question = (asked.q or "").strip()
    if len(question) > LONGEST_QUESTION:
        raise Invalid("要找的词太长，最多 {most} 个字", field="q", value=question, most=LONGEST_QUESTION)
    if not "".join(question.split()).isprintable():
        raise Invalid("要找的词里有看不见的字符，请重新打一遍", field="q", value=ascii(question))
    return Filters(
        status=asked.status,
        unit=asked.unit,
        places=subtree(asked.place, reference) if asked.place else None,
        category=asked.category,
        kind=asked.kind,
        street=asked.street,
        text=question or None,
        number=int(question) if is_number(question) else None,
        since=asked.since,
        rework=asked.rework,
    )


def by_clock(asked: Asked, turn: Turn) -> ByClock | None:
    """What is asked of the clock that a list shows; None: nothing."""
    if asked.stage is None and asked.lamp is None and asked.until is None:
        return None
    return ByClock(turn.now, asked.stage, asked.lamp, asked.until)
