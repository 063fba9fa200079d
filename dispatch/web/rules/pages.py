"""清单与规则: what is in force, what waits for a second person, remembered rulings, the history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from dispatch.domain.case import Actor
from dispatch.domain.permissions import may_ever
from dispatch.domain.reference import Reference
from dispatch.domain.turn import ZONE
from dispatch.steps.rule_changes import proposals
from dispatch.steps.rule_changes.texts import KINDS
from dispatch.store.references import Edition
from dispatch.store.rule_proposals import Draft, Proposal
from dispatch.web import say
from dispatch.web.i18n import _
from dispatch.web.lists.rows import sealed_title
from dispatch.web.models.letters import Told
from dispatch.web.models.manage import ManageRow, ManageSection
from dispatch.web.models.parts import ActionButton, Empty, NavItem, spans
from dispatch.web.rules import words

PATH = "/rules"
#: versions on one page of the history
PAGE = 30


@dataclass(frozen=True, slots=True)
class May:
    """What whoever looks may do with the rules."""

    propose: bool
    decide: bool

    @staticmethod
    def of(actor: Actor) -> May:
        """By the one table of permissions."""
        return May(may_ever(actor, proposals.PROPOSE), may_ever(actor, proposals.DECIDE))


def url(kind: str, rest: object = "") -> str:
    """The address of a document's editor, or of something under it."""
    return f"{PATH}/{kind}/{rest}" if rest != "" else f"{PATH}/{kind}"


def proposal_url(id: UUID, decision: str = "") -> str:
    """The address of a proposal, or of a decision on it."""
    return f"{PATH}/proposal/{id}" + (f"/{decision}" if decision else "")


def draft_url(id: UUID) -> str:
    """The address of the change that is drafted from a remembered ruling."""
    return f"{url('duties')}?draft={id}"


def tabs(current: str) -> tuple[NavItem, ...]:
    """The pages beside this one."""
    known = [(_("清单与规则"), PATH), *((words.kind(kind), url(kind, "history")) for kind in KINDS)]
    return tuple(NavItem(label, href, href == current) for label, href in known)


def waiting_section(found: Sequence[Proposal], versions: Mapping[str, int], now: datetime) -> ManageSection:
    """Changes that wait for a second person."""
    rows = tuple(_proposal_row(one, versions, now) for one in found)
    return ManageSection(
        _("等第二个人定的"), rows=rows, empty=Empty(_("没有等着定的修改")), count=str(len(rows)) if rows else ""
    )


def _proposal_row(one: Proposal, versions: Mapping[str, int], now: datetime) -> ManageRow:
    stale = one.status == "waiting" and versions.get(one.kind) != one.base
    state = _("过时了，要改到新版上") if stale else words.state(one.status)
    meta = "・".join((one.proposer or one.proposed_by, say.moment(one.proposed_at, now, ZONE)))
    return ManageRow(_title(one), one.reason, meta, state, proposal_url(one.id))


def _title(one: Proposal) -> str:
    if one.restores is not None:
        return _("%(kind)s：换回第 %(n)s 版", kind=words.kind(one.kind), n=one.restores)
    return _("%(kind)s：照第 %(n)s 版改", kind=words.kind(one.kind), n=one.base)


def in_force_section(
    newest: Mapping[str, Edition], by: Mapping[UUID, Proposal], now: datetime, may: May
) -> ManageSection:
    """What is in force, each with the way to change it, or to read it."""
    rows = tuple(
        ManageRow(
            words.kind(kind),
            _("第 %(n)s 版", n=one.version),
            _edition_meta(one, by, now),
            href=url(kind) if may.propose else url(kind, one.version),
        )
        for kind in KINDS
        if (one := newest.get(kind))
    )
    said = _("点开就能改：改的是文字，读得通、看过会怎样，提交后由另一个人定。") if may.propose else _("点开看原文。")
    note = spans(said)
    return ManageSection(_("现行的"), note, rows)


def _edition_meta(one: Edition, by: Mapping[UUID, Proposal], now: datetime) -> str:
    asked = by.get(one.proposal) if one.proposal else None
    if asked is None:
        who = _("从文件装载（%(by)s）", by=one.loaded_by)
    else:
        who = _("%(proposer)s 提，%(decider)s 批", proposer=asked.proposer or "", decider=asked.decider or "")
    return "・".join((who, say.moment(one.loaded_at, now, ZONE)))


def drafts_section(found: Sequence[Draft], reference: Reference, now: datetime, may: May) -> ManageSection:
    """Rulings that were to be remembered and are no rule yet."""
    rows = tuple(_draft_row(one, reference, now, may) for one in found)
    said = _("调度台勾了「记住此裁定」。起草成清单的修改，或者这一回不改。")
    note = spans(said if may.propose else _("调度台勾了「记住此裁定」，还不是规则。"))
    return ManageSection(_("记住的裁定"), note, rows, count=str(len(rows)))


def _draft_row(one: Draft, reference: Reference, now: datetime, may: May) -> ManageRow:
    quoted = words.listed(one.words)
    lead = words.unit(one.lead, reference)
    title = _("含%(words)s的派给%(unit)s", words=quoted, unit=lead) if quoted else _("派给%(unit)s", unit=lead)
    about = sealed_title() if one.guarded else one.title
    duty = reference.duties.get(one.category) if one.category else None
    note = _("原类别 %(code)s %(name)s", code=duty.code, name=duty.name) if duty else _("当时没有规则认领")
    meta = "・".join(part for part in (note, one.drafted_by, say.moment(one.at, now, ZONE)) if part)
    onward, actions = "", list[ActionButton]()
    if may.propose:
        onward = draft_url(one.id)
        actions.append(ActionButton("manage", _("起草修改"), onward, method="get"))
    if may.decide:
        actions.append(ActionButton("manage", _("不改清单"), f"{PATH}/draft/{one.id}/refuse", busy=_("正在办…")))
    return ManageRow(title, f"{one.number}・{about}" if about else str(one.number), meta, "", onward, tuple(actions))


def history_sections(
    kind: str, found: Sequence[Edition], by: Mapping[UUID, Proposal], ended: Sequence[Proposal], now: datetime, *,
    newest: bool, may: May
) -> list[ManageSection]:  # fmt: skip
    """The versions, the newest first, and what came to nothing."""
    rows = []
    for place, one in enumerate(found[:PAGE]):
        asked = by.get(one.proposal) if one.proposal else None
        state = _("现行") if newest and not place else ""
        why = asked.reason if asked else ""
        title = _("第 %(n)s 版", n=one.version)
        rows.append(ManageRow(title, why, _edition_meta(one, by, now), state, url(kind, one.version)))
    older = f"{url(kind, 'history')}?before={found[PAGE - 1].version}" if len(found) > PAGE else ""
    links = [NavItem(_("改%(kind)s", kind=words.kind(kind)), url(kind))] if may.propose else []
    if older:
        links.append(NavItem(_("更早的"), older))
    sections = [ManageSection(_("历次版本"), rows=tuple(rows), links=tuple(links))]
    if ended:
        gone = tuple(_proposal_row(one, {}, now) for one in ended)
        sections.append(ManageSection(_("没成的修改"), rows=gone))
    return sections


def told_of(one: Proposal, now: datetime) -> tuple[Told, ...]:
    """What is known of a proposal."""
    told = [
        Told(_("改什么"), _title(one)),
        Told(_("谁提的"), f"{one.proposer or one.proposed_by}・{say.moment(one.proposed_at, now, ZONE)}"),
        Told(_("为什么"), one.reason),
    ]
    if one.decided_at:
        told.append(Told(_("谁定的"), f"{one.decider or one.decided_by}・{say.moment(one.decided_at, now, ZONE)}"))
        if one.decision:
            told.append(Told(_("怎么说"), one.decision))
    if one.version:
        told.append(Told(_("成了"), _("第 %(n)s 版", n=one.version), url(one.kind, one.version)))
    return tuple(told)


def told_of_version(one: Edition, asked: Proposal | None, now: datetime) -> tuple[Told, ...]:
    """What is known of a version."""
    when = Told(_("什么时候生效"), say.moment(one.loaded_at, now, ZONE))
    if asked is None:
        return (Told(_("谁装的"), _("从文件装载（%(by)s）", by=one.loaded_by)), when)
    return (*told_of(asked, now)[:-1], when)
