"""会商 as the whistle page shows it, to everybody who may read it: those invited above all."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dispatch.domain.case import ASKED_TABLE, CONSULTATION
from dispatch.domain.turn import ZONE, Turn
from dispatch.steps.view import WhistleView
from dispatch.web import say
from dispatch.web.common.units import full_name, full_names
from dispatch.web.i18n import _
from dispatch.web.models.parts import Span, Text, link, spans
from dispatch.web.models.whistle import Meeting


def meetings(view: WhistleView, turn: Turn) -> tuple[Meeting, ...]:
    """The latest first; what a unit asks for and nobody has decided stands among them."""
    shown = [
        one
        for one in view.requests
        if one["kind"] == CONSULTATION or (one["kind"] == ASKED_TABLE and one["status"] == "pending")
    ]
    return tuple(_meeting(one, turn) for one in reversed(shown))


def _meeting(request: Mapping[str, Any], turn: Turn) -> Meeting:
    data = request["data"]
    at = data.get("at")
    when = say.moment(datetime.fromisoformat(at), turn.now, ZONE) if at else _("时间另定")
    asked = request["kind"] == ASKED_TABLE
    return Meeting(
        heading=_("%(unit)s请求会商，等街道召集", unit=full_name(request["unit"], turn)) if asked else when,
        who=_("请 %(units)s", units=full_names(data.get("units"), turn)),
        text=str(data.get("text") or ""),
        minutes="" if asked else str(data.get("minutes") or ""),
        decisions=_decisions(data.get("children") or ()),
    )


def _decisions(numbers: object) -> Text:
    if not isinstance(numbers, list | tuple) or not numbers:
        return ()
    said: list[str | Span] = [_("定下子单：")]
    for nth, number in enumerate(numbers):
        said += ["、" if nth else "", link(str(number), f"/w/{number}")]
    return spans(*said)


__all__ = ["meetings"]
