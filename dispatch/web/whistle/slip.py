"""吹哨单 on A4: black on white, nothing needs colour, everything one can sign."""

from fastapi import Request

from dispatch.domain import clocks as rules
from dispatch.domain.clocks import HANDLING, REPORTED
from dispatch.domain.turn import ZONE, Turn
from dispatch.steps.sign_in import Visit
from dispatch.steps.view import WhistleView
from dispatch.web import say
from dispatch.web.common.frame import build_frame
from dispatch.web.common.times import limit_of
from dispatch.web.common.units import full_name
from dispatch.web.deps import deps_of
from dispatch.web.i18n import _
from dispatch.web.models.parts import Span, Text, spans, strong
from dispatch.web.models.whistle import SlipPage
from dispatch.web.qr import qr


def slip_page(request: Request, visit: Visit, view: WhistleView, turn: Turn) -> SlipPage:
    """The slip as of now."""
    number, reference = str(view.number), turn.reference
    url = f"/w/{number}"
    named: dict[str, list[str]] = {"lead": [], "assist": [], "inform": []}
    for part in view.assignments:
        if part.status != "released":
            named[part.role].append(full_name(part.unit, turn))
    source = view.source or {}
    duty = reference.duties.get(view.category) if view.category else None
    return SlipPage(
        frame=build_frame(request, visit, _("吹哨单"), now=turn.now),
        paper_number=say.paper_number(number),
        spoken=say.spoken_number(number),
        street=view.raised_by["node_name"],
        at=say.on_paper(view.received_at, ZONE),
        place=reference.tree.label(view.place.code) if view.place else _("地点不明"),
        text=view.body,
        category=f"{view.category} {view.category_name}" if view.category else _("待定"),
        source=" ".join(str(one) for one in (source.get("channel") or _("主动发现"), source.get("number")) if one),
        lead=_("、").join(named["lead"]) or _("待定"),
        assist=_("、").join(named["assist"]) or _("没有"),
        limit=_limit(view, turn),
        basis=_basis(duty.code, duty.basis, duty.source) if duty else _("待区调度台裁定。"),
        printed=say.on_paper(turn.now, ZONE),
        qr=qr(f"{deps_of(request).base_url.rstrip('/')}{url}"),
        back=url,
    )


def _limit(view: WhistleView, turn: Turn) -> Text:
    handling = next((clock for clock in view.clocks if clock.stage == HANDLING), None)
    if handling is None or handling.limit is None:
        return spans(_("派出以后起算。"))
    limit = limit_of(handling, rules.parse(handling.limit), turn.calendar(handling.calendar))
    said: list[str | Span] = [strong(limit), _("（工作时间计）") if handling.working else _("（连续计时）")]
    if handling.due_at is not None:
        said.append(_("，%(at)s 到期", at=say.on_paper(handling.due_at, ZONE)))
        said.append(_("（暂定）") if handling.provisional else "")
    lead = next((part for part in view.assignments if part.role == "lead"), None)
    reported = next((c for c in view.clocks if lead and c.stage == REPORTED and c.unit == lead.unit), None)
    if lead is not None and reported is not None and reported.due_at is not None:
        verb = _("到场") if lead.on_site else _("签收")
        said.append(_("；%(at)s 前%(verb)s", at=say.on_paper(reported.due_at, ZONE), verb=verb))
    return spans(*said, _("。"))


def _basis(code: str, basis: str, source: str) -> str:
    said = _("清单第 %(code)s 项；%(basis)s。", code=code, basis=basis.rstrip("。"))
    return said + (_("时限为示例。") if "示例" in source else _("时限来源：%(source)s。", source=source))
