"""挂账清单: what is on hold, by the level that signed for it, the longest held first."""

from fastapi import Request

from dispatch.domain.turn import ZONE, Turn
from dispatch.steps.holds import AGES, Held, HoldsView, holds_view
from dispatch.steps.sign_in import Visit
from dispatch.web import say
from dispatch.web.common import times
from dispatch.web.common.frame import build_frame
from dispatch.web.deps import deps_of
from dispatch.web.i18n import N_, _
from dispatch.web.lists.rows import title_of
from dispatch.web.models.holds import HoldGroup, HoldRow, HoldsPage
from dispatch.web.models.parts import Empty

HOLDS = "/holds"
LEVELS = {5: N_("区级挂账"), 4: N_("街道挂账")}


async def holds_page(request: Request, visit: Visit) -> HoldsPage:
    """The page. Raises `Unavailable`."""
    service, actor = deps_of(request).service, visit.actor
    view = await holds_view(service, actor)
    turn = service.turn(actor.district or "", view.as_of)
    frame = build_frame(request, visit, _("挂账清单"), current=HOLDS, phone_title=_("挂账清单"), now=view.as_of)
    return HoldsPage(
        frame=frame,
        heading=_("挂账清单"),
        count=f"{len(view.held)}+" if view.more else str(len(view.held)),
        note=_("钟停着，件数照算；到复查日自己恢复办理。"),
        groups=tuple(_group(level, view, turn) for level in view.ages),
        empty=Empty(_("没有挂账的。"), _("批准挂账以后，会出现在这里。")),
    )


def _group(level: int, view: HoldsView, turn: Turn) -> HoldGroup:
    counts = view.ages[level]
    said = [_("%(n)s 天以内 %(count)s 件", n=most, count=count) for most, count in zip(AGES, counts, strict=False)]
    said.append(_("更久 %(count)s 件", count=counts[-1]))
    rows = tuple(_row(one, turn) for one in view.held if one.level == level)
    return HoldGroup(_(LEVELS.get(level, N_("街道挂账"))), str(len(rows)), "・".join(said), rows)


def _row(one: Held, turn: Turn) -> HoldRow:
    item = one.item
    parts = [item.street_name, item.lead_name or "", item.category_name or _("未分类")]
    since = times.moment(one.since, turn.now)
    signed = _("%(at)s 由%(who)s批准", at=since, who=one.signed_by) if one.signed_by else since
    return HoldRow(
        number=str(item.number),
        title=title_of(item),
        url=f"/w/{item.number}",
        meta="・".join(part for part in parts if part),
        days=_("已挂 %(n)s 天", n=one.days),
        review=_("%(at)s 复查", at=say.day(one.review_at, turn.now, ZONE)) if one.review_at else "",
        reason=one.reason or _("（文字已按规定清除）"),
        signed=signed + (_("，第 %(n)s 次挂账", n=one.times) if one.times > 1 else ""),
    )
