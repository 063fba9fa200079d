"""The buttons of the whistle page: what its reader may do now."""

from uuid import uuid4

from dispatch.domain.acts_units import unsigned
from dispatch.domain.case import Actor, Request
from dispatch.domain.turn import Turn
from dispatch.steps.view import WhistleView
from dispatch.web.models.parts import ActionButton, Hidden
from dispatch.web.models.whistle import Asked
from dispatch.web.whistle import requested
from dispatch.web.whistle.expecting import Expected
from dispatch.web.whistle.forms import ASKS, label, tokens

#: so many buttons stand beside the primary one, the others go behind 更多
BESIDE = 2
#: each unit carries its own button for these
BY_UNIT = ("evaluate",)
KEYS = {"report-in": "r", "arrive": "r", "resolve": "e"}


def buttons(
    view: WhistleView, what: Expected, actor: Actor
) -> tuple[tuple[ActionButton, ...], tuple[ActionButton, ...]]:
    """What this reader may do now: the right answer first, then the rest behind 更多.

    Where several requests wait their buttons stand beside each (`asked`): here they would not say which they decide.
    """
    waiting = requested.waiting(view)
    apart = {action for action, _ in waiting} if len(waiting) > 1 else set()
    may = tokens(tuple(action for action in view.allowed_actions if action not in apart))
    first = [token for token in what.first if token in may]
    rest = [one for one in may if one not in (*first, *BY_UNIT)]
    shown = first[: BESIDE + 1] if what.mine else first[:BESIDE]
    more = [*first[len(shown) :], *rest]
    if len(shown) + len(more) <= BESIDE + 1:
        shown, more = [*shown, *more], []
    return (
        tuple(button(view, token, actor, primary=what.mine and i == 0) for i, token in enumerate(shown)),
        tuple(button(view, token, actor) for token in more),
    )


def asked(view: WhistleView, what: Expected, turn: Turn) -> tuple[Asked, ...]:
    """What waits for this reader's ruling, in words; with the buttons of each where there are several."""
    waiting = requested.waiting(view)
    if len(waiting) == 1:
        return (Asked(requested.said(waiting[0][1], view, turn)),)
    best = next((one.id for action, one in waiting if what.mine and what.first[:1] == tokens((action,))[:1]), None)
    return tuple(
        Asked(
            requested.said(one, view, turn),
            tuple(
                button(view, token, primary=one.id == best and i == 0, request=one)
                for i, token in enumerate(tokens((action,)))
            ),
        )
        for action, one in waiting
    )


def button(
    view: WhistleView,
    token: str,
    actor: Actor | None = None,
    *,
    primary: bool = False,
    unit: str = "",
    request: Request | None = None,
) -> ActionButton:
    """One button of the whistle page; of a decision, on `request` (the only one that waits, unless it is named)."""
    asks = ASKS[token]
    hidden = [Hidden("version", str(view.version))]
    if asks.repeatable:
        hidden.append(Hidden("key", str(uuid4())))
    if actor is not None and asks.action == "sign-instruction":  # the one shown: tapped twice, it signs no other
        hidden += [Hidden("request", str(one.id)) for one in unsigned(view.case, actor)[:1]]
    if requested.kind_of(asks.action) and request is None:
        request = next((one for action, one in requested.waiting(view) if action == asks.action), None)
    hidden += requested.hidden(request)
    which = f"?unit={unit}" if unit else f"?request={request.id}" if request else ""
    url = f"/w/{view.number}/do/{token}" + ("" if request and asks.tap else which)
    return ActionButton(
        asks.action, label(token), url, primary, not asks.tap, hidden=tuple(hidden) if asks.tap else (),
        key=KEYS.get(token, ""),
    )  # fmt: skip


__all__ = ["asked", "button", "buttons"]
