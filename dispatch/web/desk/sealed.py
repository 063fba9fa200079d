"""保密、回避: what the desk does in place of a street that may not know of it, and sealed ones that are late."""

from dispatch.domain.turn import Turn
from dispatch.steps.desk_board import DeskView
from dispatch.web.common import times
from dispatch.web.desk.panes import pane
from dispatch.web.i18n import N_, _
from dispatch.web.lists.rows import title_of
from dispatch.web.models.desk import DeskItem, DeskPane

#: what the desk does in a street's place, by the status that waits for it
INSTEAD = {"resolved": N_("等核查"), "verified": N_("等答复来源人"), "answered": N_("等办结")}


def sealed(view: DeskView, turn: Turn, *, whole: bool = False) -> DeskPane:
    """The pane."""
    items = [
        DeskItem(
            title=f"{item.street_name} {title_of(item)}",
            url=f"/w/{item.number}",
            number=str(item.number),
            note=_(INSTEAD.get(item.status, N_("逾期了，不经属地，请过问"))),
            lamp=times.lamp_of(item.clock),
            time=times.time_of(item.clock, turn, due=()),
        )
        for item in view.sealed
    ]
    note = _("街道要回避的由这里核查、答复、办结；逾期的只报到这里")
    return pane("sealed", _("保密、回避"), note, items, whole=whole)
