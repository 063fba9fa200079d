"""Text pasted from a chat, a spreadsheet or another system's order, taken apart into the form's fields."""

from __future__ import annotations

import re
from collections.abc import Iterable

#: what the columns and labels of such texts are called → the form's field
LABELS: dict[str, str] = {
    word: field
    for field, words in {
        "body": "内容 诉求内容 反映内容 问题描述 问题 事项 诉求 描述 事由 什么事 主要内容",
        "place_text": "地址 地点 位置 事发地址 事发地点 诉求地址 在哪里",
        "reporter_name": "姓名 来电人 诉求人 联系人 反映人 来访人 市民姓名",
        "reporter_phone": "电话 联系电话 来电号码 手机 手机号 联系方式",
        "source_number": "工单编号 编号 工单号 受理编号 单号 流水号",
        "source_due_at": "办理时限 截止时间 要求办结时间 办结时限 期限",
        "occurred_at": "时间 发生时间 来电时间 受理时间 反映时间",
        "source_channel": "来源 渠道 诉求来源",
    }.items()
    for word in words.split()
}
_LABELLED = re.compile(rf"(?:^|[\n\t；;，,。 ])\s*【?({'|'.join(sorted(LABELS, key=len, reverse=True))})】?\s*[:：]")
_TIME = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?[ T]*(?:(\d{1,2})[:：时](\d{1,2}))?")
_PHONE = re.compile(r"(?<!\d)(?:1[3-9]\d{9}|0\d{2,3}-?\d{7,8})(?!\d)")
_SPEAKER = re.compile(
    r"^\s*[\[【]?(?P<who>[^\s\d:：\[\]【】]{1,12})[\]】]?[ \t]*"
    r"(?:(?:\d{4}[-/年]\d{1,2}[-/月]\d{1,2}日?[ \t]*)?(?:上午|下午|晚上)?\d{1,2}[:：]\d{2}(?:[:：]\d{2})?|[:：])\s*$"
)
_MOMENTS = ("occurred_at", "source_due_at")


def take_apart(text: str) -> dict[str, str]:
    """The form's fields in a pasted text, `body` among them; empty where it is plain writing."""
    for found in (_table(text), _labelled(text), _chat(text)):
        if len(found) > 1 and found.get("body", "").strip():
            return {name: value for name, value in map(_clean, found.items()) if value}
    return {}


def _clean(pair: tuple[str, str]) -> tuple[str, str]:
    name, value = pair[0], pair[1].strip()
    if name in _MOMENTS:
        return name, _moment(value)
    if name == "reporter_phone":
        phone = _PHONE.search(value)
        return name, phone[0] if phone else ""
    return name, value


def _moment(text: str) -> str:
    """As a field of date and time holds it; a date alone, a time that is none: nothing."""
    found = _TIME.search(text)
    if not found or found[4] is None or not (int(found[2]) <= 12 and int(found[4]) <= 23):
        return ""
    year, month, day, hour, minute = (int(one) for one in found.groups())
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}"


def _table(text: str) -> dict[str, str]:
    """A row copied out of a spreadsheet: under its header, or its cells known by their looks."""
    rows = [line.split("\t") for line in text.strip("\n").split("\n") if "\t" in line]
    if not rows:
        return {}
    header = [LABELS.get(cell.strip(" 　*：:")) for cell in rows[0]]
    if len(rows) > 1 and sum(one is not None for one in header) > 1:
        return {name: cell for name, cell in zip(header, rows[1], strict=False) if name and cell.strip()}
    return _by_looks([cell.strip() for cell in rows[0] if cell.strip()])


def _by_looks(cells: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    rest: list[str] = []
    for cell in cells:
        if _PHONE.fullmatch(cell):
            found.setdefault("reporter_phone", cell)
        elif _TIME.match(cell) and len(cell) < 24:
            found.setdefault("occurred_at", cell)
        elif re.fullmatch(r"[A-Za-z]{0,4}\d[\d-]{5,}", cell):
            found.setdefault("source_number", cell)
        else:
            rest.append(cell)
    if rest:
        found["body"] = max(rest, key=len)
    return found


def _labelled(text: str) -> dict[str, str]:
    """`标签：值` one after another, on lines or in one."""
    marks = list(_LABELLED.finditer(text))
    found: dict[str, str] = {}
    for mark, following in zip(marks, [*marks[1:], None], strict=False):
        value = text[mark.end() : following.start() if following else len(text)].strip(" \t\n；;，,")
        if value:
            found.setdefault(LABELS[mark[1]], value)
    before = text[: marks[0].start()].strip() if marks else ""
    if marks and "body" not in found and before:
        found["body"] = before
    return found


def _chat(text: str) -> dict[str, str]:
    """Lines under the name of whoever wrote them; the first who wrote is who tells."""
    lines = text.strip().split("\n")
    speakers = [_SPEAKER.match(line) for line in lines]
    if not speakers[0]:
        return {}
    said: Iterable[str] = (line.strip() for line, who in zip(lines, speakers, strict=True) if who is None)
    return {"reporter_name": speakers[0]["who"], "body": "\n".join(line for line in said if line)}
