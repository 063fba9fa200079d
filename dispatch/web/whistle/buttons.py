"""The buttons of the whistle page: what its reader may do now."""

from uuid import uuid4

from dispatch.domain.acts_units import unsigned
from dispatch.domain.case import Actor
from dispatch.steps.view import WhistleView
from dispatch.web.models.parts import ActionButton, Hidden
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
    """What this reader may do now: the right answer first, then the rest behind 更多."""
    may = tokens(view.allowed_actions)
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


def button(
    view: WhistleView, token: str, actor: Actor | None = None, *, primary: bool = False, unit: str = ""
) -> ActionButton:
    """One button of the whistle page."""
    asks = ASKS[token]
    hidden = [Hidden("version", str(view.version))]
    if asks.repeatable:
        hidden.append(Hidden("key", str(uuid4())))
    if actor is not None and asks.action == "sign-instruction":  # the one shown: tapped twice, it signs no other
        hidden += [Hidden("request", str(one.id)) for one in unsigned(view.case, actor)[:1]]
    url = f"/w/{view.number}/do/{token}" + (f"?unit={unit}" if unit else "")
    return ActionButton(
        asks.action, label(token), url, primary, not asks.tap, hidden=tuple(hidden) if asks.tap else (),
        key=KEYS.get(token, ""),
    )  # fmt: skip


__all__ = ["button", "buttons"]
