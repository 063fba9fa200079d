"""A unit's queue, empty and in selection, and a street's list."""

from __future__ import annotations

from dataclasses import replace

from dispatch.web.examples.frames import frame
from dispatch.web.models.parts import (
    ActionButton,
    Empty,
    Figure,
    Lamp,
    NavItem,
    Notice,
    Option,
    Role,
    Ruler,
    SmallLadder,
    Ticking,
    TimeLeft,
    spans,
)
from dispatch.web.models.queue import BulkResult, Chip, FilterMenu, QueuePage, Row, Search, Still, ViewGroup
from dispatch.web.models.saved import SavedFilters

_CLIMBED = {0: "没逾期", 1: "已报街巷", 3: "已报社区", 4: "已报街道"}
# lamp, prefix, figures "3 工时 40 分", share, title, number, place, state, rung
_ROWS: tuple[tuple[str, str, float, str, str, str, str, int], ...] = (
    ("red", "6 工作日 1 工时", 1.2, "联纺路北侧工地裸土未覆盖，刮风扬尘",
     "2600002814", "联纺东街道・工地扬尘", "办理中", 4),
    ("red", "1 工作日 4 工时", 1.1, "广泰小区 5 号楼顶层渗水，报修一个月没人来",
     "2600002068", "东柳街道・渗漏", "办理中", 3),
    ("red", "1 工时 50 分", 1.0, "中华大街与人民路口东北角路面坑洼",
     "2600002638", "人民路街道・路面坑洼", "已签收", 1),
    ("yellow", "5 分", 0.83, "人民路 9 号院外墙开裂，有碎砖掉落",
     "2600003229", "人民路街道・危房 紧急", "待签收", 0),
    ("yellow", "1 工时 08 分", 0.84, "滏东大街一工地夜间渣土未苫盖",
     "2600003093", "东柳街道・工地扬尘", "办理中", 0),
    ("yellow", "1 小时 40 分", 0.93, "丛台路 134 号院门前污水外溢，第二次报",
     "2600003116", "丛台东街道・污水外溢", "返工办理中", 0),
    ("green", "3 工时 40 分", 0.08, "永和里小区 7 号楼天沟渗漏，三户进水",
     "2600003204", "中华街道・渗漏", "待签收", 0),
    ("green", "3 工时 48 分", 0.05, "东门外 4 号院楼顶防水，维修资金未批",
     "2600003212", "丛台西街道・渗漏", "待签收", 0),
    ("yellow", "5 工时 30 分", 0.84, "人民路 212 号门前路面破损，雨后积水",
     "2600002718", "人民路街道・路面坑洼", "延期待批", 0),
    ("green", "1 工作日 1 工时", 0.62, "广泰小区 6 号楼电梯运行抖动，年检标志过期",
     "2600002943", "东柳街道・电梯", "返工办理中", 0),
    ("green", "2 工作日 5 工时", 0.46, "陵西大街辅路检查井周边沉降",
     "2600003010", "中华街道・路面坑洼", "办理中", 0),
    ("green", "6 天 4 小时", 0.59, "光明小区物业撤场，垃圾无人清",
     "2600002488", "光明桥街道・物业", "子单 2/3", 0),
    ("green", "9 天 20 小时", 0.34, "和平北小区 2 号楼加装电梯，一楼住户不同意",
     "2600002662", "人民路街道・加装电梯", "会商中", 0),
    ("hold", "6/30复查", 0.0, "和平北小区西侧路灯杆基座待迁改",
     "2600001887", "人民路街道・物业", "已挂账", 0),
)  # fmt: skip


def row(data: tuple[str, str, float, str, str, str, str, int]) -> Row:
    """One invented row."""
    lamp, said, share, title, number, meta, state, rung = data
    words = said.split(" ")
    late = lamp == "red"
    time = None
    if lamp != "hold":
        figures = tuple(Figure(words[i], words[i + 1]) for i in range(0, len(words), 2))
        tick = Ticking(300, 1781750000, 14400, False) if number == "2600003229" else None
        full = ("已逾期" if late else "剩余") + said.replace(" ", "")
        time = TimeLeft("已逾期" if late else "剩", figures, full, tick=tick)
    quick = None
    if state == "待签收":
        arrive = "危房" in meta
        word = "到场报到" if arrive else "签收"
        action = "arrive" if arrive else "report-in"
        quick = ActionButton(action, word, f"/w/{number}/do/{action}", True, arrive, key="r")
    still = Still(
        ref=f"{number}:3",
        number=number,
        title=title,
        meta=meta.replace(" 紧急", ""),
        url=f"/w/{number}",
        state=state,
        ladder=SmallLadder(rung, _CLIMBED[rung]),
        rest=said if lamp == "hold" else "",
        role=Role.ASSIST if number == "2600002943" else Role.LEAD,
        quick=quick,
        resolve_url=f"/w/{number}/do/resolve" if state == "办理中" else "",
        urgent="紧急" if "紧急" in meta else "",
    )
    selected = number in ("2600003204", "2600003212")
    return Row(still, Lamp(lamp), time, Ruler(share, Lamp(lamp)), selected)


_VIEWS = (
    ViewGroup(
        "住建局",
        (
            NavItem("全部在办", "/queue", True, count="140"),
            NavItem("待签收", "/queue?state=assigned", count="9"),
            NavItem("办理中", "/queue?state=handling", count="88"),
            NavItem("返工", "/queue?state=rework", count="5"),
            NavItem("街道核查中", "/queue?state=resolved", count="26"),
            NavItem("已挂账", "/queue?state=on-hold", count="12"),
        ),
    ),
    ViewGroup(
        "我的视图",
        (
            NavItem("今天到期", "/queue?due=today", count="7"),
            NavItem("东柳街道主办", "/queue?street=130403011", count="19"),
            NavItem("我在协办", "/queue?role=assist", count="43"),
            NavItem("快到汛期的坑洼", "/queue?category=220", count="6"),
        ),
    ),
    ViewGroup(
        "本单位",
        (
            NavItem("评价与异议", "/unit/ratings", count="1"),
            NavItem("代理与值班", "/unit/duty"),
            NavItem("导出 xlsx", "/queue.xlsx"),
        ),
    ),
)

QUEUE = QueuePage(
    frame=replace(frame("待办", "liaison", "住建局・联络员", "待办"), phone_title="住建局・待办"),
    heading="全部在办",
    count="140",
    rows=tuple(row(data) for data in _ROWS),
    owner="住建局",
    views=_VIEWS,
    chips=(
        Chip("全部", "/queue", current=True),
        Chip("红", "/queue?lamp=red", Lamp.RED, "3"),
        Chip("黄", "/queue?lamp=yellow", Lamp.YELLOW, "4"),
        Chip("绿", "/queue?lamp=green", Lamp.GREEN, "121"),
        Chip("停", "/queue?lamp=hold", Lamp.HOLD, "12"),
    ),
    menus=(
        FilterMenu(
            "街道", (NavItem("全部", "/queue", True), NavItem("东柳街道", "/queue?street=130403011", count="19"))
        ),
        FilterMenu("类别", (NavItem("全部", "/queue", True), NavItem("渗漏", "/queue?category=202", count="22"))),
        FilterMenu("主办/协办", (NavItem("全部", "/queue", True), NavItem("主办", "/queue?role=lead", count="97"))),
    ),
    search=Search("/queue", placeholder="搜事项、编号、地点"),
    saved=SavedFilters(
        (
            NavItem("东柳街道主办", "/queue?street=130403011&role=lead"),
            NavItem("快到汛期的坑洼", "/queue?category=220"),
        ),
        next="/queue?lamp=red",
        manage="/account/filters",
    ),
    order="没有单位接手的紧急件在前，其余按到期先后",
    since=NavItem("自 09:40 看过以后：新到 3，退回 1", "/queue?since=0940"),
    bulk=(
        Option("report-in", "签收"),
        Option("note", "记进展"),
        Option("request-extension", "申请延期"),
        Option("export", "导出"),
    ),
    range="1–14 / 140",
    older="/queue?cursor=14",
    select_url="/queue?select=1",
    empty=Empty("没有要您办的。", "有新的哨会出现在这里，也会发到企业微信。"),
)  # fmt: skip

EMPTY = replace(QUEUE, rows=(), count="0")
SELECTING = replace(
    QUEUE,
    selecting=True,
    results=(
        BulkResult("2600003204", "永和里小区 7 号楼天沟渗漏，三户进水", True, "已签收"),
        BulkResult("2600003212", "东门外 4 号院楼顶防水，维修资金未批", False, "09:12 别人已经签收"),
    ),
    frame=replace(
        QUEUE.frame,
        notices=(Notice("办了 2 件：1 件成，1 件没成", spans("没成的写着原因，别的不受影响。"), kind="done"),),
    ),
)

INFORMED = replace(
    QUEUE,
    heading="请来会商、知会的",
    count="",
    rows=tuple(Row(replace(r.still, role=Role.INFORM, quick=None, rest="—")) for r in QUEUE.rows[5:9]),
    bulk=(),
    since=None,
    select_url="",
    state_heading="状态",
    range="1–4",
)

STREET_LIST = replace(
    QUEUE,
    frame=replace(
        frame("我街道的哨", "street", "东柳街道・经办", "我街道的哨", "jd-clerk"), phone_title="东柳街道的哨"
    ),
    heading="我街道的哨",
    count="62",
    owner="",
    views=(),
    bulk=(),
    rows=tuple(
        replace(r, still=replace(r.still, role=None, units="住建局 主办", quick=None), selected=False)
        for r in QUEUE.rows[1:9]
    ),
    state_heading="状态・谁在办",
    since=None,
    select_url="",
    range="1–8 / 62",
)
