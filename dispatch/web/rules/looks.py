"""What a change says and would do, as the pages show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dispatch.domain.reference import Reference
from dispatch.steps.reading.marked import FileError
from dispatch.steps.rule_changes import compared
from dispatch.steps.rule_changes.compared import Change, Line
from dispatch.steps.rule_changes.preview import COUNTED, Decided, Moved, Preview, Retimed
from dispatch.web import words as said_of
from dispatch.web.i18n import _
from dispatch.web.models.parts import Span, Text, link, mark, spans, strong
from dispatch.web.models.rules import ChangedEntry, Checked, DiffLine, Foreseen, Looked, MovedRow, TextFault
from dispatch.web.rules import words

#: so many entries and lines of the comparison are shown
ENTRIES, LINES = 60, 600
FAULTS = 50
#: characters of a wrong line
EXCERPT = 40


def checked(text: str, faults: Sequence[FileError], entries: int = 0) -> Checked:
    """The faults of a text, or how many entries differ from what is in force."""
    if faults:
        said, lines = _("有 %(n)s 处要改，改好才能提交", n=len(faults)), text.splitlines()
        return Checked(said, tuple(fault(one, lines) for one in faults[:FAULTS]))
    return Checked(_("读得通，改了 %(n)s 处", n=entries) if entries else _("读得通，说的和现行的一样"))


def fault(one: FileError, lines: Sequence[str] = ()) -> TextFault:
    """One fault as the page says it, with the beginning of its line."""
    template = _(one.template or one.remedy)
    said = template.format(**one.params) if one.params else template
    shown = lines[one.line - 1].strip()[:EXCERPT] if one.line <= len(lines) else ""
    return TextFault(one.line, one.field.rsplit("/", 1)[-1], one.value, said, shown)


def differing(old: Mapping[str, Any], new: Mapping[str, Any], reference: Reference) -> int:
    """How many entries differ."""
    return len(entries(compared.compare(old, new), new, reference))


def looked(
    title: str,
    old: tuple[str, Mapping[str, Any]],
    new: tuple[str, Mapping[str, Any]],
    reference: Reference,
    found: Preview | None = None,
) -> Looked:
    """Two versions (text and document each) side by side."""
    changes = compared.compare(old[1], new[1])
    rows = entries(changes, new[1], reference)
    if not rows and old[0] != new[0]:
        rows = [ChangedEntry(_("注释和写法"), (spans(_("说的和现行的一样，只是注释或写法不同。")),))]
    pieces = compared.lines(old[0], new[0])
    kept: list[tuple[DiffLine, ...]] = []
    left = LINES
    for piece in pieces:
        kept.append(tuple(_line(line) for line in piece[:left]))
        left -= len(piece)
        if left <= 0:
            break
    more = _("还有 %(n)s 项", n=len(rows) - ENTRIES) if len(rows) > ENTRIES else ""
    shown = foreseen(found, reference) if found else None
    return Looked(title, tuple(rows[:ENTRIES]), more, tuple(kept), shown)


def _line(line: Line) -> DiffLine:
    number = line.new if line.old is None else line.old
    parts = tuple(mark(text) if differs else Span(text) for text, differs in line.parts)
    return DiffLine(line.sign, number or 0, parts)


# ── what it says ─────────────────────────────────────────────────────────────────────────────────
def entries(changes: Sequence[Change], new: Mapping[str, Any], reference: Reference) -> list[ChangedEntry]:
    """The differences by entry: by duty, by policy, else by field."""
    groups: dict[tuple[str, ...], list[Change]] = {}
    for change in changes:
        many = change.path[0] in ("duties", "policies") and len(change.path) > 1
        groups.setdefault(change.path[: 2 if many else 1], []).append(change)
    names = {row["code"]: row["name"] for row in new.get("duties") or new.get("policies") or ()}
    return [_entry(key, group, names, reference) for key, group in groups.items()]


def _entry(
    key: tuple[str, ...], group: Sequence[Change], names: Mapping[str, str], reference: Reference
) -> ChangedEntry:
    if len(key) == 1:
        said = tuple(_sentence(one.path[1:] or one.path, one, reference) for one in group)
        return ChangedEntry(words.field(key) or key[0], said)
    named = next((one for one in group if one.path[2:] == ("name",)), None)
    if named is not None and named.new is None:
        return ChangedEntry(f"{key[1]} {named.old}", (spans(_("去掉了")),))
    title = f"{key[1]} {names.get(key[1], '')}"
    if named is not None and named.old is None:
        shown = ("lead", "assist", "outcome", "kind", "limit", "words")
        parts = [one for one in group if one.path[2] in shown and one.new not in (None, "", ())]
        told = words.listed(
            words.told(words.field(one.path[2:]), words.value(one.path, one.new, reference)) for one in parts
        )
        wordless = not any(one.path[2] == "words" and one.new for one in group) and key[0] == "duties"
        warned = (spans(strong(_("没有词：没有哨会自己到这一项，只有人选了它才到。"))),) if wordless else ()
        return ChangedEntry(title, (spans(strong(_("新的")), " ", told), *warned))
    return ChangedEntry(title, tuple(_sentence(one.path[2:], one, reference) for one in group))


def _sentence(path: tuple[str, ...], change: Change, reference: Reference) -> Text:
    name = words.field(path)
    old, new = change.old, change.new
    if isinstance(old, tuple) and isinstance(new, tuple) and set(old) != set(new):
        put = [one for one in new if one not in old]
        took = [one for one in old if one not in new]
        parts: list[str | Span] = [words.told(name, "")]
        for label, some in ((_("加"), put), (_("去"), took)):
            if some:
                shown = words.listed(words.value(path, one, reference) for one in some)
                parts += [f" {label} ", strong(shown)]
        return spans(*parts)
    before, after = words.value(path, old, reference), words.value(path, new, reference)
    return spans(words.told(name, f"{before} → "), strong(after))


# ── what it would have done ──────────────────────────────────────────────────────────────────────
def foreseen(found: Preview, reference: Reference) -> Foreseen:
    """The preview in words."""
    rows = tuple(_moved(one, reference) for one in found.moved)
    listed = len(found.moved)
    there = found.elsewhere + found.assist_only
    more = _("只列了 %(n)s 件。", n=listed) if listed < there else ""
    return Foreseen(_headline(found), rows, more, tuple(_retimed(one) for one in found.retimed), tuple(_notes(found)))


def _headline(found: Preview) -> Text:
    if not found.looked:
        return spans(_("没有可看的哨。"))
    if not found.elsewhere and not found.assist_only:
        return spans(_("看了 %(n)s 件，去处都不变。", n=found.looked))
    parts: list[str | Span] = [_("看了 %(n)s 件，", n=found.looked), strong(_("%(n)s 件会派到别处", n=found.elsewhere))]
    parts.append(_("，另有 %(n)s 件只是协办不同。", n=found.assist_only) if found.assist_only else _("。"))
    return spans(*parts)


def _notes(found: Preview) -> list[str]:
    notes = []
    if not found.complete:
        total = _("%(n)s 件以上", n=COUNTED) if found.there_are >= COUNTED else _("%(n)s 件", n=found.there_are)
        notes.append(_("只看了最近的一部分：这 30 天共有 %(total)s，时间不够全看。", total=total))
    if found.named:
        notes.append(_("另有 %(n)s 件是街道自己点名单位的，不按清单走。", n=found.named))
    if found.erased:
        notes.append(_("另有 %(n)s 件的文字已到期清除，看不了。", n=found.erased))
    notes.append(_("和现行规则比，不看后来人工改派；批准后只管新的哨，在办的不变。"))
    return notes


def _moved(one: Moved, reference: Reference) -> MovedRow:
    title = one.title if one.title is not None else _("（已封存）打开才看得见")
    return MovedRow(str(one.number), title, _decided(one.old, one, reference), _decided(one.new, one, reference))


def _decided(one: Decided, moved: Moved, reference: Reference) -> str:
    lead = words.unit(one.lead, reference) if one.lead else ""
    duty = reference.duties.get(one.duty) if one.duty else None
    parts = [said_of.outcome(one.outcome) if one.outcome != "dispatch" or not lead else "", lead]
    if not moved.elsewhere:
        others = words.listed(words.unit(code, reference) for code in one.assist)
        parts.append(_("协办 %(units)s", units=others or _("没有")))
    where = "・".join(part for part in parts if part)
    return words.aside(where, f"{one.duty} {duty.name if duty else ''}".strip() if one.duty else "")


def _retimed(one: Retimed) -> Text:
    stage = _("逐级往上走的等候") if one.stage == "waits" else said_of.stage(one.stage)
    parts: list[str | Span] = [
        words.told(stage, f"{words.limit(one.old)} → "),
        strong(words.limit(one.new)),
        _("，%(n)s 件，如 ", n=one.count),
    ]
    for place, number in enumerate(one.numbers):
        parts += [_("、") if place else "", link(str(number), f"/w/{number}")]
    return spans(*parts)
