"""What the pages of administration show."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from urllib.parse import quote, urlencode

from dispatch.clock import new_id
from dispatch.domain.reference import Reference
from dispatch.domain.turn import ZONE
from dispatch.steps.step_up import Asks
from dispatch.store.directory import PersonSeen
from dispatch.store.sessions import OpenSession
from dispatch.web import say
from dispatch.web.account.pages import session_row
from dispatch.web.admin import words
from dispatch.web.i18n import _
from dispatch.web.models.manage import ManageForm, ManageRow, ManageSection
from dispatch.web.models.parts import ActionButton, Empty, Field, Hidden, NavItem, spans, strong
from dispatch.web.qr import qr

CALENDAR = "/admin/calendar"
PEOPLE, TOKENS, SESSIONS, LOG = "/admin", "/admin/tokens", "/admin/sessions", "/admin/log"
PERSON, IMPORT, TREE, UNITS, SEATS = "/admin/people", "/admin/import", "/admin/tree", "/admin/units", "/admin/seats"
END_SESSION, REVOKE = f"{SESSIONS}/end", f"{TOKENS}/revoke"
#: rows of one page
PAGE = 50


def tabs(current: str, administers: bool) -> tuple[NavItem, ...]:
    """The pages beside this one; auditors see the log alone."""
    own = (
        (_("人员"), PEOPLE),
        (_("导入人员"), IMPORT),
        (_("属地"), TREE),
        (_("单位和值班"), UNITS),
        (_("日历"), CALENDAR),
        (_("令牌"), TOKENS),
        (_("登录"), SESSIONS),
    )
    known = own if administers else ()
    return tuple(NavItem(label, href, href == current) for label, href in (*known, (_("管理记录"), LOG)))


def person_url(code: str) -> str:
    """The page of a person."""
    return f"{PERSON}/{quote(code, safe=':')}"


def seat_url(code: str) -> str:
    """The page of a seat."""
    return f"{SEATS}/{quote(code, safe=':')}"


def search(url: str, given: str, label: str) -> ManageForm:
    """A field to look for somebody."""
    return ManageForm(url, _("找"), (Field("q", label, value=given),), primary=False, method="get")


def button(words_: str, url: str, *hidden: Hidden) -> ActionButton:
    return ActionButton("manage", words_, url, hidden=hidden, busy=_("正在办…"))


# ── people ───────────────────────────────────────────────────────────────────────────────────────
def people_section(
    found: Sequence[PersonSeen], reference: Reference | None, given: str, now: datetime
) -> ManageSection:
    """One page of people, each a link to theirs."""
    rows = tuple(_person_row(one, reference, now) for one in found[:PAGE])
    more = PEOPLE + "?" + urlencode({"q": given, "after": found[PAGE - 1].code}) if len(found) > PAGE else ""
    links = (NavItem(_("下一页"), more),) if more else ()
    form = search(PEOPLE, given, _("姓名、账号或岗位代码"))
    return ManageSection(_("人员"), rows=rows, empty=Empty(_("没有找到")), forms=(form,), links=links)


def _person_row(one: PersonSeen, reference: Reference | None, now: datetime) -> ManageRow:
    seats = "、".join(words.seat_words(reference, seat) for seat in one.seats) or _("现在没有岗位")
    return ManageRow(one.name, seats, one.sign_in, _state(one, now), person_url(one.code))


def _state(one: PersonSeen, now: datetime) -> str:
    if one.locked_until and one.locked_until > now:
        return _("锁住了")
    if not one.has_password:
        return _("没有密码")
    return _("要改密码") if one.must_change else _("已绑定") if one.second_factor else ""


def person_section(one: PersonSeen, reference: Reference | None, now: datetime) -> ManageSection:
    """One person: seats, and what may be done about how they get in."""
    rows = tuple(
        ManageRow(words.seat_words(reference, seat), href="" if seat.endswith(":rota") else seat_url(seat))
        for seat in one.seats
    )
    note = spans(_("账号 "), strong(one.sign_in or _("没有")), _("。"), _state(one, now))
    links = (NavItem(_("登记请假"), "/leave?" + urlencode({"person": one.code})),)
    return ManageSection(_("岗位"), note, rows, Empty(_("现在没有岗位"), _("任职从人员表来。")), links=links)


def keys_section(one: PersonSeen, subjects: Sequence[str] | None, asks: Asks) -> ManageSection:
    """What helps somebody who cannot get in; `subjects`: who they are at another provider (None: there is none).

    `asks`: what the administrator proves with that it is them.
    """
    url = person_url(one.code)
    rows = [ManageRow(_("一次性链接"), _("忘了密码、头一次登录：开一个链接交给本人，两小时内有效，只能用一次"))]
    once = (Hidden("form", str(new_id())),)
    forms = [ManageForm(f"{url}/link", _("开一个链接"), proof(asks, "link"), once, primary=False)]
    if one.second_factor:
        rows.append(ManageRow(_("身份验证器"), _("手机和恢复码都丢了才解除；解除后全部退出")))
        forms.append(ManageForm(f"{url}/second-factor", _("解除绑定"), proof(asks, "factor"), primary=False))
    if subjects is not None:
        forms.append(_identity_form(url, subjects, asks))
    note = spans(_("本人登录时会看到是谁办的。"))
    return ManageSection(_("帮他登录"), note, rows=tuple(rows), forms=tuple(forms))


def proof_name(what: str) -> str:
    """The field in which the form of `what` takes the proof of who it is."""
    return f"proof-{what}"


def proof(asks: Asks, what: str, hint: str = "") -> tuple[Field, ...]:
    """The field that asks again who it is; none where nothing can be asked for."""
    if not asks:
        return ()
    hint = hint or _("这件事能让人用别人的账号，先证明是您本人。")
    if asks == "code":
        label = _("您的验证码")
        return (Field(proof_name(what), label, hint=hint, required=True, autocomplete="one-time-code"),)
    label = _("您的密码")
    return (Field(proof_name(what), label, "password", hint=hint, required=True, autocomplete="current-password"),)


def proven(sections: Sequence[ManageSection], asks: Asks) -> tuple[ManageSection, ...]:
    """The sections, each form that changes the district's own data with the field that asks who it is."""
    hint, count = _("先证明是您本人；十分钟内再改，不用再填。"), itertools.count(1)

    def form(one: ManageForm) -> ManageForm:
        return replace(one, fields=(*one.fields, *proof(asks, str(next(count)), hint))) if one.proven else one

    return tuple(replace(part, forms=tuple(form(one) for one in part.forms)) for part in sections)


def _identity_form(url: str, subjects: Sequence[str], asks: Asks) -> ManageForm:
    hint = _("他在统一身份里的标识（sub）；留空就是解除")
    field = Field("subject", _("统一身份"), value="".join(subjects[:1]), hint=hint)
    return ManageForm(f"{url}/identity", _("保存"), (field, *proof(asks, "identity")), primary=False)


def link_section(url: str, until: datetime, now: datetime) -> ManageSection:
    """A one-time link, shown this once."""
    note = spans(
        strong(_("只显示这一次。")),
        _("交给本人；%(until)s 以前有效，用一次就作废。", until=say.moment(until, now, ZONE)),
    )
    return ManageSection(_("一次性链接"), note, once=(url,), qr=qr(url))


# ── sessions ─────────────────────────────────────────────────────────────────────────────────────
def sessions_section(held: Sequence[OpenSession], now: datetime, current: bytes | None, title: str) -> ManageSection:
    """Sessions of others, each with its button."""

    def row(one: OpenSession) -> ManageRow:
        hidden = (Hidden("person", one.person), Hidden("session", one.id.hex()))
        made = session_row(one, now, current, button(_("退出这一处"), END_SESSION, *hidden))
        return ManageRow(
            one.name, made.note, f"{one.position}・{made.title}", made.state, person_url(one.person), made.actions
        )

    return ManageSection(
        title, rows=tuple(row(one) for one in held), empty=Empty(_("没有人登录着")), count=str(len(held))
    )


def all_sessions_section(
    held: Sequence[OpenSession], now: datetime, current: bytes | None, one: PersonSeen
) -> ManageSection:
    """A person's sessions, with a button that ends them all."""
    form = ManageForm(END_SESSION, _("全部退出"), hidden=(Hidden("person", one.code),), primary=False)
    made = sessions_section(held, now, current, _("在哪里登录着"))
    return replace(made, forms=(form,))
