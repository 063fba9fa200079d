"""调度台: left what waits for a decision, right what is watched; each pane is a page of its own too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Request

from dispatch.domain.case import Actor, Case
from dispatch.domain.permissions import may_ever
from dispatch.domain.refusals import NotFound
from dispatch.domain.turn import Turn
from dispatch.steps.desk_board import DeskView, desk_view
from dispatch.steps.letters import permit
from dispatch.steps.service import Service
from dispatch.steps.sign_in import Visit
from dispatch.store import cases, dead_letters, desk, rule_proposals, whistles
from dispatch.store.desk import Ruling
from dispatch.store.rule_proposals import Draft, Proposal
from dispatch.web.common.frame import build_frame
from dispatch.web.deps import deps_of
from dispatch.web.desk import deciding, panes, watched
from dispatch.web.desk.candidates import Chosen, candidates
from dispatch.web.desk.letters import letters
from dispatch.web.desk.repeats import alike
from dispatch.web.desk.rule_changes import waiting
from dispatch.web.desk.sealed import sealed
from dispatch.web.desk.stalled import standing
from dispatch.web.i18n import _
from dispatch.web.live.address import events_of
from dispatch.web.models.desk import Candidates, DeskPage, DeskPane
from dispatch.web.models.frame import Frame
from dispatch.web.models.parts import Notice

PATH = "/desk"
PANES = (
    "unmatched",
    "hand-backs",
    "requests",
    "sealed",
    "repeats",
    "supervision",
    "arriving",
    "vacant",
    "absent",
    "rules",
    "stalled",
    "dead",
)
LEFT = PANES[:5]
#: left out while they are empty
SPARE = ("requests", "sealed", "repeats", "absent", "rules", "stalled")
#: dead letters on their own page
LETTERS = 100


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything the desk's panes are made of."""

    actor: Actor
    view: DeskView
    turn: Turn
    cases: Mapping[UUID, Case]
    texts: Mapping[UUID, tuple[str, str]]
    reasons: Mapping[UUID, str]
    rulings: Sequence[Ruling]
    ordered: Mapping[UUID, datetime]
    letters: Sequence[Mapping[str, Any]]
    proposals: Sequence[Proposal]
    drafts: Sequence[Draft]


async def desk_page(
    request: Request,
    visit: Visit,
    name: str | None = None,
    notices: Sequence[Notice] = (),
    before: Chosen | None = None,
) -> DeskPage:
    """The page, or one pane of it; `before` is a choice that was not done. Raises `Forbidden`, `NotFound`,
    `Unavailable`.
    """
    if name is not None and name not in PANES:
        raise NotFound("没有「{value}」这一栏", field="pane", value=name)
    service, actor = deps_of(request).service, visit.actor
    if name == "dead":
        return await _letters_page(request, visit, notices)
    found = await _read(service, actor)
    frame = _frame(request, visit, found.view.as_of, notices)
    opened = before.number if before else request.query_params.get("open", "")
    if name is not None:
        return DeskPage(frame, (_pane(name, found, opened, whole=True),), ())
    made = {one: _pane(one, found, opened, before) for one in PANES}
    left = tuple(made[one] for one in LEFT if one not in SPARE or made[one].items)
    right = tuple(made[one] for one in PANES if one not in LEFT and (one not in SPARE or made[one].items))
    return DeskPage(frame, left, right)


async def _letters_page(request: Request, visit: Visit, notices: Sequence[Notice]) -> DeskPage:
    """异常消息 alone: the administrator's too."""
    permit(visit.actor)
    service = deps_of(request).service
    now = await service.database.now()
    async with service.database.acquire() as connection:
        rows = await dead_letters.page(connection, after=_uuid(request.query_params.get("after")), limit=LETTERS)
        counts = await dead_letters.counts(connection)
    return DeskPage(_frame(request, visit, now, notices), (letters(rows, sum(counts.values()), whole=True),), ())


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _frame(request: Request, visit: Visit, now: datetime, notices: Sequence[Notice]) -> Frame:
    events = events_of("desk", now) if may_ever(visit.actor, "desk") else ""
    return build_frame(request, visit, _("调度台"), current=PATH, events=events, notices=notices, now=now)


async def _read(service: Service, actor: Actor) -> Desk:
    view = await desk_view(service, actor)
    turn = service.turn(actor.district or "", view.as_of)
    waiting = [item.id for item in view.at_desk]
    top = [one.item for one in view.supervised]
    since = min((item.received_at for item in view.at_desk), default=view.as_of)
    async with service.database.acquire() as connection:
        found = await cases.many(connection, [*waiting, *(item.id for item in top)])
        texts = await whistles.texts(connection, waiting)
        routed = await desk.routed(connection, waiting, since)
        rulings = await desk.rulings(connection, actor.district or "")
        ordered = await desk.ordered_at(connection, [item.clock.id for item in top if item.clock])
        rows = await dead_letters.page(connection, limit=panes.MOST)
        proposed = await rule_proposals.waiting(connection, actor.district or "")
        drafts = await rule_proposals.drafts(connection, actor.district or "")
    reasons = {id: _reason(data) for id, data in routed.items()}
    known = {case.id: case for case in found}
    return Desk(actor, view, turn, known, texts, reasons, rulings, ordered, rows, proposed, drafts)


def _reason(routed: Mapping[str, Any]) -> str:
    """The code of a routing's reason; `danger:` before it where danger words were found."""
    reason = routed.get("reason") or {}
    return ("danger:" if reason.get("danger") else "") + str(reason.get("code") or "")


def _pane(name: str, found: Desk, opened: str, before: Chosen | None = None, *, whole: bool = False) -> DeskPane:
    view, turn = found.view, found.turn
    match name:
        case "unmatched":
            return deciding.unmatched(view, turn, found.reasons, _opened(found, opened, before), whole=whole)
        case "hand-backs":
            chosen = next((one.item.id for one in view.decisions if str(one.item.number) == opened), None)
            return deciding.hand_backs(view, turn, chosen, whole=whole)
        case "requests":
            return deciding.requests(view, turn, whole=whole)
        case "sealed":
            return sealed(view, turn, whole=whole)
        case "repeats":
            return alike(view, turn, whole=whole)
        case "supervision":
            return watched.supervision(view, turn, found.cases, found.ordered, whole=whole)
        case "arriving":
            return watched.arriving(view, turn, whole=whole)
        case "vacant":
            return watched.vacant(view, turn, whole=whole)
        case "absent":
            return watched.absent(view, turn, whole=whole)
        case "rules":
            return waiting(found.proposals, found.drafts, found.actor.person, view.as_of, whole=whole)
        case "stalled":
            return standing(view, turn, whole=whole)
        case _:
            return letters(found.letters, sum(view.dead_letters.values()), whole=whole)


def _opened(found: Desk, asked: str, before: Chosen | None) -> dict[UUID, Candidates]:
    """The item asked for; else the first suspected emergency; else the first."""
    items = found.view.at_desk
    chosen = next((item for item in items if str(item.number) == asked), None)
    chosen = chosen or min(items, key=lambda item: not deciding.urgent(item, found.reasons), default=None)
    case = found.cases.get(chosen.id) if chosen else None
    if chosen is None or case is None:
        return {}
    text = found.texts.get(chosen.id, (chosen.title, ""))
    before = before if before and before.number == str(chosen.number) else None
    made = candidates(case, found.actor, found.turn, text, found.rulings, found.view, chosen.version, before)
    return {chosen.id: made}
