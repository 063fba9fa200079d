"""停着的: climbing held by a jump of the database's clock, and clocks that the sweep had to set aside."""

from dispatch.domain.turn import Turn
from dispatch.steps.desk_board import DeskView
from dispatch.steps.stalled import Held
from dispatch.store.clocks import Parked
from dispatch.web import words
from dispatch.web.common import times
from dispatch.web.desk.panes import pane
from dispatch.web.i18n import _
from dispatch.web.models.desk import DeskItem, DeskPane
from dispatch.web.models.parts import ActionButton, Hidden, spans, strong

CONFIRM = "/desk/clock/confirm"


def standing(view: DeskView, turn: Turn, *, whole: bool = False) -> DeskPane:
    """The held sweep first: until it goes on nobody is told of anything late."""
    held = view.stalled.held
    items = [*([_held(held, turn)] if held else []), *(_parked(one, turn) for one in view.stalled.parked)]
    return pane("stalled", _("停着的"), _("不会自己往上走"), items, whole=whole)


def _held(held: Held, turn: Turn) -> DeskItem:
    by = _("%(n)s 分钟", n=round(abs(held.seconds) / 60))
    jumped = (
        _("数据库的时钟往前跳了 %(by)s，", by=by) if held.seconds > 0 else _("数据库的时钟往回跳了 %(by)s，", by=by)
    )
    until = times.moment(held.until, turn.now)
    return DeskItem(
        title=_("逐级督办暂停了"),
        text=spans(
            jumped,
            strong(_("现在没有一件会往上走")),
            _("。请机房核对时间，对了就确认；不确认，到 %(at)s 没再跳就自己继续。", at=until),
        ),
        badge=_("全区"),
        actions=(
            ActionButton(
                "confirm-clock", _("时间对，继续"), CONFIRM, primary=True, hidden=(Hidden("at", held.at.isoformat()),)
            ),
        ),
        open=True,
    )


def _parked(one: Parked, turn: Turn) -> DeskItem:
    stage = _(words.STAGES.get(one.stage, one.stage))
    return DeskItem(
        title=_("（已封存）") if one.sealed else one.title,
        url=f"/w/{one.number}",
        number=str(one.number),
        text=spans(
            _("%(stage)s的钟 %(at)s 就该动，没能动：", stage=stage, at=times.moment(one.since, turn.now)),
            one.reason,
            _("。系统每隔一会儿再试；一直在这里，请找管理员。"),
        ),
    )
