"""What the pages of one's own account show."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from dispatch.domain.turn import ZONE
from dispatch.steps import sign_in
from dispatch.steps.second_factor import Enrolment, Status
from dispatch.store.account_news import News
from dispatch.store.accounts import SeatHeld
from dispatch.store.sessions import OpenSession
from dispatch.web import say
from dispatch.web.auth import FACTOR_PAGE, PASSWORD_PAGE
from dispatch.web.common.frame import NEWS
from dispatch.web.i18n import N_, _
from dispatch.web.models.manage import ManageForm, ManageRow, ManageSection
from dispatch.web.models.parts import ActionButton, Field, Hidden, NavItem, spans, strong
from dispatch.web.qr import qr

SEE_NEWS = "/account/news"
#: so long it is shown what was done to an account
NEWS_KEPT = timedelta(days=90)
END_SESSION, END_OTHERS, EVERYWHERE = "/account/sessions/end", "/account/sessions/others", "/sign-out/everywhere"
CODES_PAGE, OFF_PAGE = f"{FACTOR_PAGE}/codes", f"{FACTOR_PAGE}/off"
_VIA = {
    sign_in.PASSWORD: N_("密码"),
    sign_in.SECOND_FACTOR: N_("密码和验证码"),
    sign_in.LINK: N_("一次性链接"),
    sign_in.PROVIDER: N_("统一身份登录"),
    sign_in.STAND_IN: N_("演示身份"),
}


def session_row(one: OpenSession, now: datetime, current: bytes | None, action: ActionButton | None) -> ManageRow:
    """A session: from what, since when, used last when."""
    since, seen = say.moment(one.created_at, now, ZONE), say.moment(one.seen_at, now, ZONE)
    via = _(_VIA[one.via]) if one.via in _VIA else ""
    note = _("%(since)s 登录，最近用过 %(seen)s", since=since, seen=seen)
    return ManageRow(
        one.device or _("认不出的设备"),
        "・".join(part for part in (note, via) if part),
        one.position,
        _("这一台") if one.id == current else "",
        actions=(action,) if action and one.id != current else (),
    )


def sessions_section(held: Sequence[OpenSession], now: datetime, current: bytes | None) -> ManageSection:
    """Where I am signed in, with a button for each and one for all."""

    def end(one: OpenSession) -> ActionButton:
        hidden = (Hidden("session", one.id.hex()),)
        return ActionButton("end", _("退出这一台"), END_SESSION, hidden=hidden, busy=_("正在退出…"))

    rows = tuple(session_row(one, now, current, end(one)) for one in held)
    forms = [ManageForm(EVERYWHERE, _("全部退出，这一台也退"), primary=False)]
    if len(held) > 1:
        forms.insert(0, ManageForm(END_OTHERS, _("除了这一台，都退出"), primary=False))
    note = spans(_("有不认得的，请退出它，再改密码。"))
    return ManageSection(_("在哪里登录着"), note, rows, forms=tuple(forms), count=str(len(held)))


def news_section(news: Sequence[News], now: datetime, *, by_link: bool) -> ManageSection:
    """What was done to my account and by whom; `by_link`: whoever came by a one-time link cannot say it was them."""

    def row(one: News) -> ManageRow:
        who = _("用您的账号") if one.own else one.by or _("命令行")
        note = _("%(at)s，%(who)s", at=say.moment(one.at, now, ZONE), who=who)
        return ManageRow(_(NEWS[one.action]), note, state="" if one.seen else _("没看过"))

    unseen = any(not one.seen for one in news)
    forms = (ManageForm(SEE_NEWS, _("看过了，都是我知道的")),) if unseen and not by_link else ()
    note = (
        _("有不是您自己办的，马上找管理员。")
        if not (unseen and by_link)
        else _("您是用一次性链接进来的：下次用密码登录，再来确认。")
    )
    return ManageSection(_("账号上的事"), spans(note), tuple(map(row, news)), forms=forms)


def seats_section(seats: Sequence[SeatHeld], current: str | None) -> ManageSection:
    """My seats; another one is a press away."""

    def go(one: SeatHeld) -> ActionButton:
        hidden = (Hidden("seat", one.code), Hidden("next", "/home"))
        return ActionButton("switch", _("换到这个岗位"), "/switch", hidden=hidden, busy=_("正在换…"))

    rows = tuple(
        ManageRow(one.position, meta=one.code, state=_("现在") if one.code == current else "",
                  actions=() if one.code == current else (go(one),))
        for one in seats
    )  # fmt: skip
    return ManageSection(_("我的岗位"), rows=rows)


def keys_section(factor: Status) -> ManageSection:
    """Password and second factor, and where to change them."""
    if factor.on:
        note = _("登录时除密码外还要验证码。恢复码还剩 %(n)s 个。", n=factor.codes_left)
    else:
        note = _("没有绑定身份验证器，登录只凭密码。")
    links = [
        NavItem(_("改密码"), PASSWORD_PAGE),
        NavItem(_("身份验证器"), FACTOR_PAGE),
        NavItem(_("令牌：让别的系统替我办"), "/account/tokens"),
    ]
    return ManageSection(_("密码和验证码"), spans(note), links=tuple(links))


# ── the second factor ────────────────────────────────────────────────────────────────────────────
def begin_section(required: bool) -> ManageSection:
    """Not bound yet: what it is, and the button that starts."""
    note = spans(
        _("这个岗位要求绑定。") if required else "",
        _("在手机上装一个身份验证器，登录时除密码外再填它显示的六位数。"),
    )
    return ManageSection(
        _("绑定身份验证器"), note, forms=(ManageForm(FACTOR_PAGE, _("开始绑定"), hidden=(Hidden("do", "begin"),)),)
    )


def enrol_section(enrolment: Enrolment, with_password: bool) -> ManageSection:
    """The QR code, the secret for typing, and the first code back."""
    grouped = " ".join(enrolment.secret[n : n + 4] for n in range(0, len(enrolment.secret), 4))
    note = spans(_("用身份验证器扫这个码；扫不了，就手工输入密钥 "), strong(grouped), _("（按时间、6 位、30 秒）。"))
    code = Field("code", _("验证码"), hint=_("扫好以后，填它显示的六位数"), required=True, autocomplete="one-time-code")
    password = Field("password", _("现在的密码"), "password", required=True, autocomplete="current-password")
    fields = (code, password) if with_password else (code,)
    form = ManageForm(FACTOR_PAGE, _("绑定"), fields, (Hidden("do", "confirm"),))
    again = ManageForm(FACTOR_PAGE, _("换一个密钥重来"), hidden=(Hidden("do", "begin"),), primary=False)
    return ManageSection(_("绑定身份验证器"), note, forms=(form, again), qr=qr(enrolment.uri))


def codes_section(codes: tuple[str, ...]) -> ManageSection:
    """Recovery codes, this one time."""
    note = spans(strong(_("只显示这一次。")), _("抄下来放在手机以外的地方；手机丢了，用一个登录，每个只能用一次。"))
    return ManageSection(_("恢复码"), note, once=codes, links=(NavItem(_("我抄好了"), "/account"),))


def bound_section(factor: Status) -> ManageSection:
    """In use: how many recovery codes are left, new ones, giving it up."""
    links = (NavItem(_("换一批恢复码"), CODES_PAGE), NavItem(_("停用身份验证器"), OFF_PAGE))
    note = spans(_("已经绑定。恢复码还剩 %(n)s 个。", n=factor.codes_left))
    return ManageSection(_("身份验证器"), note, links=links)


def code_section(title: str, note: str, url: str, button: str) -> ManageSection:
    """A code before something that matters."""
    hint = _("身份验证器现在显示的六位数，或一个恢复码")
    field = Field("code", _("验证码"), hint=hint, required=True, autocomplete="one-time-code")
    return ManageSection(title, spans(note), forms=(ManageForm(url, button, (field,)),))
