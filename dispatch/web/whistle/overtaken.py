"""Somebody was quicker: what has happened since, and what became of what was typed."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.datastructures import FormData

from dispatch.domain.refusals import Stale
from dispatch.domain.turn import ZONE
from dispatch.steps import view
from dispatch.steps.sign_in import Visit
from dispatch.web import problems
from dispatch.web.auth import text_of
from dispatch.web.deps import WebDeps
from dispatch.web.i18n import _
from dispatch.web.models.parts import Field, Notice, spans
from dispatch.web.whistle.told import sentence

#: fields whose words somebody wrote
_WRITTEN = ("textarea", "text")
#: so many of the steps that came between are told
_TOLD = 3


@dataclass(frozen=True, slots=True)
class Overtaken:
    """The steps that came between, in words; `own`: all of them are this very person's (two presses at once)."""

    told: str
    own: bool

    def notice(self, act: str, typed: str, *, possible: bool) -> Notice:
        """What happened and what is true now; where the act's form is gone the words typed stand here."""
        title = _("您刚才已经办了一步") if self.own else _("别人刚办了一步")
        if possible:
            return Notice(
                title, spans(self.told, _("。看过再继续，您写的字还在。") if typed else _("。看过再办。")), "conflict"
            )
        over = _("。现在不能再「%(act)s」了，下面是现在能办的。", act=act)
        return Notice(title, spans(self.told, over, unsent(typed)), "conflict")


def unsent(typed: str) -> str:
    """What was typed into a form that is gone, so that it is not lost with it; "" where nothing was."""
    return _("您写的没有发出去，还要用就从这里复制：「%(typed)s」", typed=typed) if typed else ""


def typed_in(fields: Sequence[Field], form: FormData | None) -> str:
    """The words that somebody wrote into these fields; what was only chosen is no loss."""
    if form is None:
        return ""
    words = (text_of(form, one.name).strip() for one in fields if one.kind in _WRITTEN)
    return "\n".join(word for word in words if word)


async def overtaken(deps: WebDeps, visit: Visit, number: str, form: FormData, refusal: Stale) -> Overtaken:
    """What happened since the version that the form carries. Raises `NotFound`, `Unavailable`."""
    seen = await view.whistle_view(deps.service, visit.actor, number)
    turn = deps.service.turn(seen.district, seen.as_of)
    version = text_of(form, "version")
    since = int(version) if version.isdecimal() else 0
    at = next((i for i, one in enumerate(seen.timeline) if int(one.data.get("version") or 0) > since), None)
    said = () if at is None else seen.timeline[at:]
    told = _("；").join(f"{one.at.astimezone(ZONE):%H:%M} {sentence(one, seen, turn)}" for one in said[-_TOLD:])
    own = bool(said) and all((one.by or {}).get("seat") == visit.actor.seat for one in said)
    return Overtaken(told or problems.said(refusal), own)


__all__ = ["Overtaken", "overtaken", "typed_in", "unsent"]
