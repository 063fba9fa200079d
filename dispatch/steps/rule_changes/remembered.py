"""裁定一次，以后照办: a remembered ruling as a first draft of a change to the duty list, for a person to finish."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dispatch.domain.reference import Duty, Reference
from dispatch.steps.reading.marked import BrokenFilesError, Marked, read_marked
from dispatch.steps.rule_changes.written import flow
from dispatch.store.rule_proposals import Draft

#: `words` were added to a duty, a duty is `new`, another unit `leads`; `by-hand`: the text is as it was
What = Literal["words", "new", "leads", "by-hand"]


@dataclass(frozen=True, slots=True)
class Drafted:
    """The text with the ruling in it; `duty` is the entry it is about, if any."""

    text: str
    what: What
    duty: str | None


def drafted(text: str, draft: Draft, reference: Reference, suggested: Sequence[str] = ()) -> Drafted:
    """What the ruling would change.

    Words that no duty knows yet go to the category's duty where the unit leads it, else become a new duty of the
    unit's, as does a ruling without words on what no duty matched (with the words `suggested`, if any); without such
    words the unit takes the lead of the category. Anything else takes a person's thought.
    """
    lead = _general(draft.lead)
    duty = reference.duties.get(draft.category) if draft.category else None
    fresh = [word for word in draft.words if all(word not in one.words for one in reference.duties.duties)]
    try:
        marked = read_marked("duties.yaml", text)
    except BrokenFilesError:
        return Drafted(text, "by-hand", None)
    if fresh and duty is not None and duty.lead == lead:
        return _made(text, _with_words(text, marked, duty, fresh), "words", duty.code)
    if fresh or (not draft.words and duty is None):
        code = _free(reference)
        words = fresh or list(suggested)
        lines = [*_remarks(code, draft, words), _entry(code, lead, draft, words)]
        return _made(text, _with_entry(text, marked, lines), "new", code)
    if duty is not None and duty.lead != lead:
        return _made(text, _with_lead(text, marked, duty, lead), "leads", duty.code)
    return Drafted(text, "by-hand", duty.code if duty else None)


def _made(before: str, after: str, what: What, duty: str) -> Drafted:
    return Drafted(after, what if after != before else "by-hand", duty)


def _general(unit: str) -> str:
    """As the list names it: the squad of one street is the squad of whichever street it is."""
    return unit.split("-", 1)[0] if unit.startswith(("JD-", "SQ-")) else unit


def _free(reference: Reference) -> str:
    return next(code for n in range(1, 10_000) if (code := f"R{n}") not in reference.duties.by_code)


def _entry(code: str, lead: str, draft: Draft, words: list[str]) -> str:
    assist = [unit for unit in dict.fromkeys(_general(one) for one in draft.assist) if unit != lead]
    made = {
        "code": code,
        "name": "、".join(words)[:20] or f"裁定 {draft.number}",
        "lead": lead,
        "assist": assist,
        "outcome": "self" if lead == "JD" else "dispatch",
    }
    return f"- {flow(made | {'kind': 'appeal', 'basis': f'调度台裁定 {draft.number}', 'words': words})}"


def _remarks(code: str, draft: Draft, words: list[str]) -> list[str]:
    """What nobody chose in a new entry, for whoever finishes it."""
    found = [f"# {code} 的时限没有人定过：没写 limit，先照清单缺省（示例）的算；请写上，再删这一行"]
    if not words:
        found.append(f"# {code} 还没有词：请在 words 里写这类事会说的词，没有词什么哨也到不了它；写好删这一行")
    elif not draft.words:
        found.append(f"# {code} 的词是从 {draft.number} 的标题里挑的：请改好，再删这一行")
    return found


def _line_of(marked: Marked, duty: Duty, key: str) -> int | None:
    """The line (from 0) on which a field of a duty stands."""
    rows = marked.data.get("duties") if isinstance(marked.data, dict) else None
    for n, row in enumerate(rows or ()):
        if isinstance(row, dict) and row.get("code") == duty.code:
            found = marked.lines.get(("duties", n, key))
            return found - 1 if found else None
    return None


def _changed(text: str, at: int | None, pattern: str, put: str) -> str:
    """The text with one replacement on one line; as it was where the line is written otherwise."""
    if at is None:
        return text
    lines = text.split("\n")
    lines[at] = re.sub(pattern, lambda found: found.expand(put), lines[at], count=1)
    return "\n".join(lines)


def _with_words(text: str, marked: Marked, duty: Duty, words: list[str]) -> str:
    added = ", ".join(flow(word) for word in words).replace("\\", r"\\")
    return _changed(text, _line_of(marked, duty, "words"), r"words:\s*\[", rf"words: [{added}, ")


def _with_lead(text: str, marked: Marked, duty: Duty, lead: str) -> str:
    at = _line_of(marked, duty, "lead")
    made = _changed(text, at, rf"\blead:\s*{re.escape(duty.lead)}\b", f"lead: {lead}")
    if lead in duty.assist:  # the one that led assists now
        made = _changed(made, _line_of(marked, duty, "assist"), rf"(assist:[^\]]*)\b{lead}\b", rf"\g<1>{duty.lead}")
    return made


def _with_entry(text: str, marked: Marked, entry: Sequence[str]) -> str:
    first = marked.lines.get(("duties", 0))
    if first is None:
        return text
    lines = text.split("\n")
    dash = lines[first - 1]
    indent = dash[: len(dash) - len(dash.lstrip())]
    if not dash.lstrip().startswith("-"):
        return text
    return "\n".join([*lines[: first - 1], *(indent + line for line in entry), *lines[first - 1 :]])
