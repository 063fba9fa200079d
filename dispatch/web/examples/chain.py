"""层级督办: a community secretary's page, a building head's."""

from __future__ import annotations

from dataclasses import replace

from dispatch.web.examples.frames import frame
from dispatch.web.models.chain import BuildingPage, ChainItem, ChainPage, Coming, Helper, InformedRow
from dispatch.web.models.parts import (
    ActionButton,
    Empty,
    Hidden,
    Ladder,
    Option,
    Photo,
    Rung,
    RungState,
    SmallLadder,
)


def _answers(number: str) -> tuple[ActionButton, ...]:
    url = f"/w/{number}/do/"
    return (
        ActionButton("note", "能办，我来协调", url + "note", primary=True, needs_fields=True),
        ActionButton("send-up", "要街道出面", url + "send-up"),
        ActionButton("urge", "催办", url + "urge"),
    )


def _ladder(clock: str, below: tuple[tuple[str, str, str], tuple[str, str, str]]) -> Ladder:
    return Ladder(
        (
            Rung("区", RungState.LATER, f"6/26 {clock}"),
            Rung("街道", RungState.NEXT, f"周二 {clock}", note="还有 1 工作日 6 工时"),
            Rung("社区", RungState.PRESENT, f"今天 {clock}", "您"),
            *(Rung(name, RungState.PASSED, at, note=note) for name, at, note in below),
        ),
        fill=0.3,
        size="close",
    )


INFORMED = (
    InformedRow("3 号楼楼道消防门被锁", "/w/2600003173", "今天 09:14 知会・消防・已到场·办理中"),
    InformedRow("北门外井盖松动", "/w/2600003160", "昨天 16:50 知会・城管・待核查"),
)

COMMUNITY = ChainPage(
    frame=replace(
        frame("层级督办", "chain", "广泰社区・书记", "层级督办", "gt-secretary"),
        phone_title="层级督办・广泰社区",
    ),
    heading="广泰社区：2 件报到您这里",
    phone_heading="2 件报到您这里",
    as_of="今天 10:52",
    items=(
        ChainItem(
            "2600002068",
            "渗漏与维修资金",
            "5 号楼顶层渗水，报修一个月没人来",
            "/w/2600002068",
            _ladder(
                "10:20",
                (
                    ("小区", "昨天 10:20", "网格长到过现场"),
                    ("楼栋", "6/16 15:50", "楼栋长拍了照片 2 张"),
                ),
            ),
            "社区的成员单位能不能先办？",
            "住建局主办，6/16 15:50 到期。单位那边已请科室负责人。",
            _answers("2600002068"),
            (
                Photo("楼栋长", "6/16 17:02"),
                Photo("楼栋长", "6/16 17:03"),
                Photo("网格长", "昨天 15:20"),
            ),
        ),
        ChainItem(
            "2600002791",
            "绿化养护",
            "北门外便道行道树枯枝悬着，怕砸人",
            "/w/2600002791",
            _ladder(
                "10:40",
                (
                    ("网格", "昨天 10:40", "网格长帮着拉了警戒线"),
                    ("街巷", "6/16 16:10", "街巷长空缺，已记一笔"),
                ),
            ),
            "成员单位里有没有能先锯掉的？",
            "城管执法局主办，6/16 16:10 到期。单位那边已请科室负责人。",
            _answers("2600002791"),
            (Photo("网格长", "昨天 14:51"),),
        ),
    ),
    coming=(
        Coming(
            "16:05",
            "小区北门口路面坑洼，老人绊了一下",
            "/w/2600003001",
            "住建局・现在在网格长那里",
            SmallLadder(2, "已报小区"),
        ),
        Coming(
            "17:20",
            "1 号楼前占道洗车",
            "/w/2600003002",
            "街道综合执法队・现在在网格长那里",
            SmallLadder(2, "已报小区"),
        ),
        Coming(
            "17:48",
            "4 号楼 2 单元感应灯不亮",
            "/w/2600003003",
            "城管执法局・现在在网格长那里",
            SmallLadder(2, "已报小区"),
        ),
    ),
    helpers=(
        Helper("广泰小区", "网格长", "看过 1 件", "在岗"),
        Helper("1–4 号楼", "楼栋长", "拍照 2 张", "在岗"),
        Helper("5–8 号楼", "楼栋长", "没有事", "在岗"),
        Helper("北门外便道", "街巷长", "请补人", "空缺"),
    ),
    helpers_note="志愿岗位，只请帮忙，不打分。22:00–7:00 不打扰。",
    empty=Empty("没有事报到您这里。", "到期没办的会一级一级报上来。"),
    informed=INFORMED[1:],
)

BUILDING = BuildingPage(
    frame=replace(frame("层级督办", "building", "1 号楼・楼栋长", "看一眼", "gt-1"), phone_title="层级督办"),
    greeting="广泰小区 1 号楼・楼栋长，您好",
    heading="请您去看一眼",
    title="1 号楼楼道小广告没人清",
    context="街道综合执法队主办，说好今天 09:50 前办完，还没有回音。",
    question="有人来过吗？",
    answers=(
        Option("working", "有人在办"),
        Option("nobody", "还没人来"),
        Option("done", "已经办好了"),
    ),
    url="/w/2600003050/do/note",
    next_note="您看过就行，不用您催。16:20 前还没动静，网格长接着问。",
    rest_note="志愿岗位，不打分。晚上 10 点到早上 7 点不打扰。",
    ladder=SmallLadder(1, "已报楼栋"),
    hidden=(Hidden("version", "4"),),
    away=ActionButton("send-up", "我今天不在，请网格长看", "/w/2600003050/do/send-up", needs_fields=True),
)
BUILDING_EMPTY = replace(
    BUILDING,
    heading="今天没有要您看的",
    empty=Empty("没有要您看的。", "有到期没办的，会先请您看一眼。"),
    next_note="有事会发到您手机上。",
    ladder=SmallLadder(0, "没逾期"),
    away=None,
    informed=INFORMED,
)
