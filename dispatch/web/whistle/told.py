"""经过: each event of the log as a sentence, newest first, with the words that were said and the photos."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from dispatch.domain.clocks import LAST_RUNG
from dispatch.domain.turn import ZONE, Turn
from dispatch.steps.told import Told
from dispatch.steps.view import WhistleView
from dispatch.web import say, words
from dispatch.web.common.paths import head_of
from dispatch.web.i18n import N_, _
from dispatch.web.models.parts import Photo, Text, spans
from dispatch.web.models.whistle import TimelineItem

#: event → what somebody did, in the words on the buttons
_DID: Mapping[str, str] = {
    "raised": "raise",
    "reported-in": "report-in",
    "arrived": "arrive",
    "left": "leave",
    "noted": "note",
    "resolved": "resolve",
    "hand-back.asked": "hand-back",
    "extension.asked": "request-extension",
    "hold.asked": "request-hold",
    "hold.ended": "resume",
    "explained": "explain",
    "instruction.signed": "sign-instruction",
    "objected": "object",
    "kept": "keep",
    "verified": "verify-yes",
    "answered": "feedback",
    "called-back": "callback",
    "closed": "close",
    "cancelled": "cancel",
    "cancel.asked": "request-cancel",
    "transfer.declined": "decline-transfer",
    "transfer.accepted": "accept-transfer",
    "urged": "urge",
    "instructed": "instruct",
    "taken-over": "take-over",
    "sent-down": "send-down",
    "sent-up": "send-up",
    "consulted": "consult",
    "minuted": "minutes",
    "merged": "merge",
}
_DECIDED: Mapping[str, str] = {
    "extension.decided": "decide-extension",
    "hold.decided": "decide-hold",
    "cancel.decided": "decide-cancel",
    "objection.decided": "decide-objection",
    "review.decided": "decide-review",
    "consult.decided": "decide-consult",
}
_ASKED: Mapping[str, str] = {
    "extension.decided": N_("延期"),
    "hold.decided": N_("挂账"),
    "cancel.decided": N_("撤哨"),
    "review.decided": N_("（区复核）"),
    "consult.decided": N_("会商"),
}
SATISFIED: Mapping[str, str] = {"satisfied": N_("满意"), "basically": N_("基本满意"), "not": N_("不满意")}


def timeline(view: WhistleView, turn: Turn) -> tuple[TimelineItem, ...]:
    """The whole log, newest first; what was archived is said, not passed over."""
    teller = Teller(view, turn)
    told = _("这个月的经过已经归档，不在这里显示"), spans(_("办理结果没有变。要看，请管理员把归档放回来。"))
    gone = tuple(TimelineItem(month, *told) for month in reversed(view.archived))
    return (*(teller.item(one) for one in reversed(view.timeline)), *gone)


class Teller:
    """Puts events into words; `turn` gives the names."""

    def __init__(self, view: WhistleView, turn: Turn) -> None:
        self.view, self.turn = view, turn
        self.units, self.tree = turn.reference.units, turn.reference.tree

    def item(self, one: Told) -> TimelineItem:
        """One entry."""
        who, did = self.who(one), self.did(one)
        return TimelineItem(self._at(one.at), f"{who} {did}".strip(), self._note(one), self._photos(one))

    def who(self, one: Told) -> str:
        """消防救援大队 · 东柳街道 · 广泰社区社区书记; the service itself has no name."""
        if one.by is None:
            return ""
        if one.by.get("unit"):
            return self.unit(one.by["unit"])
        node = self.tree.get(one.by["node"]) if one.by.get("node") else None
        if node is None:
            return str(one.by.get("position") or "")
        if node.level == 4 and str(one.by.get("seat", "")).endswith(":clerk"):
            return node.name
        position = str(one.by.get("position") or "")
        return position if node.level == 5 else head_of(node, position)

    def unit(self, code: object) -> str:
        """A unit's name."""
        found = self.units.get(str(code))
        return found.name if found else str(code)

    def names(self, codes: object) -> str:
        """Units' names, one after the other."""
        return _("、").join(self.unit(code) for code in codes) if isinstance(codes, list | tuple) else ""

    def did(self, one: Told) -> str:
        """What happened."""
        special: Callable[[Mapping[str, Any]], str] | None = _SPECIAL(self).get(one.type)
        if special is not None:
            return special(one.data)
        if one.type in _DECIDED:
            yes = "yes" if one.data.get("granted") else "no"
            asked = _ASKED.get(one.type)
            return f"{words.button(_DECIDED[one.type], yes)}{_(asked) if asked else ''}"
        return words.button(_DID[one.type]) if one.type in _DID else one.type

    def _at(self, at: datetime) -> str:
        return say.moment(at, self.turn.now, ZONE)

    def _note(self, one: Told) -> Text:
        parts: list[str] = [fact for fact in (*self._facts(one), self._lapsed(one)) if fact]
        for member in ("reply", "text", "note", "reason"):
            said = one.data.get(member)
            if isinstance(said, str) and said and not (member == "reason" and one.type in ("routed", "rejected")):
                parts.append(_("「%(words)s」", words=said))
            elif member in one.data and said is None and one.type not in ("routed",):
                parts.append(_("（文字已按规定清除）"))
        return spans(*parts[:1], *(f"  {one}" for one in parts[1:])) if parts else ()

    def _facts(self, one: Told) -> list[str]:
        """What an event says beside its words."""
        data = one.data
        match one.type:
            case "raised":
                return [self._source()]
            case "routed":
                return [_("；").join(part for part in (self._rule(data), self._sent(data)) if part)]
            case "rejected":
                listed = dict(self.turn.policy(self.view.case).rejections)
                reason = str(data.get("reason"))
                return [_("理由：%(reason)s", reason=listed.get(reason, reason))]
            case "clock.climbed":
                return self._called(data)
            case "called-back" | "evaluated":
                return [self._figures(data)]
            case "resolved" if data.get("absent"):
                return [_("协办没到：%(units)s", units=self.names(data["absent"]))]
            case "answered" if data.get("outcome"):
                to = self.unit(data["to"]) if data["outcome"] == "relay" and data.get("to") else ""
                return [words.outcome(str(data["outcome"])) + (f"（{to}）" if to else "")]
            case "hand-back.asked":
                clause = _("条款 %(clause)s", clause=data["clause"]) if data.get("clause") else ""
                to = _("认为应由%(unit)s办", unit=self.unit(data["to"])) if data.get("to") else _("没有写应由谁办")
                return [clause, to]
            case "extension.asked" | "extension.decided" if data.get("until"):
                until = self._at(datetime.fromisoformat(data["until"]))
                late = _("，临期才申请") if data.get("late") else ""
                return [_("延到 %(until)s", until=until) + late]
            case "hold.asked" | "hold.decided" if data.get("review_on"):
                return [_("复查日 %(day)s", day=self._at(datetime.fromisoformat(data["review_on"])))]
            case "consulted" | "consult.decided" if data.get("units"):
                at = data.get("at")
                when = self._at(datetime.fromisoformat(at)) if at else ""
                return [_("请 %(units)s", units=self.names(data.get("units"))), when]
            case "minuted" if data.get("numbers"):
                return [_("定下子单 %(numbers)s", numbers=_("、").join(map(str, data["numbers"])))]
            case _:
                return []

    def _lapsed(self, one: Told) -> str:
        """What nobody has to answer any more since then."""
        gone = [str(asker).partition(":") for asker in one.data.get("lapsed") or ()]
        said = [_(words.REQUESTS[kind]) + (f"（{self.unit(unit)}）" if unit else "") for kind, _colon, unit in gone]
        return _("不用再答复的申请：%(asked)s", asked=_("、").join(said)) if said else ""

    def _source(self) -> str:
        source = self.view.source or {}
        said = str(source.get("channel") or "")
        if source.get("number"):
            said += f" {source['number']}"
        if source.get("callback_required"):
            said += _("，要求回访")
        return _("来源 %(source)s", source=said) if said else ""

    def _rule(self, data: Mapping[str, Any]) -> str:
        rule, version = data.get("rule"), data.get("duty_list_version")
        duty = self.turn.reference.duties.get(str(rule)) if rule else None
        if duty is None:
            return ""
        return _("清单 %(code)s「%(name)s」，第 %(version)s 版", code=duty.code, name=duty.name, version=version)

    def _sent(self, data: Mapping[str, Any]) -> str:
        lead, assist = data.get("lead"), data.get("assist")
        if not lead:
            return ""
        said = _("主办 %(unit)s", unit=self.unit(lead))
        return said + (_("，协办 %(units)s", units=self.names(assist)) if assist else "")

    def _called(self, data: Mapping[str, Any]) -> list[str]:
        """Who was asked on the rung, whom of the late unit was called, and the number of a supervision order."""
        said: list[str] = []
        people = self.turn.reference.people
        node = self.tree.get(str(data.get("node")))
        seat = people.seats.get(str(data.get("seat")))
        if node is not None and seat is not None:
            said.append(_("请 %(who)s 过问", who=head_of(node, seat.position)))
        if self.view.sealed and int(data["rung"]) < LAST_RUNG:
            said.append(_("保密，不经属地"))
        if data.get("vacant"):
            said.append(_("下面的岗位空缺"))
        for one in data.get("counterpart") or ():
            called = people.seats.get(str(one.get("seat")))
            if called is not None:
                said.append(_("通知 %(who)s", who=f"{self.unit(called.unit)}{called.position}"))
        for seat in data.get("unit_vacant") or ():
            empty = people.seats.get(str(seat))
            if empty is not None:
                said.append(_("%(who)s空缺", who=f"{self.unit(empty.unit)}{empty.position}"))
        if data.get("order"):
            said.append(_("督办单第 %(n)s 号", n=data["order"]))
        return [_("；").join(said)] if said else []

    def _figures(self, data: Mapping[str, Any]) -> str:
        if data.get("reached") is False:
            return _("没有联系上")
        said = [
            words_of
            for key, yes, no in (
                ("responded", N_("已响应"), N_("没响应")),
                ("solved", N_("已解决"), N_("没解决")),
            )
            if (words_of := _(yes if data.get(key) else no)) and data.get(key) is not None
        ]
        if data.get("satisfied") in SATISFIED:
            said.append(_(SATISFIED[str(data["satisfied"])]))
        return _("、").join(said)

    def _photos(self, one: Told) -> tuple[Photo, ...]:
        named = [one.data.get("photo"), *(one.data.get("photos") or ())]
        wanted = {str(photo) for photo in named if photo}
        if one.type == "raised":
            return photos_of(self.view, self.turn, "raised")
        return tuple(self.photo(row) for row in self.view.photos if row["id"] in wanted and row["event"] == one.type)

    def photo(self, row: Mapping[str, Any]) -> Photo:
        """A tile."""
        by = row.get("by") or {}
        unit = by.get("unit") if isinstance(by, Mapping) else None
        caption = self.unit(unit) if unit else str(by.get("position") or "") if isinstance(by, Mapping) else ""
        return Photo(caption, self._at(row["at"]) if row.get("at") else "", row["url"], row["url"])


def photos_of(view: WhistleView, turn: Turn, *events: str) -> tuple[Photo, ...]:
    """The photos that came with these events."""
    teller = Teller(view, turn)
    return tuple(teller.photo(row) for row in view.photos if row["event"] in events)


def _SPECIAL(teller: Teller) -> Mapping[str, Callable[[Mapping[str, Any]], str]]:  # noqa: N802 - a table
    unit = teller.unit

    def stage(data: Mapping[str, Any]) -> str:
        name = words.stage(str(data.get("stage")))
        return f"{unit(data['unit'])} {name}" if data.get("unit") and ":" not in str(data["unit"]) else name

    def climbed(data: Mapping[str, Any]) -> str:
        level = int(data["rung"])
        node = teller.turn.rung_node(teller.view.case, level)
        lane = node is not None and node.kind in ("grid", "lane", "point")
        return _("%(stage)s逾期，%(word)s", stage=stage(data), word=words.climbed(level, lane=lane))

    def ruled(data: Mapping[str, Any]) -> str:
        if data.get("upheld"):
            return _("同意退单，改派 %(unit)s", unit=unit(data.get("to")))
        return words.button("rule", "no")

    return {
        "routed": lambda d: _("自动派单") if d.get("outcome") == "dispatch" else words.outcome(str(d.get("outcome"))),
        "assigned": lambda d: _("派给 %(units)s", units=teller.names([d.get("lead"), *(d.get("assist") or ())])),
        "called": lambda d: _("追加 %(unit)s（%(role)s）", unit=unit(d["unit"]), role=words.role(str(d["role"]))),
        "rejected": lambda d: _("退回重办（第 %(n)s 次）", n=d.get("rework", 1)),
        "evaluated": lambda d: (
            _("评价 %(unit)s（异议成立，已作废）", unit=unit(d.get("unit")))
            if d.get("struck")
            else _("评价 %(unit)s", unit=unit(d.get("unit")))
        ),
        "arrival.denied": lambda d: _("答复「未到场」：%(unit)s", unit=unit(d.get("unit"))),
        "transfer.asked": lambda d: _("请 %(street)s 接收", street=teller.turn.reference.tree.label(str(d.get("to")))),
        "hand-back.ruled": ruled,
        "withdrawn": lambda _d: _("撤回申请"),
        "unmerged": lambda d: (
            _("%(number)s 号撤哨，恢复单独办理", number=d.get("number")) if d.get("of") else words.button("unmerge")
        ),
        "reopened": lambda d: (
            _("随 %(number)s 号重新办理", number=d.get("number")) if d.get("of") else words.button("reopen")
        ),
        "hold.lapsed": lambda _d: _("到了复查日，恢复办理"),
        "clock.warned": lambda d: _("%(stage)s：用了八成时间，临期", stage=stage(d)),
        "clock.overdue": lambda d: _("%(stage)s：超过时限", stage=stage(d)),
        "clock.climbed": climbed,
        "clock.reminded": lambda d: _("%(stage)s：第 %(n)s 次催办", stage=stage(d), n=d.get("nth", 1)),
        "clock.noticed": lambda d: _("%(stage)s：通报", stage=stage(d)),
        "clock.recomputed": lambda d: (
            _("%(stage)s：新政策的时限更短，已经用完，即刻到期", stage=stage(d))
            if d.get("overtaken") and d.get("cause") == "policy"
            else _("%(stage)s：按新政策重算时限", stage=stage(d))
            if d.get("cause") == "policy"
            else _("%(stage)s：按新日历重算时限", stage=stage(d))
        ),
        "cover.missing": lambda d: _("%(unit)s没人在岗，已告知区调度台", unit=unit(d.get("unit"))),
    }
