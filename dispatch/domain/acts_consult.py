"""会商: units called to one table. A unit asks for it, the street or the district convenes; minutes are kept.

Those invited see the whistle while its generation lasts, whether they work on it or not. What is decided to be done
besides becomes whistles of their own (子单), written by the step in the same transaction.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dispatch.domain.acts_street import unit_code
from dispatch.domain.asking import ask, decide, need, own, waiting
from dispatch.domain.case import ASKED_TABLE, CONSULTATION, Actor, Case, Request
from dispatch.domain.involved import secretary_seat
from dispatch.domain.refusals import Invalid, NotNow
from dispatch.domain.turn import Turn
from dispatch.domain.units import unit_seat

Fields = Mapping[str, Any]


def _units(case: Case, fields: Fields, turn: Turn) -> list[str]:
    given = fields.get("units")
    if not isinstance(given, list | tuple) or not given:
        raise Invalid("写上请哪些单位来会商", field="units", value=given)
    return list(dict.fromkeys(unit_code(case, turn, code, "units") for code in given))


def can_consult(case: Case, actor: Actor, fields: Fields, turn: Turn) -> None:
    """The units invited exist; a unit that asks has a part here."""
    if actor.unit is not None:
        own(case, actor)
    _units(case, fields, turn)


def consult(case: Case, actor: Actor, fields: Fields, turn: Turn) -> str | None:
    """A unit asks for it (the street decides); street or district convene, which also grants what was asked."""
    units, at = _units(case, fields, turn), fields.get("at")
    text = turn.text(case, "consultation", str(fields["text"])) if fields.get("text") else None
    data = {"units": units, "at": at.isoformat() if at else None, "text": text, "node": actor.node}
    if actor.unit is not None:
        made = ask(case, actor, turn, ASKED_TABLE, data, unit=actor.unit)
        event = turn.event(case, "consulted", request=str(made.id), asked=True, unit=actor.unit, **data)
        turn.tell(case, event, secretary_seat(case), "consult-asked")
        return None
    for request in [one for one in case.requests if one.kind == ASKED_TABLE and one.status == "pending"]:
        decide(case, actor, turn, request, "granted")
    _convene(case, actor, data, turn, "consulted")
    return None


def _convene(case: Case, actor: Actor, data: dict[str, Any], turn: Turn, fact: str, **more: object) -> None:
    made = Request(turn.new_id(), case.gen, CONSULTATION, None, "granted", actor.person, turn.now, data=data)
    made.decided_by, made.decided_at = actor.person, turn.now
    case.touch_request(made)
    event = turn.event(case, fact, request=str(made.id), **data, **more)
    for unit in data["units"]:
        turn.tell(case, event, unit_seat(unit, "liaison"), "consulted")


def can_decide_consult(case: Case, _actor: Actor, fields: Fields, _turn: Turn) -> None:
    """A unit has asked for one; with a yes or no."""
    if waiting(case, ASKED_TABLE, fields) is None:
        raise NotNow("没有单位请求会商")
    if not isinstance(fields.get("granted"), bool):
        raise Invalid("请选同意还是不同意", field="granted", value=fields.get("granted"))


def decide_consult(case: Case, actor: Actor, fields: Fields, turn: Turn) -> str | None:
    """Granted: it is convened with the units asked for, at the moment given (else the one asked for)."""
    request = waiting(case, ASKED_TABLE, fields)
    assert request is not None
    assert request.unit is not None
    granted = bool(fields["granted"])
    decide(case, actor, turn, request, "granted" if granted else "refused")
    reason = turn.text(case, "reason", str(fields["reason"])) if fields.get("reason") else None
    if granted:
        at = fields.get("at")
        data = {**request.data, "node": actor.node} | ({"at": at.isoformat()} if isinstance(at, datetime) else {})
        data["units"] = list(dict.fromkeys([request.unit, *data["units"]]))
        _convene(case, actor, data, turn, "consult.decided", unit=request.unit, granted=True, reason=reason)
        return None
    event = turn.event(case, "consult.decided", unit=request.unit, granted=False, reason=reason)
    turn.tell(case, event, unit_seat(request.unit, "liaison"), "decided")
    return None


def has_consultation(case: Case, _actor: Actor, _fields: Fields, _turn: Turn) -> None:
    """Units were called to one table."""
    if _latest(case) is None:
        raise NotNow("还没有会商过，先发起会商")


def _latest(case: Case) -> Request | None:
    return next(reversed([one for one in case.requests if one.kind == CONSULTATION and one.gen == case.gen]), None)


def minutes(case: Case, actor: Actor, fields: Fields, turn: Turn) -> str | None:
    """What was said and decided; the children that the decisions became."""
    text = turn.text(case, "minutes", need(fields, "text", "写上会商纪要"))
    held = _latest(case)
    assert held is not None
    children, numbers = list(fields.get("children") or ()), list(fields.get("numbers") or ())
    held.data = {**held.data, "minutes": text, "children": [*held.data.get("children", ()), *numbers]}
    case.touch_request(held)
    event = turn.event(
        case,
        "minuted",
        node=actor.node,
        text=text,
        consultation=str(held.id),
        children=children or None,
        numbers=numbers or None,
    )
    for unit in held.data["units"]:
        turn.tell(case, event, unit_seat(unit, "liaison"), "minuted")
    return None
