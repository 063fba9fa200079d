"""The editor: the text in force, a rebased proposal, an earlier version or a drafted ruling; checked and looked at."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import Request
from starlette.datastructures import FormData

from dispatch.domain.reference import Reference
from dispatch.domain.refusals import NotFound
from dispatch.steps.reading.marked import FileError
from dispatch.steps.rule_changes import proposals
from dispatch.steps.rule_changes.preview import preview
from dispatch.steps.rule_changes.proposals import Text, Wanted
from dispatch.steps.rule_changes.remembered import drafted
from dispatch.steps.rule_changes.suggested import suggest
from dispatch.steps.rule_changes.texts import tidy
from dispatch.steps.service import Service
from dispatch.steps.sign_in import Visit
from dispatch.store import rule_proposals
from dispatch.store.connection import Connection
from dispatch.web.auth import text_of
from dispatch.web.common.frame import build_frame
from dispatch.web.i18n import _
from dispatch.web.models.parts import Field, FieldError, Hidden, Notice, spans
from dispatch.web.models.rules import Checked, Looked, RulesEditPage
from dispatch.web.rules import looks, pages, words

ROWS = 26


@dataclass(frozen=True, slots=True)
class Draft:
    """What stands in the editor: the text, what it is based on, where it comes from."""

    wanted: Wanted
    now: Text
    notices: tuple[Notice, ...] = ()


def uuid_of(text: str) -> UUID:
    """An id of an address. Raises `NotFound`."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("没有这一条修改；请从列表里打开", field="id", value=text[:40]) from None


def of_form(kind: str, form: FormData) -> Wanted:
    """What a form asks for."""
    given = text_of(form, "base"), text_of(form, "restores"), text_of(form, "draft")
    return Wanted(
        kind,
        _number(given[0]),
        text_of(form, "text"),
        text_of(form, "reason"),
        _number(given[1]) or None,
        uuid_of(given[2]) if given[2] else None,
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


async def opened(connection: Connection, visit: Visit, kind: str, asked: Any, reference: Reference) -> Draft:
    """What the editor begins with; `asked` may name a `proposal`, a version to `restore`, or a `draft`."""
    district = proposals.allowed(visit.actor, proposals.PROPOSE)
    now = await proposals.current(connection, district, kind)
    if asked.get("proposal"):
        one = await proposals.read_one(connection, visit.actor, uuid_of(asked["proposal"]))
        return await _rebased(connection, district, Wanted(kind, one.base, one.text, one.reason, None, one.draft))
    if asked.get("restore"):
        old = await proposals.version(connection, district, kind, _number(asked["restore"]))
        return Draft(Wanted(kind, now.version, old.text, "", old.version), now)
    if asked.get("draft"):
        ruling = await rule_proposals.draft(connection, district, uuid_of(asked["draft"]))
        proposed = {one.draft for one in await rule_proposals.waiting(connection, district)}
        if ruling is None or ruling.id in proposed:
            raise NotFound("这条裁定已经有人处理过了；请刷新再看", field="draft", value=asked["draft"][:40])
        found = await suggest(connection, district, ruling, reference)
        made = drafted(now.text, ruling, reference, found)
        reason = _("照 %(number)s 的裁定", number=ruling.number)
        return Draft(
            Wanted(kind, now.version, made.text, reason, None, ruling.id), now, (_said(made.what, made.duty, found),)
        )
    return Draft(Wanted(kind, now.version, now.text, ""), now)


def _said(what: str, duty: str | None, suggested: Sequence[str]) -> Notice:
    told = {
        "words": _("已把词加到事项 %(code)s，请看一眼再提。", code=duty or ""),
        "new": _("已起草新事项 %(code)s，名称、词、时限、依据请改好再提。", code=duty or ""),
        "leads": _("已把事项 %(code)s 的主办换成它，请看一眼再提。", code=duty or ""),
    }.get(what, _("这条裁定要您自己看怎么改：它的词清单里已经有了，可以给别的事项加「not」分清。"))
    if what == "new" and suggested:
        told += _("词「%(words)s」是从这件哨的标题里挑的。", words=words.listed(suggested))
    return Notice(_("从裁定起草"), spans(told))


async def _rebased(connection: Connection, district: str, wanted: Wanted) -> Draft:
    """The text on the version in force; as it is where that is the one it was written against."""
    now, made = await proposals.onto(connection, district, wanted.kind, wanted.base, wanted.text)
    if now.version == wanted.base:
        return Draft(wanted, now)
    moved = Wanted(wanted.kind, now.version, made.text, wanted.reason, None, wanted.draft)
    said = _("现行的已换成第 %(n)s 版；您的改动已并到新版上，请再看一眼。", n=now.version)
    if made.clashes:
        said += _("有 %(n)s 处两边都改了，保留了现行的，您的写在下面的注释里。", n=made.clashes)
    return Draft(moved, now, (Notice(_("别人刚换了一版"), spans(said), "conflict"),))


async def fresh(connection: Connection, district: str, wanted: Wanted) -> Draft:
    """What was sent, on the version in force. Raises `NotFound`."""
    now = await proposals.current(connection, district, wanted.kind)
    if not 0 < wanted.base <= now.version:
        raise NotFound("没有第「{value}」版；请从历史里选", field="base", value=wanted.base)
    return await _rebased(connection, district, wanted)


async def looked(service: Service, district: str, draft: Draft, document: dict[str, Any]) -> Looked:
    """The difference to what is in force, and what it would have done."""
    reference, wanted = service.rules.of(district), draft.wanted
    found = await preview(service, district, wanted.kind, document)
    title = _("和第 %(n)s 版（现行）的差别", n=draft.now.version)
    old, new = (draft.now.text, draft.now.content), (tidy(wanted.text), document)
    return await asyncio.to_thread(looks.looked, title, old, new, reference, found)


def page_of(
    request: Request,
    visit: Visit,
    draft: Draft,
    *,
    faults: Sequence[FileError] = (),
    look: Looked | None = None,
    errors: tuple[FieldError, ...] = (),
    checked: Checked | None = None,
) -> RulesEditPage:
    """The page."""
    wanted = draft.wanted
    name = words.kind(wanted.kind)
    heading = _("改%(kind)s", kind=name)
    frame = build_frame(request, visit, heading, current=pages.PATH, back=pages.PATH)
    hidden = [Hidden("base", str(wanted.base))]
    hidden += [Hidden("restores", str(wanted.restores))] if wanted.restores else []
    hidden += [Hidden("draft", str(wanted.draft))] if wanted.draft else []
    said = {one.field: one.message for one in errors}
    broken = (FieldError("text", _("文字有 %(n)s 处要改", n=len(faults))),) if faults else ()
    hint = _("和文件里一样写：# 后面是注释；改词、单位、时限都在这里。")
    return RulesEditPage(
        frame=frame,
        heading=heading,
        note=spans(_("照第 %(n)s 版改。提交后由另一个人定；定了才生效，只管新的哨。", n=wanted.base)),
        text=Field("text", name, "textarea", wanted.text, hint, error=said.get("text", ""), rows=ROWS),
        url=pages.url(wanted.kind),
        check_url=pages.url(wanted.kind, "check"),
        hidden=tuple(hidden),
        errors=(*errors, *broken),
        checked=checked or (looks.checked(tidy(wanted.text), faults) if faults else None),
        look=look,
        reason=Field(
            "reason", _("为什么要改"), "text", wanted.reason, _("和您的名字一起留在历史里。"),
            error=said.get("reason", ""), required=True,
        ) if look else None,
        notices=draft.notices,
        tabs=pages.tabs(""),
    )  # fmt: skip
