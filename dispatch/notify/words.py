"""What a message says: number, place, who is asked for what, until when, and where to look. No names, no text."""

from collections.abc import Mapping
from datetime import datetime

from dispatch.domain.case import ENDED
from dispatch.domain.reference import Reference
from dispatch.domain.turn import ZONE
from dispatch.store.notices import About, Claimed

#: as long as a place's label or a recipient's words may be (characters)
LABEL, WHO = 40, 30

STAGES: Mapping[str, str] = {
    "dispatch": "派单",
    "reported": "签收",
    "handling": "办理",
    "verification": "核查",
    "answering": "答复",
    "ruling": "裁定",
    "hold": "挂账复查",
    "total": "全程",
}

#: kind of notice → what is asked; {stage}, {by} (until when, may be empty) and {nth} are filled in
ASKED: Mapping[str, str] = {
    "assigned": "派给贵单位，请{by}签收",
    "on-site": "派给贵单位，请{by}到场报到",
    "duty": "突发情况，请马上组织处置",
    "informed": "知会您，供了解",
    "unmatched": "没有对上权责清单，请派单",
    "warned": "{stage}时限将到{at}，请抓紧",
    "climbed": "{stage}已逾期，请过问推动",
    "local": "下面报上来一件，请看能不能在您这里办",
    "solved-below": "您报的一件已办好，请查看",
    "called": "{stage}已逾期，请督促落实",
    "supervision": "{stage}逾期已报区，已开督办单，请督办",
    "reminded": "{stage}仍未完成，第{nth}次催办",
    "noticed": "{stage}逾期未说明情况，已通报",
    "urged": "催办，请尽快办理",
    "instructed": "有批示，请签收",
    "taken-over": "已提级办理，请配合",
    "consulted": "请贵单位来会商，时间和要商量的事请查看",
    "consult-asked": "单位请求会商，请定是否召集",
    "minuted": "会商纪要已记下，请查看",
    "reviewed": "区里已复核，请查看",
    "resolved": "单位已报结，请核查",
    "resolved-without": "已报结，但有协办单位未签收，请留意",
    "rework": "核查未通过，退回重办，请继续办理",
    "review": "再次退回重办，请区里复核",
    "hand-back": "单位申请退单，请裁定",
    "ruled": "退单已裁定，请查看",
    "extension": "单位申请延期，请审批",
    "hold": "申请挂账，请审批",
    "objection": "单位对评价提异议，请复核",
    "cancel": "街道申请撤哨，请审批",
    "cancelled": "已撤哨，不用再办",
    "merged": "已并单，随另一件办理，请查看",
    "answered": "所随的一件已答复，请答复来源人",
    "closed": "所随的一件已办结，请查看",
    "reopened": "所随的一件重新办理，前面的答复不算，请查看",
    "set-free": "所随的一件已撤哨，恢复单独办理，请继续",
    "decided": "所提申请已有结果，请查看",
    "resumed": "恢复办理，请继续",
    "hold-lapsed": "挂账到复查日，已恢复办理，请查看",
    "transfer": "其他街道转来一件，请接收",
    "transfer-declined": "对方未接收转办，请另行处理",
    "uncovered": "单位没人在岗，请马上安排人到场",
    "arrival-denied": "街道反映未到场，请立即到场",
}
_OTHER = "有新情况，请查看"
#: about a clock that has been answered since: nobody is told after the deed
_OF_CLOCKS = frozenset({"warned", "climbed", "called", "reminded", "informed"})
#: told even of what is over
_OF_ENDED = frozenset(
    {"cancelled", "merged", "answered", "closed", "reopened", "ruled", "decided", "noticed", "supervision", "objection"}
)


def moot(notice: Claimed, about: About) -> str | None:
    """Why there is nothing to tell any more; None: there is."""
    owed = about.stage == "ruling" and not about.answered
    if about.status in ENDED and not owed and notice.kind not in _OF_ENDED:
        return "over"
    if about.answered and notice.kind in _OF_CLOCKS:
        return "answered"
    if notice.kind == "assigned":
        if about.part in (None, "released"):
            return "released"
        if about.reported_at is not None and about.reported_at >= notice.created_at:
            return "reported-in"
    return None


def line(notice: Claimed, about: About, reference: Reference, link: str) -> str:
    """One notice in two lines: what is asked of whom, and the link."""
    mark = "【紧急】" if notice.urgent else ""
    if about.hidden:  # whoever it is hidden from may read along: not even which one it is
        return f"{mark}{recipient(notice.recipient, reference)}：有一件要回避的哨等您办，请登录后在待办里看"
    # a complaint about a unit is nobody's business in a group chat: the link asks who is looking
    where = "" if about.sealed else f"（{place(about, reference)}）"
    return f"{mark}{about.number}号{where}{recipient(notice.recipient, reference)}：{asked(notice, about)}\n{link}"


def asked(notice: Claimed, about: About) -> str:
    """What the recipient is to do, with the time until when."""
    kind = "on-site" if notice.kind == "assigned" and about.on_site else notice.kind
    until = moment(about.part_due_at) if about.part_due_at and about.part == "assigned" else ""
    return ASKED.get(kind, _OTHER).format(
        stage=STAGES.get(about.stage or "", ""),
        by=f"在{until}前" if until else "",
        at=f"（{moment(about.due_at)}）" if about.due_at else "",
        nth=about.nth or 1,
    )


def place(about: About, reference: Reference) -> str:
    """The place as the screen shows it; 地点不明 where only that is known."""
    if about.place is None:
        return "地点不明"
    return (reference.tree.label(about.place) or "地点不明")[:LABEL]


def recipient(seat: str, reference: Reference) -> str:
    """The seat in words: 消防联络员, 东柳街道广泰社区书记; never who sits there."""
    known = reference.people.seats.get(seat)
    position = known.position if known else "负责人"
    scope, _, rest = seat.partition(":")
    code = rest.rpartition(":")[0]
    if scope == "unit":
        unit = reference.units.get(code)
        name = unit.short if unit else ""
    else:
        name = reference.tree.label(code) if code in reference.tree else ""
        # 东柳街道 + 街道经办 → 东柳街道经办
        name = next(
            (name[: -len(end)] for end in ("街道", "社区", "村", "小区") if _doubled(name, position, end)), name
        )
    return f"{name}{position}"[-WHO:]


def _doubled(name: str, position: str, end: str) -> bool:
    return name.endswith(end) and position.startswith(end)


def moment(at: datetime) -> str:
    """11月24日12:00, in the district's time."""
    local = at.astimezone(ZONE)
    return f"{local.month}月{local.day}日{local:%H:%M}"
