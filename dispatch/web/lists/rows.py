"""A row of a list: time first, then what it is, whose part it is and in which state, where on the ladder it stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode
from uuid import UUID

from dispatch.domain import whistle
from dispatch.domain.case import INFORM, ON_HOLD, Actor, Case
from dispatch.domain.turn import ZONE, Turn
from dispatch.steps.lists import Item
from dispatch.steps.service import Service
from dispatch.store import cases
from dispatch.web import states, words
from dispatch.web.common import times
from dispatch.web.i18n import _
from dispatch.web.lists.labels import state_of
from dispatch.web.models.parts import ActionButton, Hidden, Lamp, Role, SmallLadder
from dispatch.web.models.queue import Row, Still

ACTS = "/w/{number}/do/{action}"


@dataclass(frozen=True, slots=True)
class Shown:
    """What the rows of one page are made with: who looks, when, and the whole cases behind the items."""

    actor: Actor
    turn: Turn
    cases: Mapping[UUID, Case]

    def state(self, item: Item) -> str:
        """The label of its state, as who looks means it."""
        case = self.cases.get(item.id)
        return state_of(case, self.turn, self.actor) if case else states.label(item.status)


async def cases_of(service: Service, actor: Actor, turn: Turn, items: Sequence[Item]) -> Shown:
    """Read the cases behind a page of items. Raises `Unavailable`."""
    async with service.database.acquire() as connection:
        found = await cases.many(connection, [one.id for one in items], aside=True)
    return Shown(actor, turn, {case.id: case for case in found})


def queue_row(item: Item, still: Still, turn: Turn) -> Row:
    """A row of a unit's queue as it stands now."""
    if _unmatched(item):
        return Row(still, Lamp.RED)
    return _row(item, still, turn, ruler=_timed(item) or item.status == ON_HOLD)


def list_row(item: Item, still: Still, turn: Turn) -> Row:
    """A row of a street's or the whole district's list as it stands now."""
    return _row(item, still, turn, ruler=_timed(item))


def _row(item: Item, still: Still, turn: Turn, *, ruler: bool) -> Row:
    return Row(
        still,
        _lamp(item),
        times.time_of(item.clock, turn, due=()) if _timed(item) else None,
        times.ruler_of(item.clock, turn, texts=False, tick=False) if ruler else None,
    )


def queue_still(item: Item, shown: Shown, here: str, unit: str) -> Still:
    """What stays of a row of the queue of `unit`; `here` is where its one-tap action comes back to."""
    case = shown.cases.get(item.id)
    return replace(
        _still(item, shown),
        rest=_("马上") if _unmatched(item) else _rest(item, case),
        role=Role(item.role) if item.role and not _unmatched(item) else None,
        owed=_owed(case, unit, shown.turn),
        quick=_quick(item, case, shown, here),
        resolve_url=_resolve(item, case, shown, here),
    )


def list_still(item: Item, shown: Shown) -> Still:
    """What stays of a row of a list: who has it stands where a unit reads its role."""
    return replace(_still(item, shown), units=_("%(unit)s 主办", unit=item.lead_name) if item.lead_name else "")


def _still(item: Item, shown: Shown) -> Still:
    return Still(
        ref=f"{item.id}:{item.version}",
        number=str(item.number),
        title=title_of(item),
        meta=_meta(item),
        url=f"/w/{item.number}",
        state=shown.state(item),
        ladder=ladder_of(item, shown.turn),
        rest=_rest(item, shown.cases.get(item.id)),
        urgent=_("紧急") if item.kind == "emergency" else "",
    )


def _unmatched(item: Item) -> bool:
    """Among what is a unit's to do, though no unit has it: no clock is its own."""
    return item.role == INFORM and item.part_status is not None


def title_of(item: Item) -> str:
    """The title; a sealed one has none in lists."""
    return sealed_title() if item.sealed else item.title


def sealed_title() -> str:
    """What stands in lists in place of a sealed one's title (`readable.SEALED`)."""
    return _("（已封存）打开才看得见")


def ladder_of(item: Item, turn: Turn) -> SmallLadder:
    """The small ladder; lane and grid where the place has them."""
    rung = item.rung or 0
    node = turn.chain(item.place or item.street)[rung - 1] if 0 < rung < 3 else None
    return times.small_ladder(rung, lane=node is not None and node.kind in ("lane", "point", "grid"))


def _timed(item: Item) -> bool:
    return item.clock is not None and item.clock.running


def _lamp(item: Item) -> Lamp | None:
    if item.status == ON_HOLD:
        return Lamp.HOLD
    return times.lamp_of(item.clock) if _timed(item) else None


def _rest(item: Item, case: Case | None) -> str:
    """What stands in place of a time where no clock runs for this list."""
    if _timed(item):
        return ""
    if item.status == ON_HOLD:
        hold = case.clock("hold") if case else None
        if hold is None or hold.due_at is None:
            return _("停着")
        day = hold.due_at.astimezone(ZONE)
        return _("%(day)s复查", day=f"{day.month}/{day.day}")
    return _("钟停着") if item.clock is not None and item.clock.answered_at is None else "—"


def _owed(case: Case | None, unit: str, turn: Turn) -> str:
    """The instruction that the unit has not signed for, since when."""
    owed = case.pending("instruction", unit) if case else None
    return _("批示未签收（%(at)s起）", at=times.moment(owed.asked_at, turn.now, weekday_too=True)) if owed else ""


def _meta(item: Item) -> str:
    parts = [item.street_name, item.category_name or _("未分类")]
    return "・".join(part for part in parts if part)


def _quick(item: Item, case: Case | None, shown: Shown, here: str) -> ActionButton | None:
    """The one tap that is due now: 签收, or 到场报到 where the unit has to come."""
    if case is None:
        return None
    part = case.unit(shown.actor.unit)
    action = "arrive" if part is not None and part.on_site else "report-in"
    waiting = part is not None and (part.status == "assigned" or (part.on_site and not part.started))
    if not waiting or not whistle.possible(case, shown.actor, action, shown.turn):
        return None
    return ActionButton(
        action,
        words.button(action),
        _form(item, action, here) if action == "arrive" else ACTS.format(number=item.number, action=action),
        primary=True,
        needs_fields=action == "arrive",
        hidden=(Hidden("version", str(item.version)), Hidden("next", here)),
        key="r",
    )


def _resolve(item: Item, case: Case | None, shown: Shown, here: str) -> str:
    if case is None or not whistle.possible(case, shown.actor, "resolve", shown.turn):
        return ""
    return _form(item, "resolve", here)


def _form(item: Item, action: str, here: str) -> str:
    """The form of an act, which leads back to the list."""
    return f"{ACTS.format(number=item.number, action=action)}?{urlencode({'next': here})}"
