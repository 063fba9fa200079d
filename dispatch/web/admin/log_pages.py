"""What the log of administration shows: who changed what, whose or where, and what exactly."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from dispatch.domain.reference import Reference
from dispatch.domain.turn import ZONE
from dispatch.store.administration import Entry
from dispatch.web import say
from dispatch.web.admin import calendar_pages, words
from dispatch.web.admin.pages import LOG, PAGE
from dispatch.web.i18n import N_, _
from dispatch.web.models.manage import ManageRow, ManageSection
from dispatch.web.models.parts import Empty, NavItem
from dispatch.web.rules.pages import proposal_url

#: so many single changes of one entry are shown; how many more there are is said
SHOWN = 10
#: what stands on the page of a proposal
_PROPOSALS = ("rules-proposed", "rules-approved", "rules-declined", "rules-withdrawn")
_ID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_KINDS = {"added": N_("加"), "changed": N_("改动"), "ended": N_("止")}
_FIELDS = {"name": N_("名称"), "short": N_("简称"), "calendar": N_("作息"), "duty": N_("全天有人值守")}


def log_section(found: Sequence[Entry], reference: Reference | None, now: datetime) -> ManageSection:
    """The newest first."""
    rows = tuple(
        ManageRow(
            words.done_words(entry),
            "；".join(part for part in (_whose(entry, reference), *_single(entry.data, reference)) if part),
            "・".join((say.moment(entry.at, now, ZONE), entry.name or _("命令行"))),
            href=proposal_url(UUID(entry.subject)) if entry.action in _PROPOSALS else "",
        )
        for entry in found[:PAGE]
    )
    older = LOG + "?" + urlencode({"before": found[PAGE - 1].at.isoformat()}) if len(found) > PAGE else ""
    links = (NavItem(_("更早的"), older),) if older else ()
    return ManageSection(_("管理记录"), rows=rows, empty=Empty(_("还没有改过什么")), links=links)


def _whose(entry: Entry, reference: Reference | None) -> str:
    """Whom or what it concerns, by name where it has one."""
    if entry.subject_name:
        return entry.subject_name if entry.subject != entry.person else ""
    if entry.action.startswith("term-"):
        return words.seat_words(reference, entry.subject)
    if "entry" in entry.data:
        return calendar_pages.what(entry.data["entry"])
    if _ID.fullmatch(entry.subject):
        return ""  # no name that anybody knows it by
    unit = reference.units.get(entry.subject) if reference else None
    node = reference.tree.get(entry.subject) if reference else None
    known = unit.name if unit else node.name if node else ""
    return f"{known}（{entry.subject}）" if known else entry.subject if entry.subject != entry.person else ""


def _single(data: dict[str, Any], reference: Reference | None) -> Iterator[str]:
    """Each change of an entry that has several."""
    rows = data.get("rows") or ()
    for row in rows[:SHOWN]:
        yield _term(row, reference)
    if len(rows) > SHOWN:
        yield _("还有 %(n)s 条", n=len(rows) - SHOWN)
    was, now = data.get("was") or {}, data.get("now") or {}
    for key, label in _FIELDS.items():
        if was.get(key) != now.get(key):
            yield f"{_(label)} {_said(was[key])} → {_said(now[key])}"
    for shift in data.get("shifts") or ():
        yield " ".join((shift["hours"], *(_name(one, reference) for one in shift["people"])))


def _term(row: Sequence[str], reference: Reference | None) -> str:
    kind, person, seat, since, until, was = row
    term = _("%(since)s 起任职", since=since)
    if until:
        term = _("%(since)s 起任职，%(until)s 起不再任", since=since, until=until)
    name = f"{was} → {_name(person, reference)}" if was and not was[:1].isdigit() else _name(person, reference)
    return f"{_(_KINDS[kind])} {name}・{words.seat_words(reference, seat)}・{term}"


def _name(code: str, reference: Reference | None) -> str:
    person = reference.people.persons.get(code) if reference else None
    return person.name if person else code


def _said(value: object) -> str:
    return (_("是") if value else _("否")) if isinstance(value, bool) else str(value)
