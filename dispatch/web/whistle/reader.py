"""What a whistle expects of the person who looks at it: one act, by when, what to attach, what happens otherwise."""

from dataclasses import replace

from dispatch.domain import acts_local, permissions, rungs
from dispatch.domain.case import LOCAL, MERGED, Actor, Case
from dispatch.domain.clocks import ANSWERING, DISPATCH, HANDLING, HOLD, REPORTED, RULING, TOTAL, VERIFICATION
from dispatch.domain.involved import stands_in
from dispatch.domain.turn import Turn
from dispatch.steps.shown import ClockView, PartView
from dispatch.steps.view import WhistleView
from dispatch.web.common.paths import head_of
from dispatch.web.common.times import moment
from dispatch.web.i18n import _
from dispatch.web.models.parts import spans, strong
from dispatch.web.whistle.expecting import Expected, clock_of, nearest, part_of, street_of, why_the_desk
from dispatch.web.whistle.informed import informed_unit, street_duty

#: which clock a status waits for
_BY_STATUS = {"raised": DISPATCH, "at-desk": DISPATCH, "resolved": VERIFICATION, "verified": ANSWERING,
              "answered": ANSWERING, "on-hold": HOLD}  # fmt: skip


def expected(view: WhistleView, actor: Actor, turn: Turn, level: int | None) -> Expected:
    """What is expected of this reader now."""
    if view.status in ("closed", "cancelled", "merged"):
        return _ruling(view) or _over(view)
    if actor.unit is not None:
        return _Unit(view, actor, turn).expected()
    if actor.role == permissions.CLERK:
        return _street(view, actor, turn)
    if actor.role == permissions.DESK:
        return _desk(view, turn)
    if actor.role == permissions.IN_CHARGE and level is not None:
        return _chain(view, turn, level, actor)
    return (street_duty(view) if actor.role == permissions.DUTY else None) or _watching(view, turn)


def _over(view: WhistleView) -> Expected:
    if view.status == MERGED:
        main = view.case.aside.main_number
        if clock_of(view, TOTAL) is None:
            return Expected(False, spans(_("随 %(main)s 号办结了。", main=main)), None)
        return Expected(False, spans(_("随 %(main)s 号办理；从收到起算的总时间接着走。", main=main)), None)
    owed = next((clock for clock in view.clocks if clock.running), None)
    if owed is not None:
        return Expected(False, spans(_("这件已经办完归档；单位对评价的异议还等区里复核。")), owed)
    return Expected(False, spans(_("这件已经办完归档，没有钟在走。")), None)


# ── a unit's people ──────────────────────────────────────────────────────────────────────────────
class _Unit:
    def __init__(self, view: WhistleView, actor: Actor, turn: Turn) -> None:
        self.view, self.actor, self.turn = view, actor, turn
        self.part = part_of(view, actor.unit)
        self.street = street_of(view)

    def expected(self) -> Expected:
        part, view = self.part, self.view
        if part is None and view.case.invited(self.actor.unit):
            said = spans(_("请你们来"), strong(_("会商")), _("，时间和要商量的事在下面。"))
            return Expected(False, said, None, heading=_("请你们来会商"))
        if part is None:
            return _watching(view, self.turn)
        if part.role == "inform" and "sign-instruction" not in view.allowed_actions:
            return informed_unit(view, self.actor.role)
        if self.actor.role == permissions.SUPERIOR:
            return self._superior(part)
        if "sign-instruction" in view.allowed_actions:  # while it rests too: an instruction is owed at once
            said = spans(_("有批示等你签收。"), unsigned(view.case, self.turn, part.unit))
            acts = ("sign-instruction", "resolve", "note")
            return Expected(True, said, clock_of(view, HOLD) or clock_of(view, HANDLING), acts)
        if view.status == "on-hold":
            return Expected(False, spans(_("已挂账，钟停着。到复查日自己恢复。")), clock_of(view, HOLD))
        if part.status == "assigned":
            return self._report(part)
        if view.status == "resolved" and part.role == "lead":
            said = spans(_("已报结，等%(street)s核查。没办好会退回来，原来的钟接着走。", street=self.street))
            return Expected(False, said, clock_of(view, VERIFICATION))
        if view.status not in ("assigned", "handling"):
            return _watching(view, self.turn)
        return self._work(part)

    def _report(self, part: PartView) -> Expected:
        clock = clock_of(self.view, REPORTED, part.unit) or clock_of(self.view, HANDLING)
        otherwise = _next_asked(self.view, clock, self.turn)
        if part.on_site:
            said = spans(_("请尽快"), strong(_("到场")), _("，报到时带上位置或一张照片。"), otherwise)
            return Expected(True, said, clock, ("arrive", "report-in", "hand-back"))
        said = spans(_("请"), strong(_("签收")), _("，然后安排人去办。"), otherwise)
        return Expected(True, said, clock, ("report-in", "arrive", "hand-back"))

    def _work(self, part: PartView) -> Expected:
        view = self.view
        clock = clock_of(view, HANDLING)
        reported = clock_of(view, REPORTED, part.unit)
        if part.on_site and part.status == "reported-in" and not part.started:
            said = spans(_("已签收。请"), strong(_("到场")), _("，报到时带上位置或一张照片；到了场才停这个钟。"))
            return Expected(True, said, reported or clock, ("arrive", "note"))
        if part.role == "assist":
            lead = next((p.unit_name for p in view.assignments if p.role == "lead"), "")
            said = spans(_("请配合%(lead)s办理，做了什么就", lead=lead), strong(_("记进展")), _("。"))
            return Expected(True, said, clock, ("note", "arrive", "leave"))
        if view.rework:
            end = _("街道再退一次，就转区里复核。") if view.rework == 1 else _("已转区里复核。")
            said = spans(_returned(view, self.turn), _("请重新处理并"), strong(_("报结")), _("，附处理后的照片。"), end)
        elif view.outcome in ("answer", "relay"):
            said = spans(_("请写好答复后"), strong(_("报结")), _("，街道转给来源人。"))
        else:
            said = spans(_("办好以后请"), strong(_("报结")), _("，写明怎么办的，附办后照片。"),
                         _next_asked(view, clock, self.turn))  # fmt: skip
        return Expected(True, said, clock, ("resolve", "note", "arrive", "request-extension"))

    def _superior(self, part: PartView) -> Expected:
        own = [c for c in self.view.clocks if c.answered_at is None and c.rung and c.unit in (None, part.unit)]
        if not own or (part.role != "lead" and not any(c.unit for c in own)):
            owed = unsigned(self.view.case, self.turn, part.unit)
            return Expected(False, spans(_("本单位的人在办，没有逾期。"), owed), nearest(self.view))
        late = max(own, key=lambda clock: clock.rung)
        said = spans(_("本单位逾期了。请督促办理，并"), strong(_("说明情况")), _("。"))
        return Expected(True, said, late, ("explain",))


def _returned(view: WhistleView, turn: Turn) -> str:
    """Why the street sent it back, the last time."""
    last = next((one.data for one in reversed(view.timeline) if one.type == "rejected"), None)
    if last is None:
        return ""
    code, note = str(last.get("reason")), str(last.get("note") or "").strip(" 。\n")
    reason = dict(turn.policy(view.case).rejections).get(code, code)
    if note:
        return _("街道退回：%(reason)s，「%(note)s」。", reason=reason, note=note)
    return _("街道退回：%(reason)s。", reason=reason)


# ── the street ───────────────────────────────────────────────────────────────────────────────────
def _street(view: WhistleView, actor: Actor, turn: Turn) -> Expected:
    if "accept-transfer" in view.allowed_actions and actor.node != view.case.facts.street:
        said = spans(_("%(street)s请你们", street=view.raised_by["node_name"]), strong(_("接收")), _("这件。"))
        return Expected(True, said, clock_of(view, RULING, "transfer"), ("accept-transfer", "decline-transfer"))
    if actor.node != view.case.facts.street:
        return _watching(view, turn)
    return _streets(view, turn)


def _streets(view: WhistleView, turn: Turn) -> Expected:
    """What a whistle expects of the street, or of whoever does its acts."""
    clock = clock_of(view, _BY_STATUS.get(view.status, HANDLING))
    match view.status:
        case "resolved":
            said = spans(_("请去现场看一眼。"), strong(_("没办好就退回")), _("，原来的钟接着走。"))
            return Expected(True, said, clock, ("verify-yes", "verify-no", "call"))
        case "verified":
            words = _("请把结果答复来源人。") if view.outcome != "statutory" else _("请告诉来源人该走哪条路。")
            return Expected(True, spans(words, _("没答复就不算办结。")), clock, ("feedback", "evaluate"))
        case "answered":
            waits = view.case.facts.callback_required and not view.case.called_back
            said = spans(_("来源要求回访：请先"), strong(_("登记回访")), _("，再办结。")) if waits else spans(
                _("已经答复。没有别的事就"), strong(_("办结归档")), _("。"))  # fmt: skip
            return Expected(True, said, clock, ("callback", "close") if waits else ("close", "callback", "evaluate"))
        case "at-desk":
            said = spans(_("清单里没有一条正好对得上，"), strong(_("区调度台来定单位")), _("；你也可以自己点单位。"))
            return Expected(False, said, clock, ("assign", "keep"), _("现在等区调度台"))
        case "on-hold":
            return Expected(False, spans(_("已挂账，到复查日自己恢复。")), clock, ("resume",))
        case _:
            return replace(_watching(view, turn), first=("urge", "call", "cancel"))


# ── the desk ─────────────────────────────────────────────────────────────────────────────────────
_RULINGS = {"hand-back": ("rule-yes", "rule-no"), "extension": ("decide-extension-yes", "decide-extension-no"),
            "hold": ("decide-hold-yes", "decide-hold-no"), "cancel": ("decide-cancel-yes", "decide-cancel-no"),
            "objection": ("decide-objection-yes", "decide-objection-no"),
            "review": ("decide-review-yes", "decide-review-no"),
            "consult": ("decide-consult-yes", "decide-consult-no")}  # fmt: skip


def _pending(view: WhistleView) -> tuple[str, str] | None:
    """The first request this reader may decide: its kind and the clock's unit."""
    for request in view.requests:
        kind = str(request["kind"])
        action = "rule" if kind == "hand-back" else f"decide-{kind}"
        if request["status"] == "pending" and action in view.allowed_actions:
            return kind, f"{kind}:{request['unit']}" if request["unit"] else kind
    return None


def _ruling(view: WhistleView) -> Expected | None:
    asked = _pending(view)
    if asked is None:
        return None
    kind, unit = asked
    words = {
        "hand-back": _("有单位申请退单，请裁定。裁定是终审，被退的单位在裁定前仍然负责。"),
        "extension": _("有单位申请延期，请批复。"),
        "hold": _("有人申请挂账，请批复。批准后钟停到复查日。"),
        "cancel": _("街道申请撤哨，请批复。"),
        "objection": _("单位对评价有异议，请复核。"),
        "review": _("街道两次退回，请区里复核：退回成立就接着办，办结成立就转去答复。"),
        "consult": _("单位请求会商，请定下召集还是不召集。"),
    }
    return Expected(True, spans(words[kind]), clock_of(view, RULING, unit), _RULINGS[kind])


def _desk(view: WhistleView, turn: Turn) -> Expected:
    ruling = _ruling(view)
    if ruling is not None:
        return ruling
    if view.status in ("at-desk", "raised") and "assign" in view.allowed_actions:
        said = spans(_("清单里没有一条正好对得上，请"), strong(_("派单")), _("；裁定可以记住，以后照办。"))
        return Expected(True, said, clock_of(view, DISPATCH), ("assign", "keep"))
    if stands_in(view.case) and view.status in ("resolved", "verified", "answered"):
        what = _streets(view, turn)
        return replace(what, sentence=(*spans(why_the_desk(view)), *what.sentence))
    return replace(_watching(view, turn), first=("urge", "note"))


# ── the chain ────────────────────────────────────────────────────────────────────────────────────
def _chain(view: WhistleView, turn: Turn, level: int, actor: Actor) -> Expected:
    ruling = _ruling(view)
    if ruling is not None:
        return ruling
    if view.status == LOCAL:
        return _below(view, turn, actor)
    late = [c for c in view.clocks if c.answered_at is None and c.rung]
    here = [c for c in late if c.rung == view.accountable.rung] or late
    if view.accountable.node != actor.node or not here:
        return replace(_watching(view, turn), first=("urge", "note"))
    asked = turn.policy(view.case).rung(level).asked
    first = ("arrive", "note", "urge", "send-up") if level < 4 else ("consult", "urge", "instruct", "take-over")
    return Expected(True, spans(asked), here[0], first, _("到了您这一级"))


def _below(view: WhistleView, turn: Turn, actor: Actor) -> Expected:
    """Not a whistle yet: whoever has it now is asked to solve it here."""
    clock = clock_of(view, HANDLING)
    own = view.case.clock(HANDLING)
    node = acts_local.asked(view.case, own, turn) if own else None
    if node is None or node.code != actor.node:
        who = node.name if node else ""
        return Expected(False, spans(_("%(who)s先办；办不了会一级一级往上走，到了街道就成为哨。", who=who)), clock)
    said = spans(_("能在这里办就"), strong(_("办好")), _("；办不了，请上一级看。到了街道就成为哨。"))
    return Expected(True, said, clock, ("resolve", "keep", "send-up"), _("能在这里解决吗？"))


# ── whoever looks on ─────────────────────────────────────────────────────────────────────────────
def _watching(view: WhistleView, turn: Turn) -> Expected:
    """Nothing to do: who is at it, and its clock."""
    match view.status:
        case "raised":
            return Expected(False, spans(_("正在按清单派单，几秒钟就好。")), clock_of(view, DISPATCH))
        case "at-desk":
            return Expected(False, spans(_("等区调度台定单位。")), clock_of(view, DISPATCH))
        case "local":
            return _below(view, turn, Actor(""))
        case "resolved":
            said = _("已报结，等%(street)s去现场核查。", street=street_of(view))
            return Expected(False, spans(said), clock_of(view, VERIFICATION))
        case "verified" | "answered":
            said = _("核查过了，等%(street)s答复、办结。", street=street_of(view))
            return Expected(False, spans(said), clock_of(view, ANSWERING))
        case "on-hold":
            return Expected(False, spans(_("已挂账，钟停着，到复查日自己恢复。")), clock_of(view, HOLD))
    waiting = [p for p in view.assignments if p.role == "lead" and clock_of(view, REPORTED, p.unit) is not None]
    lead = next((p.unit_name for p in view.assignments if p.role == "lead"), "")
    clock = (clock_of(view, REPORTED, waiting[0].unit) if waiting else None) or clock_of(view, HANDLING)
    verb = _("到场") if waiting and waiting[0].on_site else _("签收")
    words = _("等%(unit)s%(verb)s。", unit=lead, verb=verb) if waiting else _("%(unit)s正在办。", unit=lead)
    return Expected(
        False, spans(words, unsigned(view.case, turn), _next_asked(view, clock, turn)), clock or nearest(view)
    )


def unsigned(case: Case, turn: Turn, unit: str | None = None) -> str:
    """Which instruction has not been signed for, and since when: of a unit, or of any."""
    owed = case.pending("instruction", unit)
    if owed is None:
        return ""
    by = turn.unit_name(owed.unit) if owed.unit else turn.reference.tree.label(str(owed.data.get("node")))
    return _("批示还没签收（%(unit)s，%(at)s下达）。", unit=by, at=moment(owed.asked_at, turn.now, weekday_too=True))


def _next_asked(view: WhistleView, clock: ClockView | None, turn: Turn) -> str:
    """What happens otherwise: who is asked when the clock runs out."""
    if clock is None or clock.rung >= 5 or not clock.start_rung:
        return ""
    level = clock.rung + 1 if clock.rung else clock.start_rung
    node = rungs.asked_node(view.case, turn, level)
    while node is None and level < 5:
        level += 1
        node = rungs.asked_node(view.case, turn, level)
    seat = turn.reference.people.seats.get(f"node:{node.code}:head") if node else None
    if node is None or (seat is None and level < 5):
        return ""
    who = _("区调度中心") if node.level == 5 or seat is None else head_of(node, seat.position)
    return _("到点没动静，请%(who)s来问。", who=who) if not clock.rung else _("再没动静，请%(who)s来问。", who=who)


__all__ = ["Expected", "clock_of", "expected", "nearest", "part_of", "unsigned"]
