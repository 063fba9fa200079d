"""The form (typed, with errors), the check page, the receipt."""

from __future__ import annotations

from dataclasses import replace

from dispatch.web.examples.frames import frame
from dispatch.web.models.form import (
    AssignmentRow,
    CheckPage,
    FormPage,
    NextStep,
    Phone,
    PlaceFound,
    Preview,
    Recap,
    ReceiptPage,
    Strip,
    StripStep,
)
from dispatch.web.models.parts import (
    Field,
    FieldError,
    Figure,
    Hidden,
    Option,
    Role,
    link,
    mark,
    spans,
    strong,
)
from dispatch.web.say import spoken_number

_FRAME = replace(frame("吹哨", "street", "东柳街道・经办", "吹哨", "jd-clerk"), task=True, back="/", phone_title="吹哨")
PHONES = (
    Phone("报警", "110", "tel:110"),
    Phone("火警", "119", "tel:119"),
    Phone("急救", "120", "tel:120"),
    Phone("抢修电话", "", "tel:12345", (Phone("供水", "0310-0000001", "tel:0310-0000001"),)),
)
CATEGORIES = (
    Option("301", "301 消防通道锁堵"),
    Option("302", "302 电动车入楼"),
    Option("201", "201 物业服务"),
)
UNITS = (Option("XF", "消防救援大队"), Option("ZJ", "住建局"), Option("JD-130403011", "东柳街道综合执法队"))
MORE = (
    Field(
        "source_channel",
        "来源",
        kind="select",
        options=(
            Option("主动发现", "主动发现", selected=True),
            Option("12345", "12345"),
            Option("群众来访", "群众来访"),
        ),
    ),
    Field("source_number", "来源编号", hint="有就写，回访时对得上。"),
    Field("source_due_at", "来源要求的期限", kind="datetime"),
    Field("callback_required", "来源要求回访", kind="checkbox"),
    Field("reporter_name", "来访人怎么称呼"),
    Field("reporter_phone", "来访人电话", hint="只有经办人看得见。"),
    Field("occurred_at", "什么时候发生的", kind="datetime"),
)

PREVIEW = Preview(
    figures=(Figure("2", "小时"),),
    after="内办完",
    due=spans("今天 ", strong("11:14"), " 到期・紧急件，午休也算"),
    units=(
        AssignmentRow(Role.LEAD, "消防救援大队", "24 小时值守・30 分钟内到场"),
        AssignmentRow(Role.ASSIST, "住建局", "物业归口"),
        AssignmentRow(Role.ASSIST, "东柳街道综合执法队", "本街道"),
    ),
    why=spans(
        "清单 301「消防通道锁堵」，命中「",
        mark("消防门"),
        "」「",
        mark("锁"),
        "」。依据《消防法》第二十八条；时限为示例。",
    ),
    climb="楼栋长、网格长马上知会；到点没人来，社区书记先问，再过 10 分钟到街道，再过 20 分钟到区",
    outcome="派单",
    short="消防救援大队 主办",
    short_note="30 分到场・11:14 到期",
)

CALLED = tuple(Option(one, one) for one in ("110", "119", "120", "抢修"))
EMPTY = FormPage(
    _FRAME,
    phones=PHONES,
    called=CALLED,
    categories=CATEGORIES,
    units=UNITS,
    more=MORE,
    idempotency_key="example-0",
)
TYPED = replace(
    EMPTY,
    body="广泰小区3号楼楼道消防门被锁",
    place=PlaceFound("130403011-D01-G1-P3", "广泰小区 3 号楼", "东柳街道 › 广泰社区 › 广泰小区 › 3 号楼"),
    nearby=spans(
        "这里 30 天内另有 1 条：",
        link("2 号楼楼道堆放电动车", "/w/2600001204"),
        "，6 月 9 日已归档。不是同一件就不用管。",
    ),
    preview=PREVIEW,
)
#: danger, with the fire brigade told before the whistle was blown
DANGER = replace(
    TYPED,
    body="广泰小区3号楼冒烟，楼道消防门被锁",
    danger="yes",
    danger_words="您写到了「冒烟」。",
    called=tuple(replace(one, selected=one.value == "119") for one in CALLED),
    called_at="09:11",
)
ERRORS = replace(
    EMPTY,
    place_text="广泰",
    place_options=(
        Option("130403011-D01", "广泰社区", "东柳街道"),
        Option("130403011-D01-G1", "广泰小区", "东柳街道 › 广泰社区"),
    ),
    errors=(
        FieldError("body", "写上什么事，一句话也行"),
        FieldError("danger", "答一下现在有没有危险"),
    ),
    more_open=True,
    choose_open=True,
)

CHECK = CheckPage(
    frame=replace(_FRAME, back="/whistle", phone_title="再看一眼"),
    recap=(
        Recap("什么事", "广泰小区3号楼楼道消防门被锁"),
        Recap("在哪里", "东柳街道 › 广泰社区 › 广泰小区 › 3 号楼"),
        Recap("现在有危险吗", "没有危险"),
        Recap("来源", "主动发现"),
    ),
    preview=PREVIEW,
    hidden=(Hidden("body", "广泰小区3号楼楼道消防门被锁"), Hidden("idempotency_key", "example-0")),
)

_NUMBER = "2600003173"
RECEIPT = ReceiptPage(
    frame=replace(_FRAME, title="回执", phone_title="回执", back="/whistle"),
    paper_prefix="丛吹〔2026〕",
    groups=("26", "0000", "3173"),
    spoken=spoken_number(_NUMBER),
    title="广泰小区 3 号楼楼道消防门被锁",
    place="东柳街道 › 广泰社区 › 广泰小区 › 3 号楼",
    at="2026年6月18日（周四）09:14:07",
    strip=Strip(
        (
            StripStep("6", "已入库", "一笔事务，已落盘"),
            StripStep("11", "主题 whistles.raised", "分区 2・位移 18441"),
            StripStep("19", "已派出", "进了 3 家的待办"),
        ),
        url=f"/w/{_NUMBER}/strip",
        done=True,
    ),
    who=(
        AssignmentRow(Role.LEAD, "消防救援大队", "待签收・09:44 前到场"),
        AssignmentRow(Role.ASSIST, "住建局", "待签收"),
        AssignmentRow(Role.ASSIST, "东柳街道综合执法队", "待签收"),
    ),
    who_empty="正在按清单派单，几秒钟就好。",
    next=(
        NextStep("09:44 前", spans("消防救援大队到场。没到，广泰社区书记接着问；楼栋长、网格长已经知会。")),
        NextStep("11:14 前", spans("办完、报结。")),
        NextStep("报结以后", spans("请你去现场核查。没办好就退回，", strong("原来的钟接着走"), "。")),
    ),
    url=f"/w/{_NUMBER}",
    link=f"http://example.test/w/{_NUMBER}",
    slip_url=f"/w/{_NUMBER}/slip",
)
RECEIPT_WAITING = replace(
    RECEIPT,
    strip=Strip(
        (
            StripStep("6", "已入库", "一笔事务，已落盘"),
            StripStep("", "主题 whistles.raised", "还没发出"),
            StripStep("", "已派出", "还没进待办"),
        ),
        url=f"/w/{_NUMBER}/strip",
        done=False,
    ),
    who=(),
)
