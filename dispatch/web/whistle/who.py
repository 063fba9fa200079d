"""The units of a whistle, and what each is at."""

from dispatch.domain.parts import nobody_has
from dispatch.domain.turn import Turn
from dispatch.steps.shown import PartView
from dispatch.steps.view import WhistleView
from dispatch.web import states
from dispatch.web.common.units import full_name
from dispatch.web.i18n import _
from dispatch.web.models.form import AssignmentRow
from dispatch.web.models.parts import Role
from dispatch.web.whistle.buttons import button


def who(view: WhistleView, turn: Turn) -> tuple[AssignmentRow, ...]:
    """The units and what each is at; the street rates each by itself."""
    rate = "evaluate" in view.allowed_actions
    rows = []
    for part in view.assignments:
        if part.status == "released":
            continue
        actions = (button(view, "evaluate", unit=part.unit),) if rate and part.role != "inform" else ()
        note = _note(part, rated=part.unit in view.case.aside.rated)
        if part.role == "inform" and nobody_has(view.case):
            note = _("应急值班，已经通知；派单以前由它先问、先派人")
        rows.append(AssignmentRow(Role(part.role), full_name(part.unit, turn), note, actions))
    return tuple(rows)


def _note(part: PartView, *, rated: bool = False) -> str:
    """A unit's own state: 待签收 · 已到场·办理中."""
    if part.role == "inform":
        return _("只让它知道，不用报到")
    said = _(states.ASSIGNMENTS.get(part.status, part.status))
    if part.status == "assigned" and part.on_site:
        said = _("还没到场")
    return said + (_("・申请过退单") if part.handed_back else "") + (f"・{states.beside('evaluated')}" if rated else "")
