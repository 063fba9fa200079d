"""Pages that show: the overview, one proposal, the history, one version."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from dispatch.domain.permissions import may_ever
from dispatch.domain.refusals import Refusal
from dispatch.steps.reading.marked import BrokenFilesError, FileError
from dispatch.steps.rule_changes import proposals
from dispatch.steps.rule_changes.preview import preview
from dispatch.steps.rule_changes.texts import KINDS
from dispatch.steps.sign_in import Visit
from dispatch.store import references, rule_proposals
from dispatch.store.connection import Connection
from dispatch.store.references import Edition
from dispatch.store.rule_proposals import WAITING, Proposal
from dispatch.web import problems
from dispatch.web.common.frame import build_frame, page
from dispatch.web.deps import deps_of
from dispatch.web.i18n import _
from dispatch.web.models.manage import ManagePage
from dispatch.web.models.parts import Field, FieldError, NavItem
from dispatch.web.models.rules import Looked, RulesChangePage
from dispatch.web.rules import looks, pages, words


async def overview(request: Request, visit: Visit) -> ManagePage:
    """What waits, what is in force, remembered rulings."""
    service, district = deps_of(request).service, visit.actor.district or ""
    now = await service.database.now()
    async with service.database.acquire() as connection:
        waiting = await rule_proposals.waiting(connection, district)
        drafts = await rule_proposals.drafts(connection, district)
        newest: dict[str, Edition] = {}
        for kind in KINDS:
            for one in await references.editions(connection, district, kind, limit=1):
                newest[kind] = one
        by = await _proposals(connection, list(newest.values()))
    may = pages.May.of(visit.actor)
    versions = {kind: one.version for kind, one in newest.items()}
    sections = [
        pages.waiting_section(waiting, versions, now),
        pages.in_force_section(newest, by, now, may),
    ]
    if drafts:
        sections.append(pages.drafts_section(drafts, service.rules.of(district), now, may))
    heading = _("清单与规则")
    frame = build_frame(request, visit, heading, current=pages.PATH)
    return ManagePage(frame, heading, sections=tuple(sections), tabs=pages.tabs(pages.PATH))


async def _proposals(connection: Connection, found: Sequence[Edition]) -> dict[UUID, Proposal]:
    return await rule_proposals.of(connection, [one.proposal for one in found if one.proposal])


async def history(request: Request, visit: Visit, kind: str) -> ManagePage:
    """The versions of one document, and what came to nothing."""
    service, district = deps_of(request).service, visit.actor.district or ""
    now = await service.database.now()
    given = request.query_params.get("before", "")
    before = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None
    async with service.database.acquire() as connection:
        found = await references.editions(connection, district, kind, before, pages.PAGE + 1)
        ended = await rule_proposals.ended(connection, district, kind) if before is None else []
        by = await _proposals(connection, found)
    sections = pages.history_sections(kind, found, by, ended, now, newest=before is None, may=pages.May.of(visit.actor))
    heading = words.kind(kind)
    frame = build_frame(request, visit, heading, current=pages.PATH, back=pages.PATH)
    return ManagePage(frame, heading, sections=tuple(sections), tabs=pages.tabs(pages.url(kind, "history")))


async def proposal(
    request: Request,
    visit: Visit,
    id: UUID,
    *,
    faults: Sequence[FileError] = (),
    refusal: Refusal | None = None,
    given: str = "",
) -> Response:
    """One proposal; while it waits, what it would do and what may be done with it."""
    service, district = deps_of(request).service, visit.actor.district or ""
    await service.rules.refresh()
    now = await service.database.now()
    async with service.database.acquire() as connection:
        one = await proposals.read_one(connection, visit.actor, id)
        base = await proposals.version(connection, district, one.kind, one.base)
    in_force = service.rules.of(district).versions[one.kind]
    look: Looked | None = None
    try:
        document = await proposals.check(service, district, one.kind, one.text)
        found = await preview(service, district, one.kind, document) if one.status == WAITING else None
        title = _("和第 %(n)s 版的差别", n=one.base)
        reference = service.rules.of(district)
        old, new = (base.text, base.content), (one.text, document)
        look = await asyncio.to_thread(looks.looked, title, old, new, reference, found)
    except BrokenFilesError as broken:
        faults = faults or broken.errors if one.status == WAITING else faults
    errors = [FieldError("reason", problems.said(refusal))] if refusal else []
    errors += [FieldError("reason", _unfit(fault)) for fault in faults]
    stale = one.status == WAITING and in_force != one.base
    model = RulesChangePage(
        frame=build_frame(request, visit, words.kind(one.kind), current=pages.PATH, back=pages.PATH),
        heading=words.kind(one.kind),
        state=_("过时了，要改到新版上") if stale else words.state(one.status),
        told=pages.told_of(one, now),
        look=look,
        url=pages.proposal_url(id),
        reason=_reason(one, visit, errors[0].message if errors else "", given),
        buttons=_buttons(one, visit, stale=stale),
        links=_links(one, visit, stale=stale),
        errors=tuple(errors),
        text=one.text,
        tabs=pages.tabs(""),
    )
    return page(request, "rules_change.html", model, problems.status_of(refusal) if refusal else 422 if faults else 200)


def _unfit(fault: FileError) -> str:
    shown = looks.fault(fault)
    where = _("第 %(n)s 行", n=shown.line)
    return words.told(f"{where} {words.aside(shown.field, shown.value)}", shown.remedy)


def _reason(one: Proposal, visit: Visit, error: str, given: str) -> Field:
    own = one.proposed_by == visit.actor.person
    label = _("为什么撤回（可不写）") if own else _("怎么说（不同意要写理由）")
    return Field("reason", label, "text", given, error=error)


def _buttons(one: Proposal, visit: Visit, *, stale: bool) -> tuple[NavItem, ...]:
    if one.status != WAITING or not may_ever(visit.actor, proposals.DECIDE):
        return ()
    if one.proposed_by == visit.actor.person:
        return (NavItem(_("撤回"), pages.proposal_url(one.id, "withdraw")),)
    yes = () if stale else (NavItem(_("同意，马上生效"), pages.proposal_url(one.id, "approve"), current=True),)
    return (*yes, NavItem(_("不同意"), pages.proposal_url(one.id, "decline")))


def _links(one: Proposal, visit: Visit, *, stale: bool) -> tuple[NavItem, ...]:
    if not may_ever(visit.actor, proposals.PROPOSE) or one.status == "approved":
        return ()
    label = _("改到新版上") if stale else _("照这个再改")
    return (NavItem(label, f"{pages.url(one.kind)}?proposal={one.id}"),)


async def version(request: Request, visit: Visit, kind: str, number: str) -> RulesChangePage:
    """One version beside the one before it; with `with`, beside that one."""
    service, district = deps_of(request).service, visit.actor.district or ""
    now = await service.database.now()
    asked = int(number) if number.isascii() and number.isdigit() and len(number) < 10 else 0
    beside = request.query_params.get("with", "")
    async with service.database.acquire() as connection:
        shown = await proposals.version(connection, district, kind, asked)
        in_force = await proposals.current(connection, district, kind)
        (edition,) = await references.editions(connection, district, kind, asked + 1, 1)
        known = await _proposals(connection, [edition])
        other_number = in_force.version if beside == "now" else asked - 1
        other = await proposals.version(connection, district, kind, other_number) if other_number else None
    by = known.get(edition.proposal) if edition.proposal else None
    look = None
    if other is not None and other.version != shown.version:
        title = _("和第 %(n)s 版的差别", n=other.version)
        reference = service.rules.of(district)
        old, new = (other.text, other.content), (shown.text, shown.content)
        look = await asyncio.to_thread(looks.looked, title, old, new, reference)
    heading = f"{words.kind(kind)} {_('第 %(n)s 版', n=asked)}"
    return RulesChangePage(
        frame=build_frame(request, visit, heading, current=pages.PATH, back=pages.url(kind, "history")),
        heading=heading,
        state=_("现行") if shown.version == in_force.version else "",
        told=pages.told_of_version(edition, by, now),
        look=look,
        links=_version_links(visit, kind, asked, in_force.version),
        text=shown.text if shown.kept else "",
        tabs=pages.tabs(pages.url(kind, "history")),
    )


def _version_links(visit: Visit, kind: str, number: int, in_force: int) -> tuple[NavItem, ...]:
    if number == in_force:
        return ()
    links = [NavItem(_("和现行的比"), f"{pages.url(kind, number)}?with=now")]
    if may_ever(visit.actor, proposals.PROPOSE):
        links.append(NavItem(_("换回这一版（先看会怎样，再由第二个人定）"), f"{pages.url(kind)}?restore={number}"))
    return tuple(links)
