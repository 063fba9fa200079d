"""The receipt: the promise and the number; the way it went in milliseconds; who comes and what is next."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from fastapi import Request

from dispatch.domain import rungs
from dispatch.domain.clocks import HANDLING, REPORTED
from dispatch.domain.turn import ZONE, Turn
from dispatch.steps.sign_in import Visit
from dispatch.steps.view import WhistleView
from dispatch.web import say
from dispatch.web.common.frame import build_frame
from dispatch.web.common.paths import head_of, path_of
from dispatch.web.common.times import moment
from dispatch.web.common.units import full_name
from dispatch.web.deps import deps_of
from dispatch.web.i18n import _
from dispatch.web.models.form import NextStep, ReceiptPage, Strip, StripStep
from dispatch.web.models.parts import spans, strong
from dispatch.web.whistle.danger import answered, told_at_once
from dispatch.web.whistle.reader import clock_of
from dispatch.web.whistle.who import who

#: after that nobody fetches the strip any more
STRIP_LASTS = timedelta(minutes=2)
MOST_MS = 600_000


def receipt_page(request: Request, visit: Visit, view: WhistleView, turn: Turn) -> ReceiptPage:
    """The receipt as it stands now; its number stays, the rest goes on."""
    number, deps = str(view.number), deps_of(request)
    url = f"/w/{number}"
    paper = say.paper_number(number)
    return ReceiptPage(
        frame=build_frame(
            request,
            visit,
            _("回执"),
            current="/whistle",
            back="/whistle",
            phone_title=_("回执"),
            task=True,
            now=turn.now,
        ),
        paper_prefix=paper.partition(number)[0],
        groups=say.number_groups(number),
        spoken=say.spoken_number(number),
        title=view.title,
        place=path_of(view.place.code if view.place else None, turn.reference),
        at=say.on_paper(view.received_at, ZONE, seconds=True),
        strip=strip(view, stored_ms(request), demo=deps.demo, now=turn.now),
        who=who(view, turn),
        who_empty=_nobody(view),
        next=_next(view, turn),
        url=url,
        link=f"{deps.base_url.rstrip('/')}{url}",
        slip_url=f"{url}/slip",
        who_url=f"{url}/who",
        notes=tuple(_notes(request, view, turn)),
    )


def _notes(request: Request, view: WhistleView, turn: Turn) -> Iterator[str]:
    """What was answered about danger; what became of a form with several problems, or written without a network."""
    if raised := next((one for one in view.timeline if one.type == "raised"), None):
        yield from answered(view, raised.data)
    if len(view.children):
        numbers = "、".join(str(child.number) for child in view.children)
        yield _("同一张表里另外的事各成一条：%(numbers)s", numbers=numbers)
    written = request.query_params.get("written", "")
    if written.isdecimal() and len(written) < 12:
        at = datetime.fromtimestamp(int(written), UTC)
        if at < view.received_at:
            yield _("没网时写的（%(at)s），连上后发出，只发了一次。", at=moment(at, turn.now))


def stored_ms(request: Request) -> int:
    """Milliseconds from the press to the commit, as the form's answer carried them on."""
    given = request.query_params.get("ms", "")
    return min(int(given), MOST_MS) if given.isdecimal() and len(given) < 8 else 0


def strip(view: WhistleView, ms: int, *, demo: bool, now: datetime) -> Strip:
    """已入库 → 主题/分区/位移 → 已派出, each in milliseconds since the press; what has not happened waits."""
    pressed = view.received_at - timedelta(milliseconds=ms)
    routed = next((one for one in view.timeline if one.type == "routed"), None)
    origin = (routed.data.get("origin") if routed else None) or {}
    steps = [StripStep(_ms(ms), _("已入库"), _("一笔事务，已落盘"))]
    if origin.get("topic"):
        at = origin.get("recorded_at")
        took = _since(pressed, datetime.fromisoformat(at)) if at else ""
        where = _("分区 %(p)s・位移 %(o)s", p=origin.get("partition"), o=origin.get("offset"))
        steps.append(StripStep(took, _("主题 %(topic)s", topic=origin["topic"]), where))
    else:
        topic = "whistles.raised.urgent" if view.kind == "emergency" else "whistles.raised"
        said = _("对账时补派，没有等消息") if routed else _("还没发出")
        steps.append(StripStep("", _("主题 %(topic)s", topic=topic), said))
    if routed is not None:
        count = sum(1 for part in view.assignments if part.role != "inform" and part.status != "released")
        note = _("进了 %(n)s 家的待办", n=count) if count else _("没有派给单位")
        if view.outcome == "unmatched":
            note = _("清单没对上，在区调度台")
        steps.append(StripStep(_since(pressed, routed.at), _("已派出") if count else _("已研判"), note))
    else:
        steps.append(StripStep("", _("已派出"), _("还没进待办")))
    done = routed is not None or now - view.received_at > STRIP_LASTS
    return Strip(tuple(steps), f"/w/{view.number}/strip?ms={ms}", done, folded=not demo)


def _since(pressed: datetime, at: datetime) -> str:
    return _ms(max(round((at - pressed) / timedelta(milliseconds=1)), 0))


def _ms(value: int) -> str:
    return str(value) if value else _("不到 1")


def _nobody(view: WhistleView) -> str:
    if view.status == "raised":
        return _("正在按清单派单，几秒钟就好。")
    if view.status == "at-desk":
        return _("清单没有正好对上的一条，区调度台来定单位；派单的钟已经在走。")
    return _("不用派给单位：由街道答复来源人。")


def _next(view: WhistleView, turn: Turn) -> tuple[NextStep, ...]:
    lead = next((part for part in view.assignments if part.role == "lead"), None)
    if lead is None:
        dispatch, answering = clock_of(view, "dispatch"), clock_of(view, "answering")
        if answering is not None:
            return (NextStep(_before(answering.due_at, turn), spans(_("把准备好的话答复来源人，然后办结。"))),)
        told = tuple(
            NextStep(moment(one.at, turn.now), spans(said))
            for one in view.timeline
            if one.type == "routed" and (said := _("；").join(told_at_once(one.data, turn)))
        )
        what = _("区调度台定下单位。没定，区里分管领导会知道。") if view.status == "at-desk" else _("按清单派出去。")
        return (*told, NextStep(_before(dispatch.due_at if dispatch else None, turn), spans(what)))
    steps: list[NextStep] = []
    reported, handling = clock_of(view, REPORTED, lead.unit), clock_of(view, HANDLING)
    if reported is not None:
        verb = _("到场") if lead.on_site else _("签收")
        words = spans(
            _("%(unit)s%(verb)s。", unit=full_name(lead.unit, turn), verb=verb),
            _otherwise(view, turn, reported.start_rung),
        )
        steps.append(NextStep(_before(reported.due_at, turn), words))
    if handling is not None:
        steps.append(NextStep(_before(handling.due_at, turn), spans(_("办完、报结。"))))
    if view.outcome in ("answer", "relay"):
        steps.append(NextStep(_("有了答复"), spans(_("转给来源人，然后办结。"))))
    else:
        checked = spans(_("请你去现场核查。没办好就退回，"), strong(_("原来的钟接着走")), _("。"))
        steps.append(NextStep(_("报结以后"), checked))
    return tuple(steps)


def _otherwise(view: WhistleView, turn: Turn, start: int) -> str:
    """Who asks when the unit does not come; in an emergency those below know already."""
    level = start
    node = rungs.asked_node(view.case, turn, level)
    while node is None and level < 5:
        level += 1
        node = rungs.asked_node(view.case, turn, level)
    seat = turn.reference.people.seats.get(f"node:{node.code}:head") if node else None
    if node is None or seat is None:
        return ""
    who_asks = _("区调度中心") if node.level == 5 else head_of(node, seat.position)
    said = _("没有，%(who)s接着问。", who=who_asks)
    return said + (_("楼栋长、网格长已经知会。") if view.kind == "emergency" and start > 2 else "")


def _before(at: datetime | None, turn: Turn) -> str:
    if at is None:
        return _("接下来")
    return _("%(at)s 前", at=moment(at, turn.now))
