"""Text pasted from a chat, a spreadsheet or another system's order, taken apart into the form's fields."""

from __future__ import annotations

import re

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
_WHEN = (
    r"(?:(?:\d{4}[-/年])?\d{1,2}[-/月]\d{1,2}日?[ \t]*|昨天[ \t]*)?(?:上午|下午|晚上)?\d{1,2}[:：]\d{2}(?:[:：]\d{2})?"
)
_SPEAKER = re.compile(rf"^\s*[\[【]?(?P<who>[^\s\d:：\[\]【】]{{1,12}})[\]】]?[ \t]*(?:(?P<when>{_WHEN})|[:：])\s*$")
#: a name and what was said, on one line
_SAID = re.compile(r"^\s*(?P<who>[^\s\d:：，。、；第]{2,8})[:：]\s*(?P<said>\S.*)$")
#: a cell that says where
_WHERE = re.compile("[区路街巷号楼村苑庄栋院门]|单元")
#: the heading of another system's order names the system
_TITLE = re.compile(r"【([^】]*)】")
_MOMENTS = {"occurred_at": "时间", "source_due_at": "期限"}

#: the form's fields, and lines that none of them holds
Found = tuple[dict[str, str], list[str]]


def take_apart(text: str) -> dict[str, str]:
    """The form's fields in a pasted text, `body` among them; empty where it is plain writing.

    Nothing is dropped: what no field can hold stays in the body, in lines of its own (further rows as well, so that
    they can be parted as further problems).
    """
    for found, rest in (_table(text), _labelled(text), _chat(text)):
        if len(found) > 1 and found.get("body", "").strip():
            return _whole(found, rest)
    return {}


def _whole(found: dict[str, str], rest: list[str]) -> dict[str, str]:
    kept: dict[str, str] = {}
    more: list[str] = []
    for name, given in found.items():
        value = given.strip()
        clean, held = _clean(name, value)
        if clean:
            kept[name] = clean
        if not held:
            more.append(f"{_MOMENTS.get(name, '电话')}：{value}")
    return kept | {"body": "\n".join([kept["body"], *more, *(line for line in rest if line.strip())])}


def _clean(name: str, value: str) -> tuple[str, bool]:
    """A value as its field holds it, and whether that is all of it."""
    if name in _MOMENTS:
        at = _moment(value)
        return at, bool(at) and not _TIME.sub("", value, count=1).strip(" :：0123456789秒")
    if name == "reporter_phone":
        phone = _PHONE.search(value)
        return (phone[0], phone[0] == value) if phone else ("", not value)
    return value, True


def _moment(text: str) -> str:
    """As a field of date and time holds it; a date alone, a time that is none: nothing."""
    found = _TIME.search(text)
    if not found or found[4] is None or not (int(found[2]) <= 12 and int(found[4]) <= 23):
        return ""
    year, month, day, hour, minute = (int(one) for one in found.groups())
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}"


def _table(text: str) -> Found:
    """A row of a spreadsheet: under its header, or its cells known by their looks. More rows are the rest."""
    lines = text.strip("\n").split("\n")
    rows = [[cell.strip() for cell in line.split("\t")] for line in lines if "\t" in line]
    if not rows:
        return {}, []
    plain = [line for line in lines if "\t" not in line]
    labels = [cell.strip(" 　*：:") for cell in rows[0]]
    if len(rows) > 1 and sum(label in LABELS for label in labels) > 1:
        found, rest = _by_label(labels, rows[1])
        further = rows[2:]
    else:
        found, rest = _by_looks([cell for cell in rows[0] if cell])
        further = rows[1:]
    return found, [*rest, *(" ".join(cell for cell in row if cell) for row in further), *plain]


def _by_label(labels: list[str], cells: list[str]) -> Found:
    found: dict[str, str] = {}
    rest: list[str] = []
    for place, cell in enumerate(cells):
        label = labels[place] if place < len(labels) else ""
        name = LABELS.get(label)
        if cell and name and name not in found:
            found[name] = cell
        elif cell:
            rest.append(f"{label}：{cell}" if label else cell)
    return found, rest


def _by_looks(cells: list[str]) -> Found:
    found: dict[str, str] = {}
    rest: list[str] = []
    for cell in cells:
        name = ""
        if _PHONE.fullmatch(cell):
            name = "reporter_phone"
        elif _TIME.match(cell) and len(cell) < 24:
            name = "occurred_at"
        elif re.fullmatch(r"[A-Za-z]{0,4}\d[\d-]{5,}", cell):
            name = "source_number"
        if name and name not in found:
            found[name] = cell
        else:
            rest.append(cell)
    for name, fitting in (("body", rest), ("place_text", [cell for cell in rest if _WHERE.search(cell)])):
        left = [cell for cell in fitting if cell in rest]
        if left:
            found[name] = max(left, key=len)
            rest.remove(found[name])
    return found, rest


def _labelled(text: str) -> Found:
    """`标签：值` one after another, on lines or in one."""
    marks = list(_LABELLED.finditer(text))
    found: dict[str, str] = {}
    before = text[: marks[0].start()].strip() if marks else ""
    rest = [before]
    for mark, following in zip(marks, [*marks[1:], None], strict=False):
        value = text[mark.end() : following.start() if following else len(text)].strip(" \t\n；;，,")
        name = LABELS[mark[1]]
        if value and name not in found:
            found[name] = value
        elif value:
            rest.append(f"{mark[1]}：{value}")
    if before and "body" not in found:
        found["body"] = rest.pop(0)
    elif (title := _TITLE.fullmatch(before)) and "source_channel" not in found:
        found["source_channel"] = title[1]
        rest.pop(0)
    return found, rest


def _chat(text: str) -> Found:
    """Lines under the name of whoever wrote them, or behind it; the first who wrote is who tells."""
    lines = [line for line in text.split("\n") if line.strip()]
    said = _said(lines)
    if not said:
        return {}, []
    first = said[0][0]
    parts = [" ".join(one for one in (when, line) if one) if who == first else f"{who}{' ' * bool(when)}{when}：{line}"
             for who, when, line in said]  # fmt: skip
    return {"reporter_name": first, "body": "\n".join(parts).strip()}, []


def _said(lines: list[str]) -> list[tuple[str, str, str]]:
    """Who, when and what, block by block; none where it is no chat."""
    heads = [_SPEAKER.match(line) for line in lines]
    tails = [_SAID.match(line) for line in lines]
    said: list[tuple[str, str, str]] = []
    if lines and heads[0]:
        for line, head in zip(lines, heads, strict=True):
            if head:
                said.append((head["who"], head["when"] or "", ""))
            else:
                who, when, before = said[-1]
                said[-1] = (who, when, "\n".join(one for one in (before, line.strip()) if one))
    elif lines and tails[0] and sum(one is not None for one in tails) > 1:
        for line, tail in zip(lines, tails, strict=True):
            if tail:
                said.append((tail["who"], "", tail["said"].strip()))
            else:
                said[-1] = (said[-1][0], "", f"{said[-1][2]}\n{line.strip()}")
    return said
