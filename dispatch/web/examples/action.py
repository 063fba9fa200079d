"""Two pages of fields: a hand-back with what is missing, a result that waits for the net."""

from __future__ import annotations

from dataclasses import replace

from dispatch.web.examples.whistle import FRAME, NUMBER, PAGE, URL
from dispatch.web.models.parts import Field, FieldError, Hidden, Notice, Option, spans, strong
from dispatch.web.models.whistle import ActionPage

HAND_BACK = ActionPage(
    frame=replace(FRAME, back=URL, phone_title="申请退单"),
    heading="申请退单",
    intro=spans("裁定以前还是你单位负责，", strong("钟照走"), "；裁定是终审，一件只能退一次。"),
    whistle_number=NUMBER,
    whistle_title=PAGE.title,
    whistle_url=URL,
    fields=(
        Field("reason", "退单理由", value="在门外，属占道", required=True),
        Field(
            "clause",
            "依据清单哪一条",
            kind="select",
            options=(Option("", "选一条"), Option("101", "101 占道店外经营", selected=True)),
        ),
        Field(
            "to",
            "应由谁办",
            error="写上应由哪个单位办，比如「东柳街道综合执法队」",
            required=True,
        ),
    ),
    errors=(FieldError("to", "写上应由哪个单位办"),),
    submit="申请退单",
    submit_url=f"{URL}/do/hand-back",
    hidden=(Hidden("version", "7"),),
)

RESOLVE = replace(
    HAND_BACK,
    frame=replace(FRAME, back=URL, phone_title="报结"),
    heading="报结",
    intro=spans("报结以后请街道去核查，你的钟停下。没办好会退回，", strong("原来的钟接着走"), "。"),
    fields=(
        Field("reply", "办得怎么样", kind="textarea", hint="写给来访人看得懂的话。", required=True, rows=5),
        Field(
            "done",
            "怎么办的",
            kind="radio",
            options=(
                Option("fixed", "已经办好", "现场看过，照片在下面", selected=True),
                Option("explained", "解释清楚了"),
            ),
        ),
        Field("photo", "照片", kind="file", hint="办后的照片，街道核查时会并排看。"),
    ),
    errors=(),
    submit="报结",
    submit_url=f"{URL}/do/resolve",
    notice=Notice("没有网，草稿在本机", spans("连上以后再发一次，编号那时给您。"), kind="offline"),
)
