"""A change of the rules: proposed with a reason by one person, decided by another, put in force as a file would be.

Written against one version; when another is in force since, it is stale and must be brought onto that one. What a
person may here is `rules` (look), `propose-rules`, `decide-rules` in the table of permissions.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from dispatch.domain.case import Actor
from dispatch.domain.permissions import may_ever
from dispatch.domain.refusals import Forbidden, Invalid, NotFound, NotNow, Stale
from dispatch.steps.rule_changes.rebased import Rebased, rebase
from dispatch.steps.rule_changes.texts import KINDS, LONGEST, known_of, read, tidy
from dispatch.steps.rule_changes.written import write
from dispatch.steps.service import Service
from dispatch.store import administration, references, rule_proposals
from dispatch.store.connection import Connection
from dispatch.store.rule_proposals import APPROVED, DECLINED, WAITING, WITHDRAWN, Proposal
from dispatch.store.unit_of_work import UnitOfWork

LOOK, PROPOSE, DECIDE = "rules", "propose-rules", "decide-rules"
LONGEST_REASON = 500
#: tries to approve against rules that somebody else is changing
TRIES = 3


@dataclass(frozen=True, slots=True)
class Text:
    """One version of a document as text. `kept`: as it was written, else as the document says it."""

    kind: str
    version: int
    text: str
    content: dict[str, Any]
    kept: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """A change that somebody wants. `base`: the version that the text was written against."""

    kind: str
    base: int
    text: str
    reason: str
    restores: int | None = None
    draft: UUID | None = None


def allowed(by: Actor, action: str) -> str:
    """The district whose rules the actor may look at or change. Raises `Forbidden`."""
    if by.district is None or by.person is None or not may_ever(by, action):
        raise Forbidden("清单与规则由区调度中心和管理员管；请找他们", field="role", value=by.role)
    return by.district


def kind_of(kind: str) -> str:
    """A kind of document that is edited as text. Raises `NotFound`."""
    if kind not in KINDS:
        raise NotFound("没有「{value}」这份规则", field="kind", value=kind[:40])
    return kind


async def current(connection: Connection, district: str, kind: str) -> Text:
    """The version in force. Raises `NotFound`."""
    found = (await references.newest(connection, district, (kind_of(kind),))).get(kind)
    if found is None:
        raise NotFound("没有「{value}」这份规则", field="kind", value=kind)
    return _text(kind, found)


async def version(connection: Connection, district: str, kind: str, number: int) -> Text:
    """One version. Raises `NotFound`."""
    found = await references.one(connection, district, kind_of(kind), number) if 0 < number < 1 << 31 else None
    if found is None:
        raise NotFound("没有第「{value}」版；请从历史里选", field="version", value=number)
    return _text(kind, found)


def _text(kind: str, found: references.Current) -> Text:
    text = found.text if found.text is not None else write(kind, found.content)
    return Text(kind, found.version, tidy(text), found.content, found.text is not None)


async def check(service: Service, district: str, kind: str, text: str) -> dict[str, Any]:
    """The document that a text says, under the rules in force. Raises `BrokenFilesError`."""
    return await asyncio.to_thread(read, kind_of(kind), tidy(text), known_of(service.rules.of(district)))


async def onto(connection: Connection, district: str, kind: str, base: int, text: str) -> tuple[Text, Rebased]:
    """The version in force, and the text's own changes made to it. Raises `NotFound`."""
    now = await current(connection, district, kind)
    if base == now.version or len(text) > LONGEST:
        return now, Rebased(tidy(text), 0)
    was = await version(connection, district, kind, base)
    return now, await asyncio.to_thread(rebase, was.text, tidy(text), now.text)


async def propose(service: Service, by: Actor, wanted: Wanted) -> Proposal:
    """Keep a change for a second person to decide.

    Raises `Forbidden`, `NotFound`, `Invalid` (no reason, nothing changed, a ruling's new entry without words), `Stale`
    where another version is in force than it was written against, `BrokenFilesError`; then nothing is kept.
    """
    district = allowed(by, PROPOSE)
    reason = wanted.reason.strip()
    if not 0 < len(reason) <= LONGEST_REASON:
        raise Invalid("请写为什么要改，最多 {most} 个字", field="reason", value=reason, most=LONGEST_REASON)
    await service.rules.refresh()
    document = await check(service, district, wanted.kind, wanted.text)
    async with service.database.transaction() as uow:
        now = await current(uow.connection, district, wanted.kind)
        _fresh(now.version, wanted.base)
        if document == now.content and tidy(wanted.text) == now.text:
            raise Invalid("和现行的一字不差，没有要改的", field="text", value=None)
        if wanted.draft:
            _catches(now.content, document)
        made = Proposal(
            service.new_id(), district, wanted.kind, wanted.base, tidy(wanted.text), reason,
            await _restored(uow.connection, district, wanted), await _ruling(uow.connection, district, wanted),
            by.person or "", by.seat or "", await uow.now(),
        )  # fmt: skip
        await rule_proposals.add(uow, made)
        await _note(uow, by, made, "rules-proposed", why=reason)
    return made


def _catches(old: dict[str, Any], new: dict[str, Any]) -> None:
    """A new entry that a ruling led to has words: else nothing would ever be done as was ruled. Raises `Invalid`."""
    known = {duty["code"] for duty in old.get("duties") or ()}
    for duty in new.get("duties") or ():
        if duty["code"] not in known and not duty["words"]:
            raise Invalid(
                "事项 {value} 一个词也没有，以后没有哨到得了它；请给它至少写上一个词", field="text", value=duty["code"]
            )


async def _restored(connection: Connection, district: str, wanted: Wanted) -> int | None:
    """The version that it brings back, if it still says what that one said."""
    if wanted.restores is None:
        return None
    old = await version(connection, district, wanted.kind, wanted.restores)
    return old.version if old.text == tidy(wanted.text) else None


async def _ruling(connection: Connection, district: str, wanted: Wanted) -> UUID | None:
    """The remembered ruling it comes from, while that waits."""
    found = await rule_proposals.draft(connection, district, wanted.draft) if wanted.draft else None
    return found.id if found else None


async def approve(service: Service, by: Actor, id: UUID, note: str = "") -> Proposal:
    """Put it in force as a new version. The same person again changes nothing.

    Raises `Forbidden` for the proposer, `NotFound`, `NotNow` where it was decided otherwise, `Stale`,
    `BrokenFilesError` where it no longer goes with the other rules; then nothing has changed.
    """
    district = allowed(by, DECIDE)
    for _try in range(TRIES):
        await service.rules.refresh()
        async with service.database.acquire() as connection:
            asked = _found(await rule_proposals.read(connection, district, id))
        if _same(asked, by, APPROVED):
            return asked
        document = await check(service, district, asked.kind, asked.text)
        async with service.database.transaction() as uow:
            await references.lock(uow)
            if (await references.versions(uow.connection)).get(district) != dict(service.rules.of(district).versions):
                continue
            done = await _put_in_force(service, uow, by, district, id, document, note)
        await service.rules.refresh()
        return done
    raise Stale("别人正在改规则；请过一会儿再批", field="version", value=None)


async def _put_in_force(
    service: Service, uow: UnitOfWork, by: Actor, district: str, id: UUID, document: dict[str, Any], note: str
) -> Proposal:
    asked = _found(await rule_proposals.lock(uow, district, id))
    if _same(asked, by, APPROVED):
        return asked
    if asked.proposed_by == by.person:
        raise Forbidden("自己提的要由另一个人来定；请找第二个人", field="person", value=by.person)
    _waits(asked)
    _fresh(service.rules.of(district).versions[asked.kind], asked.base)
    now = await uow.now()
    added = await references.load(
        uow, district, {asked.kind: document}, by.person or "", now, texts={asked.kind: asked.text}, proposal=id
    )
    version = added.get(asked.kind, asked.base)
    await rule_proposals.decide(uow, id, APPROVED, by.person or "", now, _said(note), version)
    if asked.draft is not None:
        await rule_proposals.settle_draft(uow, district, asked.draft, "approved")
    await _note(uow, by, replace(asked, version=version), "rules-approved", why=_said(note))
    return _found(await rule_proposals.read(uow.connection, district, id))


async def decline(service: Service, by: Actor, id: UUID, reason: str) -> Proposal:
    """Leave the rules as they are. Raises `Forbidden` for the proposer, `Invalid` without a reason, `NotNow`."""
    if not reason.strip():
        raise Invalid("请写为什么不同意", field="reason", value=None)
    return await _end(service, by, DECIDE, id, DECLINED, reason)


async def withdraw(service: Service, by: Actor, id: UUID, reason: str = "") -> Proposal:
    """Take back one's own. Raises `Forbidden` for anybody else, `NotFound`, `NotNow`."""
    return await _end(service, by, PROPOSE, id, WITHDRAWN, reason)


async def _end(service: Service, by: Actor, action: str, id: UUID, status: str, reason: str) -> Proposal:
    district = allowed(by, action)
    async with service.database.transaction() as uow:
        asked = _found(await rule_proposals.lock(uow, district, id))
        if _same(asked, by, status):
            return asked
        own = asked.proposed_by == by.person
        if own and status == DECLINED:
            raise Forbidden("自己提的要由另一个人来定；不要了就撤回", field="person", value=by.person)
        if not own and status == WITHDRAWN:
            raise Forbidden("只有提的人能撤回；不同意请写理由", field="person", value=by.person)
        _waits(asked)
        await rule_proposals.decide(uow, id, status, by.person or "", await uow.now(), _said(reason))
        await _note(uow, by, asked, f"rules-{status}", why=_said(reason))
        return _found(await rule_proposals.read(uow.connection, district, id))


async def refuse_draft(service: Service, by: Actor, id: UUID) -> None:
    """A remembered ruling that changes no rule. Raises `Forbidden`, `NotFound`."""
    district = allowed(by, DECIDE)
    async with service.database.transaction() as uow:
        if not await rule_proposals.settle_draft(uow, district, id, "refused"):
            raise NotFound("这条裁定已经有人处理过了；请刷新再看", field="draft", value=str(id))
        data = {"draft": str(id)}
        await administration.note(uow, district, by.person, by.seat, "ruling-not-made-rule", str(id), data)


async def read_one(connection: Connection, by: Actor, id: UUID) -> Proposal:
    """One proposal of the own district. Raises `Forbidden`, `NotFound`."""
    return _found(await rule_proposals.read(connection, allowed(by, LOOK), id))


def _found(proposal: Proposal | None) -> Proposal:
    if proposal is None:
        raise NotFound("没有这一条修改；请从列表里打开", field="proposal", value=None)
    return proposal


def _said(note: str) -> str:
    return note.strip()[:LONGEST_REASON]


def _same(asked: Proposal, by: Actor, status: str) -> bool:
    """Whether it is what this person made of it already."""
    return asked.status == status and asked.decided_by == by.person


def _waits(asked: Proposal) -> None:
    if asked.status != WAITING:
        raise NotNow("这一条已经定过了；请刷新再看", field="proposal", value=str(asked.id))


def _fresh(in_force: int, base: int) -> None:
    if in_force != base:
        raise Stale(
            "现行的已是第 {now} 版，这一条是照第 {value} 版改的；请改到新版上再提",
            field="base",
            value=base,
            now=in_force,
        )


async def _note(uow: UnitOfWork, by: Actor, asked: Proposal, action: str, *, why: str) -> None:
    told = {"rules": asked.kind, "base": asked.base, "version": asked.version, "why": why}
    told["restores"] = asked.restores
    kept = {key: value for key, value in told.items() if value not in (None, "")}
    await administration.note(uow, asked.district, by.person, by.seat, action, str(asked.id), kept)
