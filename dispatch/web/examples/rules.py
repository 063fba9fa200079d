"""The rules as text: a change as it is written, with faults, and as it waits for a second person."""

from __future__ import annotations

from dataclasses import replace

from dispatch.web.examples.frames import frame
from dispatch.web.models.letters import Told
from dispatch.web.models.parts import Field, FieldError, Hidden, NavItem, mark, spans, strong
from dispatch.web.models.rules import (
    ChangedEntry,
    Checked,
    DiffLine,
    Foreseen,
    Looked,
    MovedRow,
    RulesChangePage,
    RulesEditPage,
    TextFault,
)

TABS = (
    NavItem("清单与规则", "/rules"),
    NavItem("权责清单", "/rules/duties/history"),
    NavItem("时限与政策", "/rules/policies/history"),
    NavItem("险情词与回避词", "/rules/words/history"),
)
_TEXT = """duties:
  # ---- 3 消防与安全生产 ----
  - {code: "301", name: 消防通道锁堵, lead: ZJ, assist: [XF, JD], outcome: dispatch, kind: emergency, limit: 2h,
     words: [消防通道, 消防门, 锁, 堵]}
"""
PIECES = (
    (
        DiffLine(" ", 118, spans("  # ---- 3 消防与安全生产 ----")),
        DiffLine("-", 119, spans('  - {code: "301", name: 消防通道锁堵, lead: ', mark("XF"), ", assist: [ZJ, JD]")),
        DiffLine("+", 119, spans('  - {code: "301", name: 消防通道锁堵, lead: ', mark("ZJ"), ", assist: [XF, JD]")),
    ),
)
LOOK = Looked(
    "和第 4 版（现行）的差别",
    (
        ChangedEntry(
            "301 消防通道锁堵", (spans("主办：消防 → ", strong("住建")), spans("词： 加 ", strong("「防火门」")))
        ),
        ChangedEntry("R1 天沟", (spans(strong("新的"), " 主办 城管；时限 1 天；词 天沟"),)),
    ),
    pieces=PIECES,
    foreseen=Foreseen(
        spans("看了 312 件，", strong("9 件会派到别处"), "，另有 2 件只是协办不同。"),
        (
            MovedRow(
                "2600003173", "广泰小区3号楼楼道消防门被锁", "消防（301 消防通道锁堵）", "住建（301 消防通道锁堵）"
            ),
            MovedRow("2600003077", "（已封存）打开才看得见", "转区调度台", "城管（R1）"),
        ),
        more="只列了 2 件。",
        retimed=(spans("办理：2 小时 → ", strong("4 小时"), "，12 件（2600003173等）"),),
        notes=("和现行规则比，不看后来人工改派；批准后只管新的哨，在办的不变。",),
    ),
)

EDIT = RulesEditPage(
    frame=frame("改权责清单", "desk", "区调度中心・调度员", "清单与规则", "desk"),
    heading="改权责清单",
    note=spans("照第 4 版改。提交后由另一个人定；定了才生效，只管新的哨。"),
    text=Field("text", "权责清单", "textarea", _TEXT, "和文件里一样写：# 后面是注释。", rows=12),
    url="/rules/duties",
    check_url="/rules/duties/check",
    hidden=(Hidden("base", "4"),),
    look=LOOK,
    reason=Field("reason", "为什么要改", hint="和您的名字一起留在历史里。", required=True),
    tabs=TABS,
)

BROKEN = replace(
    EDIT,
    look=None,
    reason=None,
    errors=(FieldError("text", "文字有 2 处要改"),),
    checked=Checked(
        "有 2 处要改，改好才能提交",
        (
            TextFault(3, "lead", "ZZ", "是不是 ZJ？", '- {code: "301", name: 消防通道锁堵, lead: ZZ'),
            TextFault(3, "limit", "2 小时", "应是数加单位：m 分、h 小时、d 天、wh 工时、wd 工作日，如 4wh"),
        ),
    ),
)

CHANGE = RulesChangePage(
    frame=frame("权责清单", "desk", "区调度中心・调度员", "清单与规则", "desk"),
    heading="权责清单",
    state="等第二个人定",
    told=(
        Told("改什么", "权责清单：照第 4 版改"),
        Told("谁提的", "示例调度员甲・今天 10:20"),
        Told("为什么", "消防说楼道门归物业，改由住建牵头"),
    ),
    look=LOOK,
    url="/rules/proposal/1",
    reason=Field("reason", "怎么说（不同意要写理由）"),
    buttons=(
        NavItem("同意，马上生效", "/rules/proposal/1/approve", current=True),
        NavItem("不同意", "/rules/proposal/1/decline"),
    ),
    links=(NavItem("照这个再改", "/rules/duties?proposal=1"),),
    text=_TEXT,
    tabs=TABS,
)
