"""What every pane of the desk is made with: its frame, its sentence where it is empty."""

from collections.abc import Sequence

from dispatch.web.i18n import N_, _
from dispatch.web.models.desk import DeskItem, DeskPane
from dispatch.web.models.parts import Empty, NavItem

#: so many items stand in a pane; the pane's own page shows them all
MOST = 6
NONE = (N_("现在没有。"), N_("来了会出现在这里。"))


def empty() -> Empty:
    """The sentence of an empty pane."""
    return Empty(_(NONE[0]), _(NONE[1]))


def pane(
    name: str, title: str, note: str, items: Sequence[DeskItem], count: int | None = None, *, whole: bool = False,
    least: int = 0,
) -> DeskPane:  # fmt: skip
    """A pane, cut to `MOST` with a link to its own page unless that is where we are (`whole`); never below `least`."""
    total = len(items) if count is None else max(count, len(items))
    shown = tuple(items) if whole else tuple(items[: max(MOST, least)])
    url = f"/desk/{name}"
    more = NavItem(_("看全部 %(n)s 件", n=total), url) if total > len(shown) and not whole else None
    return DeskPane(name, str(total), title, note, shown, empty(), "" if whole else url, more)


def ended(text: object) -> str:
    """A sentence with its full stop; an erased one is said."""
    said = str(text).strip() if text else _("（已按规定清除）")
    return said if said.endswith(("。", "！", "？", ".", "!", "?")) else said + "。"
