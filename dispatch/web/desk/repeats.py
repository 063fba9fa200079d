"""疑似重复: pairs that comparing proposed, with what makes them alike; merged or parted by a person."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from dispatch.domain.turn import Turn
from dispatch.steps.desk_board import DeskView
from dispatch.steps.lists import Item
from dispatch.steps.repeats import REFUSE, TAKE, Repeat
from dispatch.web.common import times
from dispatch.web.desk.panes import pane
from dispatch.web.i18n import N_, _
from dispatch.web.lists.rows import title_of
from dispatch.web.models.desk import DeskItem, DeskPane
from dispatch.web.models.parts import ActionButton, Hidden, Option, link, spans

PATH = "/desk/repeats"
LABELS: Mapping[str, str] = {TAKE: N_("并单"), REFUSE: N_("不是一回事")}


def alike(view: DeskView, turn: Turn, *, whole: bool = False) -> DeskPane:
    """The pane; on its own page (`whole`) several can be settled at once."""
    items = [_pair(one, turn, whole) for one in view.repeats]
    note = _("后一件并进前一件；并错了一天内可以撤销")
    made = pane("repeats", _("疑似重复"), note, items, view.pending.get("repeat", 0), whole=whole)
    if not whole or not items:
        return made
    bulk = tuple(Option(each, _(label)) for each, label in LABELS.items())
    return replace(made, bulk=bulk, bulk_url=PATH, bulk_why=False)


def _pair(one: Repeat, turn: Turn, whole: bool) -> DeskItem:
    later, earlier = one.item, one.into
    named = f"{later.number}:{earlier.number}"
    return DeskItem(
        title=title_of(later),
        url=f"/w/{later.number}",
        number=str(later.number),
        note=_where(later, one.at, turn),
        text=spans(
            _("可能与 "),
            link(f"{earlier.number}", f"/w/{earlier.number}"),
            _("「%(title)s」重复（%(where)s）。", title=title_of(earlier), where=_where(earlier, one.into_at, turn)),
            _("像在：") + "".join(f"「{said}」" for said in one.alike) if one.alike else "",
        ),
        side=_("像 %(n)s %%", n=round(100 * one.score)),
        actions=tuple(
            ActionButton(
                "merge" if each == TAKE else "", _(label), PATH, hidden=(Hidden("pick", named), Hidden("action", each))
            )
            for each, label in LABELS.items()
        ),
        open=True,
        pick=named if whole else "",
    )


def _where(item: Item, at: datetime, turn: Turn) -> str:
    place = item.place_label or f"{item.street_name}・{_('地点不明')}"
    return f"{place}・{times.moment(at, turn.now)}"
