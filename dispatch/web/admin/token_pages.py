"""What the pages of API tokens show: one's own, and those of a district."""

from collections.abc import Sequence
from datetime import datetime

from dispatch.clock import new_id
from dispatch.domain.reference import Reference
from dispatch.domain.turn import ZONE
from dispatch.steps.sign_in import SCOPES
from dispatch.steps.step_up import Asks
from dispatch.steps.tokens import DAYS, DAYS_FOR_OTHERS, FOR_OTHERS
from dispatch.store.directory import PersonSeen, TokenSeen
from dispatch.web import say
from dispatch.web.admin import words
from dispatch.web.admin.pages import REVOKE, TOKENS, button, proof
from dispatch.web.i18n import _
from dispatch.web.models.manage import ManageForm, ManageRow, ManageSection
from dispatch.web.models.parts import Empty, Field, Hidden, NavItem, Option, spans, strong

OWN = "/account/tokens"
END_OWN = f"{OWN}/end"


def token_section(
    found: Sequence[TokenSeen], reference: Reference | None, now: datetime, revoke: str = REVOKE
) -> ManageSection:
    """The tokens, those that work first; `revoke` is where their buttons go."""
    rows = tuple(_row(one, reference, now, revoke) for one in found)
    return ManageSection(_("令牌"), rows=rows, empty=Empty(_("还没有令牌")), count=str(len(rows)))


def _row(one: TokenSeen, reference: Reference | None, now: datetime, revoke: str) -> ManageRow:
    works = one.revoked_at is None and one.expires_at > now
    used = _("最近用过 %(at)s", at=say.moment(one.used_at, now, ZONE)) if one.used_at else _("还没用过")
    until = _("有效到 %(at)s", at=say.moment(one.expires_at, now, ZONE))
    state = _("停用了") if one.revoked_at else "" if works else _("过期了")
    why = _("管理员代开：%(why)s", why=one.reason) if one.reason else ""
    return ManageRow(
        one.name,
        f"{words.seat_words(reference, one.seat)}・{one.person_name}・{words.scope_words(one.scopes)}",
        "・".join(part for part in (until, used, why) if part),
        state,
        actions=(button(_("停用"), revoke, Hidden("token", str(one.id))),) if works else (),
    )


def whose_section(given: dict[str, str]) -> ManageSection:
    """Whose token first: an account's name."""
    note = spans(_("令牌替一个人从他的岗位办事，做得了的不比他多。"), strong(_("能办理的令牌，只有本人开得了。")))
    field = Field("account", _("谁的"), value=given.get("account", ""), hint=_("账号，如 xf.liaison"), required=True)
    form = ManageForm(TOKENS, _("下一步"), (field,), primary=False, method="get")
    return ManageSection(_("开一个令牌"), note, forms=(form,), links=(NavItem(_("给自己开"), OWN),))


def new_section(
    one: PersonSeen, reference: Reference | None, given: dict[str, str], *, own: bool, asks: Asks = ""
) -> ManageSection:
    """From which seat, for what, for how long; for somebody else also why, and (`asks`) who it is that makes it."""
    seats = tuple(Option(seat, words.seat_words(reference, seat), selected=n == 0) for n, seat in enumerate(one.seats))
    scopes = tuple(Option(scope, words.scope_words((scope,))) for scope in (SCOPES if own else FOR_OTHERS))
    days = tuple(Option(str(n), _("%(n)s 天", n=n), selected=n == 90) for n in (DAYS if own else DAYS_FOR_OTHERS))
    fields = [
        Field("name", _("用途"), value=given.get("name", ""), hint=_("给哪个系统用，出了事找谁"), required=True),
        Field("seat", _("从哪个岗位"), "select", options=seats),
        Field("scopes", _("能做什么"), "checkboxes", options=scopes, hint=_("只勾用得着的")),
        Field("days", _("有效期"), "select", options=days),
    ]
    once = Hidden("id", str(new_id()))
    if own:
        note = spans(_("令牌替您从您的岗位办事，用它做的都算您的；只给信得过的系统。"))
        form = ManageForm(OWN, _("开令牌"), tuple(fields), (once,))
        return ManageSection(_("开一个令牌"), note, forms=(form,))
    hint = _("本人看得到，也记在管理记录里")
    fields.append(Field("reason", _("为什么由您代开"), value=given.get("reason", ""), hint=hint, required=True))
    fields.extend(proof(asks, "token"))
    note = spans(_("本人登录时会看到，可以停用。要能办理，请本人在「我的账号」里开。"))
    form = ManageForm(TOKENS, _("开令牌"), tuple(fields), (once, Hidden("person", one.code)))
    return ManageSection(_("给%(name)s开一个令牌", name=one.name), note, forms=(form,))


def made_section(token: str, made: TokenSeen, now: datetime, onward: str = TOKENS) -> ManageSection:
    """A token, shown this once."""
    until = say.moment(made.expires_at, now, ZONE)
    note = spans(strong(_("只显示这一次。")), _("现在就抄到要用它的系统里；有效到 %(at)s。", at=until))
    return ManageSection(made.name, note, once=(token,), links=(NavItem(_("我抄好了"), onward),))
