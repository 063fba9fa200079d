"""The whistle page: the lead's liaison, the street, after a conflict."""

from __future__ import annotations

from dataclasses import replace

from dispatch.web.examples.frames import frame
from dispatch.web.models.form import AssignmentRow
from dispatch.web.models.parts import (
    ActionButton,
    Figure,
    Ladder,
    Lamp,
    NavItem,
    Notice,
    Photo,
    Role,
    Ruler,
    Rung,
    RungState,
    TimeLeft,
    mark,
    spans,
    strong,
)
from dispatch.web.models.whistle import (
    AxisTick,
    Bar,
    ClockRow,
    DayRow,
    Expectation,
    TimelineItem,
    WhistlePage,
    Why,
    WhyDeadline,
)

NUMBER = "2600002943"
URL = f"/w/{NUMBER}"
FRAME = replace(
    frame(f"哨 {NUMBER}", "liaison", "市场监管局・联络员", "待办", "xf-liaison"),
    task=True,
    back="/queue",
    phone_title=f"哨 {NUMBER}",
)


def _button(action: str, label: str, primary: bool = False, fields: bool = True, key: str = "") -> ActionButton:
    return ActionButton(action, label, f"{URL}/do/{action}", primary, fields, key=key)


TIME = TimeLeft(
    "剩",
    (Figure("3", "工时"), Figure("56", "分")),
    "剩余三工时五十六分",
    spans("周一 ", strong("6/22 11:56"), " 到期，端午三天不计"),
)

DEADLINE = WhyDeadline(
    intro="3 个工作日，按丛台区夏令作息（8:30–12:00、14:30–18:00），从派单起算。",
    axis=(
        AxisTick(0.0, "8:30"),
        AxisTick(0.38, "12"),
        AxisTick(0.62, "14:30"),
        AxisTick(0.925, "18"),
    ),
    rows=(
        DayRow("6/15 周一", (Bar(0.73, 0.95, "used"),), "2 工时 19 分", "18:00 下班后"),
        DayRow(
            "6/16 周二",
            (Bar(0.05, 0.38, "used"), Bar(0.38, 0.62, "out"), Bar(0.62, 0.95, "used")),
            "7 工时",
            "午休 2 小时 30 分、夜间",
        ),
        DayRow(
            "6/17 周三",
            (Bar(0.05, 0.22, "used"), Bar(0.22, 0.95, "out")),
            "1 工时 50 分",
            "10:20 起街道核查，钟停",
        ),
        DayRow(
            "6/18 周四",
            (
                Bar(0.05, 0.1, "out"),
                Bar(0.1, 0.38, "used"),
                Bar(0.38, 0.62, "out"),
                Bar(0.62, 0.905, "used"),
                Bar(0.905, 0.95, "left"),
            ),
            "5 工时 55 分",
            "退回前、午休；今天还有 30 分",
        ),
        DayRow("6/19–21", (Bar(0.0, 1.0, "out"),), "0", "端午节放假 3 天"),
        DayRow("6/22 周一", (Bar(0.045, 0.375, "left"),), "还剩 3 工时 26 分", "11:56 到期"),
    ),
    total="21 工时",
    total_note="到今天 10:52 已用 17 工时 04 分",
    source="",
    open=True,
)

LADDER = Ladder(
    (
        Rung("区", RungState.LATER, "7/1 08:56", "调度中心", "发督办单；请主要领导书面说明"),
        Rung("街道", RungState.LATER, "6/26 08:56", "党工委书记", "召集会商；请分管领导"),
        Rung("社区", RungState.LATER, "6/24 08:56", "书记", "成员单位能不能办？请科室负责人"),
        Rung("小区", RungState.LATER, "6/23 08:56", "网格长", "帮着到现场，催代理人"),
        Rung("楼栋", RungState.NEXT, "6/22 11:56", "6 号楼楼栋长", "看看有没有人来，拍张照"),
        Rung("办理中", RungState.PRESENT, "现在在这里", note="市场监管局主办，没有逾期，没有往上报"),
    ),
    fill=0.81,
)

PAGE = WhistlePage(
    frame=FRAME,
    number=NUMBER,
    paper_number=f"丛吹〔2026〕{NUMBER}号",
    title="广泰小区 6 号楼电梯运行抖动，年检标志已过期",
    place="东柳街道 › 广泰社区 › 广泰小区 › 6 号楼",
    meta="电梯隐患年检・12345 转来，要求回访",
    crumbs=(NavItem("待办", "/queue"),),
    expectation=Expectation(
        heading="现在要你做的",
        lamp=Lamp.YELLOW,
        state="返工办理中",
        time=TIME,
        sentence=spans(
            "请重新处理并",
            strong("报结"),
            "，附维保单位复检记录和乘坐照片。街道再退一次，就转区里复核。",
        ),
        ruler=Ruler(0.813, Lamp.YELLOW, "已用 2 工作日 3 工时 04 分", "共 3 工作日（21 工时）"),
        actions=(
            _button("resolve", "报结", primary=True, key="e"),
            _button("note", "记进展"),
            _button("request-extension", "申请延期"),
        ),
        slip_url=f"{URL}/slip",
    ),
    ladder_title="到期没办完，会到谁那里",
    ladder=LADDER,
    timeline=(
        TimelineItem(
            "今天 09:05",
            "东柳街道 退回重办（第 1 次）",
            spans("理由：问题未解决。乘坐 3 次仍抖动，缺维保复检记录。照片 2"),
        ),
        TimelineItem("6/17 10:20", "市场监管局 报结", spans("「已约谈维保单位，更换导靴，运行正常。」")),
        TimelineItem("6/16 14:40", "市场监管局、住建局 到场报到", spans("照片 3")),
        TimelineItem("6/15 16:05", "市场监管局 签收", spans("用了 24 分")),
        TimelineItem("6/15 15:41", "自动派单", spans("清单 204「电梯隐患年检」，第 7 版")),
        TimelineItem("6/15 15:41", "东柳街道 吹哨", spans("来源 12345，要求回访")),
    ),
    who=(
        AssignmentRow(Role.LEAD, "市场监管局", "返工办理中・只考主办"),
        AssignmentRow(Role.ASSIST, "住建局", "已到场"),
        AssignmentRow(Role.INFORM, "消防救援大队", "困人时先打 119"),
    ),
    why=Why(
        "为什么派给你",
        spans(
            "命中「",
            mark("电梯"),
            "」「",
            mark("年检"),
            "」，清单 204 主办市场监管局、协办住建局。法定依据待区权责清单核定。",
        ),
    ),
    clocks=(
        ClockRow("总时钟", "2 天 17 小时", "不重来"),
        ClockRow("办理", "剩 3 工时 56 分", "走着"),
        ClockRow("核查", "5 工时 45 分", "街道用，已停"),
        ClockRow("签收", "24 分", "已应答"),
    ),
    deadline=DEADLINE,
)

STREET = replace(
    PAGE,
    frame=replace(
        frame(f"哨 {NUMBER}", "street", "东柳街道・经办", "待核查", "jd-clerk"),
        task=True,
        back="/street",
        phone_title=f"哨 {NUMBER}",
    ),
    crumbs=(NavItem("待核查", "/street?status=resolved"),),
    expectation=Expectation(
        heading="现在要你做的",
        lamp=Lamp.GREEN,
        state="待核查",
        time=TimeLeft(
            "剩",
            (Figure("1", "工作日"), Figure("2", "工时")),
            "剩余一工作日二工时",
            spans("周五 ", strong("6/19 11:20"), " 到期"),
        ),
        sentence=spans("请去现场坐一趟，看年检标志。", strong("没办好就退回"), "，原来的钟接着走。"),
        ruler=Ruler(0.36, Lamp.GREEN, "已用 5 工时", "共 2 工作日（14 工时）"),
        actions=(
            _button("verify-yes", "核查通过", primary=True, fields=False),
            _button("verify-no", "退回重办"),
            _button("call", "追加单位"),
        ),
        more=(_button("urge", "催办", fields=False), _button("request-cancel", "申请撤哨")),
        slip_url=f"{URL}/slip",
    ),
    body="电梯下行到 3 楼就抖，年检标志是去年的。老人不敢坐。\n12345 来电人要求回访。",
    before=(Photo("网格员", "6/15 15:38"), Photo("网格员", "6/15 15:39")),
    after=(Photo("联络员", "6/17 10:12"),),
    deadline=replace(DEADLINE, open=False, provisional=True, source="出处：示例政策第 3 版"),
)

CONFLICT = replace(
    PAGE,
    frame=replace(
        FRAME,
        notices=(Notice("别人刚办了一步", spans("09:12 住建局已到场。看过再继续，您写的字还在。"), kind="conflict"),),
    ),
    expectation=Expectation(
        heading="现在不用你做什么",
        state="待核查",
        sentence=spans("已报结，等东柳街道核查。退回来会通知你。"),
    ),
    why=None,
    deadline=None,
)
