"""Reference data with its version: places, units, the duty list, policies; and what the duty list would decide."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from dispatch.domain.duty import Duty
from dispatch.domain.policy import Policy
from dispatch.domain.reference import Node, Reference
from dispatch.domain.refusals import Invalid
from dispatch.steps import categories
from dispatch.steps.foresee import Forecast, foresee
from dispatch.steps.shown import seat_view
from dispatch.web.api.answers import refusals, send, shown, takes
from dispatch.web.api.raising import WHISTLE, new_whistle, permit, street_code
from dispatch.web.auth import Reader
from dispatch.web.deps import deps_of

router = APIRouter(prefix="/api/v1", tags=["reference"])
MOST = 500
Listed = dict[str, Any]
Word = Query(max_length=200, pattern=r"^[^\x00]*$")


def node_json(node: Node, reference: Reference) -> Listed:
    """A place. `path` is its full name."""
    return {
        "code": node.code,
        "name": node.name,
        "path": reference.tree.label(node.code),
        "kind": node.kind,
        "level": node.level,
        "parent": node.parent,
        "general": node.general,
    }


@router.get("/nodes", responses=refusals(ok={200: shown("Nodes", Listed, "Places, with the tree's version")}))
async def nodes(
    request: Request,
    visit: Reader,
    q: Annotated[str | None, Word] = None,
    under: Annotated[str | None, Word] = None,
    parent: Annotated[str | None, Word] = None,
    level: Annotated[int | None, Query(ge=1, le=5)] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 20,
) -> Response:
    """Places. `q`: type-ahead (names, codes, pinyin initials); `under`: only below it; `parent`: its children."""
    reference = deps_of(request).service.rules.of(visit.actor.district or "")
    for name, code in (("under", under), ("parent", parent)):
        if code is not None and code not in reference.tree:
            raise Invalid("没有「{value}」这个地点，请从地点列表里选", field=name, value=code)
    if q:
        found = reference.tree.find(q, limit, under=under)
    elif parent is not None:
        found = list(reference.tree.children(parent))[:MOST]
    else:
        found = [
            node
            for node in reference.tree.by_code.values()
            if (under is None or reference.tree.covers(under, node.code)) and level in (None, node.level)
        ][:limit]
    if level is not None:
        found = [node for node in found if node.level == level]
    return send({"version": reference.versions.get("tree", 0), "items": [node_json(node, reference) for node in found]})


@router.get(
    "/nodes/near", responses=refusals(403, ok={200: shown("NodesNear", Listed, "Places with `metres`, nearest first")})
)
async def near(
    request: Request,
    visit: Reader,
    latitude: Annotated[float, Query(ge=-90, le=90, allow_inf_nan=False)],
    longitude: Annotated[float, Query(ge=-180, le=180, allow_inf_nan=False)],
    limit: Annotated[int, Query(ge=1, le=20)] = 3,
) -> Response:
    """The places nearest to a position, within 3 km and of those that the caller may whistle about."""
    reference = deps_of(request).service.rules.of(visit.actor.district or "")
    found = reference.tree.near(latitude, longitude, limit, under=street_code(visit.actor, reference))
    items = [{**node_json(node, reference), "metres": metres} for node, metres in found]
    return send({"version": reference.versions.get("tree", 0), "items": items})


@router.get("/units", responses=refusals(ok={200: shown("Units", Listed, "Units and their seats")}))
async def units(request: Request, visit: Reader) -> Response:
    """Every unit in its fixed order, with its seats and who holds them."""
    service = deps_of(request).service
    turn = service.turn(visit.actor.district or "", await service.database.now())
    reference = turn.reference
    seats: dict[str, list[Listed]] = {}
    for seat in reference.people.seats.values():
        if seat.unit is not None:
            shown_seat = seat_view(seat.code, turn)
            kept = {name: shown_seat[name] for name in ("seat", "position", "person")}
            seats.setdefault(seat.unit, []).append({"post": seat.post, **kept})
    items = [
        {
            "code": unit.code,
            "name": unit.name,
            "short": unit.short,
            "type": unit.type,
            "place": unit.place,
            "sector": unit.sector,
            "calendar": unit.calendar,
            "round_the_clock": unit.duty,
            "seats": seats.get(unit.code, []),
        }
        for unit in reference.units.all
    ]
    return send({"version": reference.versions.get("units", 0), "items": items})


def duty_json(duty: Duty) -> Listed:
    """A category of the duty list."""
    return {
        "code": duty.code,
        "name": duty.name,
        "group": duty.group,
        "lead": duty.lead,
        "assist": duty.assist,
        "outcome": duty.outcome,
        "kind": duty.kind,
        "words": duty.words,
        "limit": str(duty.limit),
        "marks": [{"name": mark.name, "limit": str(mark.limit)} for mark in duty.marks],
        "report_in": duty.report_in,
        "report_limit": str(duty.report_limit) if duty.report_limit else None,
        "sealed": duty.sealed,
        "say": duty.say,
        "basis": duty.basis,
        "source": duty.source,
        "policy": duty.policy,
    }


@router.get("/duties", responses=refusals(ok={200: shown("Duties", Listed, "The duty list")}))
async def duties(request: Request, visit: Reader, q: Annotated[str | None, Word] = None) -> Response:
    """The duty list (权责清单), with its version and the danger words. `q`: type-ahead (codes, names, pinyin initials,
    words that speak of it), the best ten first."""
    reference = deps_of(request).service.rules.of(visit.actor.district or "")
    listed = await asyncio.to_thread(categories.find, reference.duties, q) if q else reference.duties.duties
    items = [duty_json(duty) for duty in listed]
    version = reference.versions.get("duties", reference.duties.version)
    return send({"version": version, "danger": reference.duties.danger, "items": items})


def policy_json(policy: Policy) -> Listed:
    """A policy: limits of the stages, the ladder, reminders, listed reasons of a refused verification."""
    return {
        "code": policy.code,
        "name": policy.name,
        "basis": policy.basis,
        "stages": [
            {
                "stage": rule.stage,
                "owner": rule.owner,
                "limit": str(rule.limit) if rule.limit else None,
                "emergency": str(rule.emergency) if rule.emergency else None,
                "start": rule.start,
                "emergency_start": rule.emergency_start,
                "climbs": rule.climbs,
            }
            for rule in policy.stages.values()
        ],
        "rungs": [
            {
                "rung": rung.rung,
                "who": rung.who,
                "asked": rung.asked,
                "counterpart": rung.counterpart,
                "wait": str(rung.wait) if rung.wait else None,
                "emergency_wait": str(rung.emergency_wait) if rung.emergency_wait else None,
            }
            for rung in policy.rungs
        ],
        "reminder": str(policy.reminder),
        "notice": str(policy.notice),
        "warn_at": policy.warn_at,
        "extension_by_street": str(policy.extension_by_street),
        "handback_within": str(policy.handback_within),
        "rejections": [{"code": code, "words": words} for code, words in policy.rejections],
        "replaces": policy.replaces if policy.areas or policy.kinds else None,
        "areas": sorted(policy.areas),
        "kinds": sorted(policy.kinds),
    }


@router.get("/policies", responses=refusals(ok={200: shown("Policies", Listed, "Limits and ladders")}))
async def policies(request: Request, visit: Reader) -> Response:
    """The policies, with their version."""
    reference = deps_of(request).service.rules.of(visit.actor.district or "")
    items = [policy_json(policy) for policy in reference.policies.by_code.values()]
    return send({"version": reference.versions.get("policies", reference.policies.version), "items": items})


@router.post(
    "/routing/explain",
    tags=["whistles"],
    openapi_extra=takes("NewWhistle", WHISTLE, {"body": "广泰小区3号楼楼道消防门被锁", "place": "130403011-D01"}),
    responses=refusals(400, 403, ok={200: shown("Forecast", Forecast, "What would happen")}),
)
async def explain(request: Request, visit: Reader) -> Response:
    """What would happen with this whistle: outcome, units, the rule and its reason, deadlines. Nothing is written."""
    service = deps_of(request).service
    permit(visit.actor)
    whistle = WHISTLE.validate_json(await request.body() or b"null")
    reference = service.rules.of(visit.actor.district or "")
    new = new_whistle(whistle, visit.actor, reference, "", b"")
    return send(await foresee(service, visit.actor, new))
