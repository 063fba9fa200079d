"""The words on buttons, and those of stages, rungs, lamps and kinds, as tables: one thing has one name everywhere.

The words of a state: `states`.
"""

from __future__ import annotations

from collections.abc import Mapping

from dispatch.web.i18n import N_, _

BUTTONS: Mapping[str, str] = {
    "raise": N_("吹哨"),
    "assign": N_("派单"),
    "reassign": N_("改派"),
    "call": N_("追加单位"),
    "keep": N_("街道自办"),
    "report-in": N_("签收"),
    "arrive": N_("到场报到"),
    "deny-arrival": N_("未到场"),
    "leave": N_("离场"),
    "note": N_("记进展"),
    "resolve": N_("报结"),
    "verify": N_("核查"),
    "verify-yes": N_("核查通过"),
    "verify-no": N_("退回重办"),
    "feedback": N_("答复来源人"),
    "callback": N_("登记回访"),
    "evaluate": N_("评价单位"),
    "close": N_("办结归档"),
    "hand-back": N_("申请退单"),
    "rule": N_("裁定退单"),
    "rule-yes": N_("同意退单并改派"),
    "rule-no": N_("驳回退单"),
    "request-extension": N_("申请延期"),
    "decide-extension": N_("批复延期"),
    "decide-extension-yes": N_("同意"),
    "decide-extension-no": N_("不同意"),
    "request-hold": N_("申请挂账"),
    "decide-hold": N_("批复挂账"),
    "decide-hold-yes": N_("批准"),
    "decide-hold-no": N_("不批准"),
    "resume": N_("恢复办理"),
    "urge": N_("催办"),
    "explain": N_("说明情况"),
    "instruct": N_("批示"),
    "sign-instruction": N_("签收批示"),
    "take-over": N_("提级办理"),
    "send-down": N_("交回办理"),
    "send-up": N_("要街道出面"),
    "consult": N_("发起会商"),
    "decide-consult": N_("批复会商"),
    "decide-consult-yes": N_("同意"),
    "decide-consult-no": N_("不同意"),
    "minutes": N_("会商纪要"),
    "add-child": N_("拆分子单"),
    "merge": N_("并单"),
    "unmerge": N_("撤销并单"),
    "object": N_("对评价提异议"),
    "decide-objection": N_("复核异议"),
    "decide-objection-yes": N_("异议成立"),
    "decide-objection-no": N_("异议不成立"),
    "decide-review": N_("区复核"),
    "decide-review-yes": N_("退回成立"),
    "decide-review-no": N_("办结成立"),
    "reopen": N_("重新办理"),
    "request-cancel": N_("申请撤哨"),
    "decide-cancel": N_("批复撤哨"),
    "decide-cancel-yes": N_("同意"),
    "decide-cancel-no": N_("不同意"),
    "cancel": N_("撤哨"),
    "transfer": N_("转其他街道"),
    "accept-transfer": N_("接收"),
    "decline-transfer": N_("不接收"),
    "withdraw": N_("撤回申请"),
}

BUSY: Mapping[str, str] = {
    "raise": N_("正在吹哨…"),
    "report-in": N_("正在签收…"),
    "arrive": N_("正在报到…"),
    "resolve": N_("正在报结…"),
    "assign": N_("正在派单…"),
}

OUTCOMES: Mapping[str, str] = {
    "dispatch": N_("派单"),
    "self": N_("街道自办"),
    "answer": N_("咨询答复"),
    "relay": N_("转市级"),
    "statutory": N_("引导法定途径"),
    "unmatched": N_("转区调度台"),
}

ROLES: Mapping[str, tuple[str, str]] = {
    "lead": (N_("主办"), N_("主")),
    "assist": (N_("协办"), N_("协")),
    "inform": (N_("知会"), N_("知")),
}

LAMPS: Mapping[str, tuple[str, str]] = {
    "green": (N_("绿 在期"), N_("绿")),
    "yellow": (N_("黄 临期"), N_("黄")),
    "red": (N_("红 逾期"), N_("红")),
    "hold": (N_("停 挂账"), N_("停")),
}

#: what a clock waits for; the same word on a button is another one in English
STAGES: Mapping[str, str] = {
    "dispatch": N_("环节|派单"),
    "reported": N_("环节|签收"),
    "handling": N_("环节|办理"),
    "verification": N_("环节|核查"),
    "answering": N_("环节|答复"),
    "ruling": N_("环节|裁定"),
    "hold": N_("环节|挂账"),
    "total": N_("环节|总时钟"),
}

KINDS: Mapping[str, str] = {
    "appeal": N_("群众诉求"),
    "enforcement": N_("综合执法"),
    "emergency": N_("应急处置"),
}

# rung → words: building and compound, or lane and grid where the place has them
RUNGS: Mapping[int, tuple[str, str]] = {
    1: (N_("楼栋"), N_("街巷")),
    2: (N_("小区"), N_("网格")),
    3: (N_("社区"), N_("社区")),
    4: (N_("街道"), N_("街道")),
    5: (N_("区"), N_("区")),
}
CLIMBED: Mapping[int, tuple[str, str]] = {
    0: (N_("没逾期"), N_("没逾期")),
    1: (N_("已报楼栋"), N_("已报街巷")),
    2: (N_("已报小区"), N_("已报网格")),
    3: (N_("已报社区"), N_("已报社区")),
    4: (N_("已报街道"), N_("已报街道")),
    5: (N_("已报区"), N_("已报区")),
}

#: kinds of requests
REQUESTS: Mapping[str, str] = {
    "hand-back": N_("退单"),
    "extension": N_("延期"),
    "hold": N_("挂账"),
    "cancel": N_("撤哨"),
    "transfer": N_("转街道"),
    "objection": N_("异议"),
    "review": N_("区复核"),
    "consult": N_("会商"),
    "instruction": N_("批示"),
    "take-over": N_("提级办理"),
}
#: what a token may be used for (`sign_in.SCOPES`, `sign_in.EVERYTHING`)
SCOPES: Mapping[str, str] = {
    "*": N_("这个岗位能做的都能做"),
    "read": N_("只读"),
    "raise": N_("吹哨"),
    "act": N_("办理"),
    "admin": N_("管理"),
}


def button(action: str, answer: str = "") -> str:
    """The word on the button; `answer` is yes or no where the action has two. An unknown action shows its
    code.
    """
    return _(BUTTONS.get(f"{action}-{answer}" if answer else action, action))


def busy(action: str) -> str:
    """What the button says while its request is under way."""
    return _(BUSY.get(action, N_("正在办…")))


def scope(code: str) -> str:
    """What a token with this scope may be used for."""
    return _(SCOPES.get(code, code))


def outcome(code: str) -> str:
    """The word for an outcome of routing."""
    return _(OUTCOMES.get(code, code))


def role(code: str, *, short: bool = False) -> str:
    """主办, or 主 in dense lists."""
    return _(ROLES[code][short])


def lamp(code: str, *, short: bool = False) -> str:
    """黄 临期, or 黄 in rows."""
    return _(LAMPS[code][short])


def stage(code: str) -> str:
    """The name of a clock."""
    return _(STAGES.get(code, code)).rpartition("|")[2]


def rung(level: int, *, lane: bool = False) -> str:
    """The name of a rung, 1 to 5; `lane` where the place is a lane in a grid."""
    return _(RUNGS[level][lane])


def climbed(level: int, *, lane: bool = False) -> str:
    """The word beside the small ladder: 已报社区; 没逾期 at 0."""
    return _(CLIMBED[level][lane])
