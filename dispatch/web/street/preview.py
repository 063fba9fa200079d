"""「现在吹哨，会这样」: the forecast as the page's right side."""

from dataclasses import replace
from datetime import timedelta

from dispatch.domain import clocks as rules
from dispatch.domain.case import Actor
from dispatch.domain.clocks import DISPATCH, HANDLING, REPORTED
from dispatch.domain.reference import Reference, Tree
from dispatch.domain.refusals import Refusal
from dispatch.domain.routing import STREET_DUTY
from dispatch.domain.turn import Turn
from dispatch.domain.units import node_seat
from dispatch.steps.foresee import Forecast, Step, foresee
from dispatch.steps.service import Service
from dispatch.steps.shown import ClockView, PartView
from dispatch.web import say, words
from dispatch.web.api.raising import new_whistle
from dispatch.web.common.paths import head_of
from dispatch.web.common.times import limit_of, moment
from dispatch.web.common.why import why_text
from dispatch.web.i18n import _
from dispatch.web.models.form import AssignmentRow, Preview
from dispatch.web.models.parts import Figure, Notice, Option, Role, Text, spans, strong
from dispatch.web.street.sending import parted
from dispatch.web.street.typed import Typed, whistle_of
from dispatch.web.whistle.danger import told_then


async def forecast_of(service: Service, actor: Actor, reference: Reference, typed: Typed) -> Forecast | None:
    """What would happen now, to the first where problems are parted; None while too little is known for it.

    Its words of danger are those of all that was written. Raises `Unavailable`.
    """

    async def foreseen(one: Typed) -> Forecast:
        return await foresee(service, actor, new_whistle(whistle_of(one), actor, reference, "preview", b"", via="form"))

    if not typed.get("body").strip():
        return None
    first, problems = parted(actor, typed, reference)
    try:
        found = await foreseen(typed)
        return replace(await foreseen(first), danger_words=found.danger_words) if problems else found
    except (Refusal, ValueError):
        return None


def preview_of(found: Forecast, turn: Turn, *, named: str = "", parts: int = 0, danger: bool = False) -> Preview:
    """What the form shows; `named` is what the person wrote on departing from the list; of so many `parts` it is the
    first; `danger`: that was answered.
    """
    reference = turn.reference
    handling, reported = _clock(found, HANDLING), _lead_report(found)
    figures, after = _headline(found, handling)
    lead = _name(found.lead, reference)
    return Preview(
        figures=figures,
        after=after,
        due=_due(found, handling, turn),
        units=tuple(_unit(part, found, turn) for part in found.assignments),
        why=why_text(found.reason, found.rule or found.category, reference, note=named),
        climb=_climb(found, turn),
        outcome=words.outcome(found.outcome),
        short=_("%(unit)s 主办", unit=lead) if lead else words.outcome(found.outcome),
        short_note=_short(found, handling, reported, turn),
        notices=_notices(found, parts, danger, turn),
        why_title=_("为什么是他们") if found.lead else _("为什么是这个去向"),
        text=found.say if found.outcome == "statutory" else "",
        picks=tuple(Option(one.category, f"{one.category} {one.name}") for one in found.runners_up),
    )


def _clock(found: Forecast, stage: str) -> ClockView | None:
    return next((clock for clock in found.clocks if clock.stage == stage), None)


def _lead_report(found: Forecast) -> ClockView | None:
    return next((c for c in found.clocks if c.stage == REPORTED and c.unit == found.lead), None)


def _name(code: str | None, reference: Reference) -> str:
    unit = reference.units.get(code) if code else None
    return unit.name if unit else code or ""


def _headline(found: Forecast, handling: ClockView | None) -> tuple[tuple[Figure, ...], str]:
    if found.outcome == "unmatched":
        return (), _("转区调度台定单位")
    if found.outcome == "statutory":
        return (), _("引导走法定途径")
    if handling is None:
        return (), words.outcome(found.outcome)
    mode: say.Mode = "working" if handling.working else "elapsed"
    day = timedelta(seconds=handling.day_seconds or 86400)
    figures = say.duration(timedelta(seconds=handling.total), mode, day=day)
    return figures, {"answer": _("内答复"), "relay": _("内转办")}.get(found.outcome, _("内办完"))


def _due(found: Forecast, handling: ClockView | None, turn: Turn) -> Text:
    clock = handling or _clock(found, "answering") or _clock(found, DISPATCH)
    if clock is None or clock.due_at is None:
        return ()
    at = strong(moment(clock.due_at, turn.now, weekday_too=True))
    if handling is None:
        return spans(at, _(" 前要有着落"))
    note = _("・紧急件，午休也算") if found.kind == "emergency" else ""
    if not note:
        note = _("・按工作时间计") if clock.working else _("・连续计时，午休也算")
    return spans(at, _(" 到期"), note, _("（暂定）") if clock.provisional else "")


def _unit(part: PartView, found: Forecast, turn: Turn) -> AssignmentRow:
    unit = turn.reference.units.get(part.unit)
    notes: list[str] = []
    if unit is not None and unit.duty:
        notes.append(_("24 小时值守"))
    clock = next((c for c in found.clocks if c.stage == REPORTED and c.unit == part.unit), None)
    if clock is not None and clock.limit:
        limit = limit_of(clock, rules.parse(clock.limit), turn.calendar(clock.calendar))
        said = _("%(limit)s内到场") if part.on_site else _("%(limit)s内签收")
        notes.append(said % {"limit": limit})
    elif part.role == "inform":
        notes.append(_("只让它知道，不用报到"))
    elif found.outcome == "self":
        notes.append(_("街道自己的队伍，不用报到"))
    return AssignmentRow(Role(part.role), unit.name if unit else part.unit, "・".join(notes))


def _climb(found: Forecast, turn: Turn) -> str:
    """Who is asked when nobody acts, first and last."""
    if not found.climb:
        return ""
    first, last = found.climb[0], found.climb[-1]
    told = _("楼栋长、网格长马上知会；") if found.kind == "emergency" and found.place and found.lead else ""
    said = _(
        "到点没人动，%(at)s 先请%(who)s来问", at=moment(first.at, turn.now), who=_asked(first, turn.reference.tree)
    )
    if found.kind == "emergency" and len(found.climb) > 1:
        rest = "".join(
            _("，再过 %(n)s 分钟到%(rung)s", n=round((b.at - a.at).total_seconds() / 60), rung=words.rung(b.rung))
            for a, b in zip(found.climb, found.climb[1:], strict=False)
        )
        return told + said + rest
    if last.rung > first.rung:
        said += _("，再一级一级往上，%(at)s 到区", at=moment(last.at, turn.now))
    return told + said


def _asked(step: Step, tree: Tree) -> str:
    if step.rung == 5:
        return _("区调度中心")
    node = tree.get(step.node) if step.node else None
    return head_of(node, step.position or "") if node else words.rung(step.rung)


def _short(found: Forecast, handling: ClockView | None, reported: ClockView | None, turn: Turn) -> str:
    parts: list[str] = []
    lead = next((part for part in found.assignments if part.role == "lead"), None)
    if reported is not None and reported.limit and lead is not None:
        limit = limit_of(reported, rules.parse(reported.limit), turn.calendar(reported.calendar))
        parts.append((_("%(limit)s到场") if lead.on_site else _("%(limit)s签收")) % {"limit": limit})
    if handling is not None and handling.due_at is not None:
        parts.append(_("%(at)s 到期", at=moment(handling.due_at, turn.now)))
    return "・".join(parts)


def _notices(found: Forecast, parts: int, danger: bool, turn: Turn) -> tuple[Notice, ...]:
    said = [Notice(_("拆成 %(n)s 条，这里说的是第 1 条", n=parts))] if parts else []
    duty = turn.reference.duties.get(found.category) if found.category else None
    if danger and found.kind == "emergency" and (duty is None or duty.kind != "emergency"):
        said.append(Notice(_("答了「有危险」：按紧急件办")))
    if at_once := _told(found, turn):
        said.append(Notice(at_once))
    if found.say and found.outcome != "statutory":
        said.append(Notice(found.say))
    if found.sealed:
        said.append(Notice(_("这条会封存，只有经手人看得见。")))
    return tuple(said)


def _told(found: Forecast, turn: Turn) -> str:
    """Who is told at once of an emergency that the desk has to place."""
    if found.outcome != "unmatched" or found.kind != "emergency":
        return ""
    street = turn.reference.tree.street_of(found.place.code) if found.place else None
    seats = (node_seat(street.code, STREET_DUTY),) if street and not found.sealed else ()
    return told_then(found.inform, seats, turn)
