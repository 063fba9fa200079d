"""What an event of the timeline says beside its words: how it was sent, who was asked, until when, how it was rated."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dispatch.domain.clocks import LAST_RUNG
from dispatch.domain.turn import ZONE, Turn
from dispatch.steps.told import Told
from dispatch.steps.view import WhistleView
from dispatch.web import say, words
from dispatch.web.common.paths import head_of
from dispatch.web.common.units import full_name, full_names
from dispatch.web.i18n import N_, _
from dispatch.web.whistle.danger import answered, told_at_once

SATISFIED: Mapping[str, str] = {"satisfied": N_("满意"), "basically": N_("基本满意"), "not": N_("不满意")}


def details(one: Told, view: WhistleView, turn: Turn) -> list[str]:
    """Each by itself, without those that say nothing."""
    return [said for said in (*_facts(one, view, turn), _lapsed(one, turn)) if said]


def _facts(one: Told, view: WhistleView, turn: Turn) -> list[str]:
    data = one.data
    match one.type:
        case "raised":
            return [_source(view), *answered(view, data)]
        case "routed":
            said = (_rule(data, turn), _sent(data, turn), *told_at_once(data, turn))
            return [_("；").join(part for part in said if part)]
        case "rejected":
            reason = str(data.get("reason"))
            return [_("理由：%(reason)s", reason=dict(turn.policy(view.case).rejections).get(reason, reason))]
        case "clock.climbed":
            return [_("；").join(_called(data, view, turn))]
        case "called-back" | "evaluated":
            return [_figures(data)]
        case "resolved" if data.get("absent"):
            return [_("协办没到：%(units)s", units=full_names(data["absent"], turn))]
        case "answered" if data.get("outcome"):
            to = full_name(data["to"], turn) if data["outcome"] == "relay" and data.get("to") else ""
            return [words.outcome(str(data["outcome"])) + (f"（{to}）" if to else "")]
        case "hand-back.asked":
            clause = _("条款 %(clause)s", clause=data["clause"]) if data.get("clause") else ""
            to = _("认为应由%(unit)s办", unit=full_name(data["to"], turn)) if data.get("to") else _("没有写应由谁办")
            return [clause, to]
        case "extension.asked" | "extension.decided" if data.get("until"):
            late = _("，临期才申请") if data.get("late") else ""
            return [_("延到 %(until)s", until=_at(data["until"], turn)) + late]
        case "hold.asked" | "hold.decided" if data.get("review_on"):
            return [_("复查日 %(day)s", day=say.day(datetime.fromisoformat(data["review_on"]), turn.now, ZONE))]
        case "consulted" | "consult.decided" if data.get("units"):
            when = _at(data["at"], turn) if data.get("at") else ""
            return [_("请 %(units)s", units=full_names(data.get("units"), turn)), when]
        case "minuted" if data.get("numbers"):
            return [_("定下子单 %(numbers)s", numbers=_("、").join(map(str, data["numbers"])))]
        case _:
            return []


def _at(moment: str, turn: Turn) -> str:
    return say.moment(datetime.fromisoformat(moment), turn.now, ZONE)


def _lapsed(one: Told, turn: Turn) -> str:
    """What nobody has to answer any more since then."""
    gone = [str(asker).partition(":") for asker in one.data.get("lapsed") or ()]
    said = [_(words.REQUESTS[kind]) + (f"（{full_name(unit, turn)}）" if unit else "") for kind, _colon, unit in gone]
    return _("不用再答复的申请：%(asked)s", asked=_("、").join(said)) if said else ""


def _source(view: WhistleView) -> str:
    source = view.source or {}
    said = str(source.get("channel") or "")
    if source.get("number"):
        said += f" {source['number']}"
    if source.get("callback_required"):
        said += _("，要求回访")
    return _("来源 %(source)s", source=said) if said else ""


def _rule(data: Mapping[str, Any], turn: Turn) -> str:
    rule, version = data.get("rule"), data.get("duty_list_version")
    duty = turn.reference.duties.get(str(rule)) if rule else None
    if duty is None:
        return ""
    return _("清单 %(code)s「%(name)s」，第 %(version)s 版", code=duty.code, name=duty.name, version=version)


def _sent(data: Mapping[str, Any], turn: Turn) -> str:
    lead, assist = data.get("lead"), data.get("assist")
    if not lead:
        return ""
    said = _("主办 %(unit)s", unit=full_name(lead, turn))
    return said + (_("，协办 %(units)s", units=full_names(assist, turn)) if assist else "")


def _called(data: Mapping[str, Any], view: WhistleView, turn: Turn) -> list[str]:
    """Who was asked on the rung, whom of the late unit was called, and the number of a supervision order."""
    said: list[str] = []
    people = turn.reference.people
    node = turn.reference.tree.get(str(data.get("node")))
    seat = people.seats.get(str(data.get("seat")))
    if node is not None and seat is not None:
        said.append(_("请 %(who)s 过问", who=head_of(node, seat.position)))
    if view.sealed and int(data["rung"]) < LAST_RUNG:
        said.append(_("保密，不经属地"))
    if data.get("vacant"):
        said.append(_("下面的岗位空缺"))
    for one in data.get("counterpart") or ():
        called = people.seats.get(str(one.get("seat")))
        if called is not None:
            said.append(_("通知 %(who)s", who=f"{full_name(called.unit, turn)}{called.position}"))
    for code in data.get("unit_vacant") or ():
        empty = people.seats.get(str(code))
        if empty is not None:
            said.append(_("%(who)s空缺", who=f"{full_name(empty.unit, turn)}{empty.position}"))
    if data.get("order"):
        said.append(_("督办单第 %(n)s 号", n=data["order"]))
    return said


def _figures(data: Mapping[str, Any]) -> str:
    if data.get("reached") is False:
        return _("没有联系上")
    marks = (("responded", N_("已响应"), N_("没响应")), ("solved", N_("已解决"), N_("没解决")))
    said = [_(yes if data[key] else no) for key, yes, no in marks if data.get(key) is not None]
    if data.get("satisfied") in SATISFIED:
        said.append(_(SATISFIED[str(data["satisfied"])]))
    return _("、").join(said)


__all__ = ["details"]
