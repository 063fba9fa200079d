"""The English catalog: find the messages in code and templates, keep the .po in step.

`python -m dispatch.web.catalog` adds new messages with an empty translation (to be filled in by hand), drops those
no longer said; a test fails while any message has no English.
"""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from dispatch.domain import reasons

CHINESE = re.compile("[\u3000-\u9fff\uff00-\uffef]")
WEB = Path(__file__).parent
PO = WEB / "locale" / "en" / "LC_MESSAGES" / "messages.po"
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}
#: refusals are said by what raises them: rules, steps, pages
REFUSALS: dict[str, tuple[int, ...] | None] = {
    **dict.fromkeys(("Refusal", "Invalid", "NotFound", "NotNow", "Forbidden", "Stale", "__init__")),
    **dict.fromkeys(("need", "moment"), (3,)),
}
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
STEPS = WEB.parent / "steps"
#: what is wrong in the rules' text, and what to do, as the loader says it
FAULTS: dict[str, tuple[int, ...] | None] = {"wrong": (3,), "FileError": (5,)}
FAULTING = [(f"{name}.py", "python") for name in ("reading/cursor", "reading/marked", "reading/rules")]
FAULTING.append(("rule_changes/texts.py", "python"))
OPTIONS = {"templates/**.html": {"trimmed": "true", "silent": "false"}}


def messages() -> list[str]:
    """Every message id in code and templates and every refusal, in order of first appearance, once."""
    found: dict[str, None] = {}
    rows = [
        *extract_from_dir(WEB, METHODS, OPTIONS, KEYWORDS),
        *extract_from_dir(STEPS, FAULTING, {}, FAULTS),
    ]
    for _file, _line, message, _comments, _context in rows:
        for one in message if isinstance(message, tuple) else (message,):
            if one:
                found.setdefault(one)
    for _file, _line, message, _comments, _context in extract_from_dir(WEB.parent, [("**.py", "python")], {}, REFUSALS):
        if isinstance(message, str) and CHINESE.search(message):
            found.setdefault(message)
    for sentence in reasons.SENTENCES:
        found.setdefault(sentence)
    return list(found)


def read() -> Catalog:
    """The catalog as committed."""
    with PO.open("rb") as file:
        return read_po(file, locale="en")


def refresh() -> list[str]:
    """Write the .po anew; returns the messages that have no English yet."""
    old = read()
    stamp = datetime(2026, 1, 1, tzinfo=UTC)
    new = Catalog(
        locale="en",
        fuzzy=False,
        project="dispatch",
        version="1",
        creation_date=stamp,
        revision_date=stamp,
        header_comment="# English words of the pages; the message ids are the Chinese sentences.",
    )
    for message in messages():
        kept = old.get(message)
        new.add(message, kept.string if kept else "")
    with PO.open("wb") as file:
        write_po(file, new, width=110, omit_header=False)
    return [str(m.id) for m in new if m.id and not m.string]


if __name__ == "__main__":
    for missing in refresh():
        sys.stdout.write(f"no English yet: {missing}\n")
