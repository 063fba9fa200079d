"""The page of all components."""

from __future__ import annotations

from dataclasses import replace

from dispatch.web.examples import chain, desk, form, queue, rules, whistle
from dispatch.web.examples.frames import frame
from dispatch.web.models.design import DesignPage
from dispatch.web.models.form import SimilarRow
from dispatch.web.models.manage import ManageForm
from dispatch.web.models.parts import (
    ActionButton,
    Empty,
    Field,
    FieldError,
    Figure,
    Ladder,
    Lamp,
    NavItem,
    Notice,
    Option,
    Photo,
    Ruler,
    Rung,
    RungState,
    SmallLadder,
    TimeLeft,
    mark,
    spans,
    strong,
)

NAMES = ("区", "街道", "社区", "小区", "楼栋")


def _time(prefix: str, *words: str) -> TimeLeft:
    figures = tuple(Figure(words[i], words[i + 1]) for i in range(0, len(words), 2))
    return TimeLeft(prefix, figures, prefix + "".join(words))


_GROUND = Ladder(
    (
        *(Rung(name, RungState.LATER) for name in NAMES[:4]),
        Rung("楼栋", RungState.NEXT, "6/22 10:20"),
        Rung("办理中", RungState.PRESENT, "现在"),
    ),
    fill=0.6,
)
_CLIMBED = Ladder(
    (
        Rung("区", RungState.LATER),
        Rung("街道", RungState.NEXT, "6/22 10:20"),
        Rung("社区", RungState.PRESENT, "现在"),
        Rung("小区", RungState.PASSED, "已过"),
        Rung("楼栋", RungState.PASSED, "已过", informed=True),
    ),
    fill=0.6,
)


#: of a street's list, on hold, of what a unit is only informed of
_ROWS = (queue.STREET_LIST.rows[0], queue.QUEUE.rows[-1], queue.INFORMED.rows[0])
#: a question: no units and no time, words to answer with, other categories it might be
_ANSWERED = replace(
    form.PREVIEW,
    figures=(),
    after="不派单，直接答复",
    due=(),
    units=(),
    why=spans("清单 703「低保救助」，命中「", mark("低保"), "」；标题是来问的。"),
    why_title="为什么是答复",
    notices=(Notice("这一类常有现成的答复", spans("先看看合不合用。")),),
    text="低保每月 10 日前申请，当月受理。",
    climb="",
    outcome="咨询答复",
    picks=(Option("703", "703 低保救助"), Option("702", "702 社保人才咨询")),
)
_FORMS = (
    ManageForm("/design", "保存", (Field("position", "岗位"),)),
    ManageForm("/design", "找", (Field("find", "找谁"),), primary=False, method="get"),
    ManageForm("/design", "看一遍", (Field("table", "表格", "file", accept=".xlsx,.csv"),), primary=False, upload=True),
)


def design(pages: tuple[str, ...]) -> DesignPage:
    """The page, linking to the named examples."""
    return DesignPage(
        frame=replace(frame("组件", "", "设计"), identities=frame("", account="xf-liaison").identities),
        expectation=whistle.PAGE.expectation,
        idle=replace(whistle.CONFLICT.expectation, barred=(("已经开始办理，不能再退单", "申请退单"),)),
        answered=_ANSWERED,
        times=(
            _time("剩", "1", "工作日", "1", "工时"),
            _time("剩", "22", "分"),
            _time("已逾期", "1", "工时", "50", "分"),
            _time("剩", "6", "天", "4", "小时"),
        ),
        rulers=(
            ("40%", Ruler(0.4, Lamp.GREEN)),
            ("81%", Ruler(0.81, Lamp.YELLOW)),
            ("逾期", Ruler(1.3, Lamp.RED)),
            ("挂账", Ruler(0.3, Lamp.HOLD)),
        ),
        ladders=(_GROUND, _CLIMBED),
        close=chain.COMMUNITY.items[0].ladder,
        glyphs=tuple((word, SmallLadder(rung, word)) for rung, word in enumerate(("无", *reversed(NAMES)))),
        buttons=(
            ActionButton("note", "记进展", "/design"),
            ActionButton("resolve", "报结", "/design", primary=True),
        ),
        fields=(
            Field("reason", "退单理由", value="在门外，属占道"),
            Field("to", "应由谁办", error="写上应由哪个单位办，比如「东柳街道综合执法队」"),
            Field("text", "办得怎么样", kind="textarea", hint="写给来访人看得懂的话。", rows=2),
            Field("clause", "条款", kind="select", options=(Option("101", "101 占道店外经营"),)),
            Field(
                "answer",
                "解决了吗？",
                kind="radio",
                options=(Option("yes", "解决了", selected=True), Option("no", "没解决", "说一句差在哪")),
            ),
            Field("callback", "来源要求回访", kind="checkbox", value="1"),
            Field(
                "units",
                "协办单位",
                kind="checkboxes",
                options=(Option("ZJ", "住建局", "物业归口", selected=True, side="在办 97"), Option("CG", "城管执法局")),
            ),
            Field(
                "reached",
                "联系上了吗？",
                kind="radio",
                error="请选一个",
                options=(Option("1", "联系上了"), Option("0", "没联系上")),
            ),
            Field("review_on", "复查日", kind="date"),
            Field("table_at", "会商时间", kind="datetime"),
            Field("days", "几天", "number", "3"),
            Field("where", "在哪里", kind="place", source="/places"),
            Field("old", "现在的密码", kind="password", autocomplete="current-password"),
            Field("photo", "照片", kind="file"),
            Field("at", "位置", kind="position", hint="到现场再按。"),
            Field(
                "reply",
                "答复",
                kind="textarea",
                rows=2,
                starts=(Option("done", "已经办好", "您反映的【事】已经办好。"),),
            ),
        ),
        errors=(FieldError("to", "写上应由哪个单位办"),),
        notices=(
            Notice("端午节放假三天", spans("工时不走，", strong("紧急件照走"), "。")),
            Notice("办好了：签收", kind="done"),
            Notice("别人刚办了一步", spans("09:12 住建局已到场。看过再继续，您写的字还在。"), "conflict"),
            Notice("没有网，草稿在本机", spans("连上以后再发一次，编号那时给您。"), "offline"),
            Notice("这一步没办成", spans("数据库暂时连不上，请过一分钟再按一次。"), "error"),
        ),
        units=form.PREVIEW.units + whistle.PAGE.who[2:],
        timeline=whistle.PAGE.timeline[:3],
        photos=(Photo("楼栋长", "6/16 17:02"), Photo("消防", "今天 09:31", "/static/icon.svg", "/design")),
        empty=Empty("没有要您办的。", "有新的哨会出现在这里，也会发到企业微信。"),
        deadline=replace(whistle.DEADLINE, provisional=True),
        desks=(
            replace(desk.UNMATCHED, items=desk.UNMATCHED.items[:2], count="2"),
            replace(desk.UNMATCHED, id="d-nothing", items=(), count="0", note=""),
        ),
        bulk=queue.QUEUE.bulk[:2],
        states=(
            "待签收",
            "已到场·办理中",
            "返工办理中",
            "退单待裁定",
            "已办结",
            "办理中·已延期至 7/31·督办中·有批示待签收",
        ),
        chips=queue.QUEUE.chips,
        menus=queue.QUEUE.menus,
        places=(
            Option("D01-X1", "广泰小区", "东柳街道 › 广泰社区"),
            Option("D01-X1-B3", "3 号楼", "东柳街道 › 广泰社区 › 广泰小区"),
        ),
        dangers=(("", form.EMPTY), ("", form.DANGER), (form.ERRORS.errors[1].message, form.EMPTY)),
        strengths=((0.5, "还差 4 个字符"), (2.4, "够长了，没看出毛病；保存时再和泄露过的密码比一遍")),
        form=replace(
            form.TYPED,
            pasted=True,
            problems=(Option("301", "消防门被锁", "消防救援大队"), Option("110", "楼道灯不亮", "城管局")),
            similar=(
                SimilarRow("3 号楼消防门被锁", "/w/2600001198", "今天 08:20・消防救援大队在办", here=True),
                SimilarRow("2 号楼消防门被锁", "/w/2600001204", "昨天 15:20・消防救援大队在办", "2600001204"),
            ),
        ),
        lost=form.ERRORS,
        strips=(form.RECEIPT_WAITING.strip, form.RECEIPT.strip),
        faults=rules.BROKEN.checked,
        pieces=rules.PIECES,
        looked=rules.LOOK,
        tabs=tuple(replace(tab, current=place == 1) for place, tab in enumerate(rules.TABS)),
        forms=_FORMS,
        rows=tuple(replace(row, selected=place == 1) for place, row in enumerate(queue.QUEUE.rows[2:5])) + _ROWS,
        informed=chain.INFORMED,
        pages=tuple(NavItem(name, f"/design/{name}") for name in pages),
    )
