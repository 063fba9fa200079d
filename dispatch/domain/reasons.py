"""Why an act is not possible in a status, in a sentence: what must have happened first, or is over."""

from dispatch.domain.case import ANSWERED, CLOSED, ENDED, LOCAL, MERGED, ON_HOLD, RAISED, RESOLVED, VERIFIED

_STANDS = {
    RAISED: "正在按清单派单",
    "at-desk": "还在区调度台等派单",
    LOCAL: "还没成为哨，社区在先办",
    "assigned": "已经派给单位，还没开始办理",
    "handling": "单位正在办理",
    RESOLVED: "单位已经报结，等街道核查",
    VERIFIED: "已经核查通过，等答复来源人",
    ANSWERED: "已经答复来源人",
    CLOSED: "已经办结归档",
    "cancelled": "已经撤哨",
    MERGED: "已经并到另一件，随那一件办理",
    ON_HOLD: "已经挂账，钟停着",
}
#: action → what it waits for
_WHEN = {
    "verify": "单位报结以后才能核查",
    "feedback": "核查通过以后才能答复来源人",
    "callback": "答复来源人以后才能登记回访",
    "evaluate": "核查通过以后才能评价",
    "object": "街道评价以后才能提异议",
    "close": "答复来源人以后才能办结",
    "resume": "挂账的才能恢复办理",
    "unmerge": "并走的才能撤销并单",
    "reopen": "答复以后来源人不满意，才能重新办理",
    "decide-review": "第二次退回以后才由区里复核",
}


_TAKEN = "这件已经吹哨，由街道和单位在办"
_NOT_SO = "现在不能这样办"
#: everything that is said here, for whoever says it in another language
SENTENCES = (*_STANDS.values(), *_WHEN.values(), _TAKEN, _NOT_SO)


def not_in(action: str, status: str) -> tuple[str, str]:
    """Where it stands, and what the act waits for."""
    if action == "resolve" and status in (RAISED, "at-desk"):
        return _TAKEN, _NOT_SO
    return _STANDS[status], _WHEN[action] if action in _WHEN and status not in ENDED else _NOT_SO
