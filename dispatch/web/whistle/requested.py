"""What waits for this reader's ruling: each request by itself, so that what is shown is what is decided."""

from dispatch.domain import asking
from dispatch.domain.case import Request
from dispatch.domain.refusals import NotNow
from dispatch.domain.turn import Turn
from dispatch.steps.view import WhistleView
from dispatch.web.common.units import full_name
from dispatch.web.models.parts import Hidden
from dispatch.web.models.whistle import TimelineItem
from dispatch.web.whistle import told


def kind_of(action: str) -> str:
    """The kind of request that an act decides; "" for an act that decides on nothing."""
    if action == "rule":
        return "hand-back"
    return action.removeprefix("decide-") if action.startswith("decide-") else ""


def named(action: str, view: WhistleView, request: str) -> Request | None:
    """What `action` decides: the request of this id, the oldest without one. Raises `NotNow` where it waits no more."""
    kind = kind_of(action)
    return asking.waiting(view.case, kind, {"request": request}) if kind else None


def gone(action: str, view: WhistleView, request: str) -> NotNow | None:
    """Why the request that an address or a form names cannot be decided any more."""
    try:
        named(action, view, request)
    except NotNow as refusal:
        return refusal
    return None


def hidden(request: Request | None) -> tuple[Hidden, ...]:
    """What names it in a form."""
    return (Hidden("request", str(request.id)),) if request else ()


def waiting(view: WhistleView) -> tuple[tuple[str, Request], ...]:
    """Every request that this reader may decide, the oldest first, with the act that decides it."""
    acts = {kind: action for action in view.allowed_actions if (kind := kind_of(action))}
    return tuple((acts[one.kind], one) for one in view.case.requests if one.status == "pending" and one.kind in acts)


def said(request: Request, view: WhistleView, turn: Turn) -> TimelineItem:
    """Who asks for what, until when and why; who and when, where the log of that month is archived."""
    fact = next((one for one in view.timeline if one.data.get("request") == str(request.id)), None)
    if fact is not None:
        return told.item(fact, view, turn)
    who = full_name(request.unit, turn) if request.unit else view.raised_by["node_name"]
    return TimelineItem(told.at(request.asked_at, turn), str(who))


__all__ = ["gone", "hidden", "kind_of", "named", "said", "waiting"]
