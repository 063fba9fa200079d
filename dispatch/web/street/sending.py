"""The form sent: one whistle, or one with its children; or what was written added to a whistle that is there."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import structlog

from dispatch.domain.case import Actor
from dispatch.domain.masking import mask
from dispatch.domain.matching import danger_words
from dispatch.domain.reference import Reference
from dispatch.domain.refusals import NotNow
from dispatch.domain.several import Problem
from dispatch.steps import casework
from dispatch.steps.intake import Receipt
from dispatch.web.api import doing
from dispatch.web.api.raising import new_whistle, place_in
from dispatch.web.deps import WebDeps
from dispatch.web.street.offers import problems_of
from dispatch.web.street.typed import Typed, whistle_of

log = structlog.get_logger(__name__)


async def raise_all(
    deps: WebDeps, actor: Actor, reference: Reference, typed: Typed, key: str, sha256: bytes
) -> tuple[Receipt, int]:
    """The receipt, and how many children were split off; the same form again gives the same. Raises a `Refusal`."""
    first, problems = parted(actor, typed, reference)
    new = new_whistle(whistle_of(first, first.kept), actor, reference, key, sha256, via="form")
    new.place_by = "text" if first.place_auto else None
    if first.get("danger") == typed.get("danger"):  # else it was said of another of the problems
        new.danger_answer = typed.get("danger") if typed.get("danger") in ("yes", "no") else "none"
    await doing.own_photos(deps.service, actor, {"photos": [UUID(one) for one in new.photos]})
    receipt = await deps.intake.raise_(actor, new)
    for n, problem in enumerate(problems[1:], 1):
        await _child(deps, actor, reference, receipt, typed, problem, f"{key}:{n}")
    return receipt, max(0, len(problems) - 1)


def parted(actor: Actor, typed: Typed, reference: Reference) -> tuple[Typed, tuple[Problem, ...]]:
    """What is raised first, and all problems where they are to be parted; else the form as it is, and none."""
    problems = problems_of(actor, typed.get("body").strip(), reference) if typed.get("split") else ()
    return (_first(typed, problems, reference) if problems else typed), problems


def _first(typed: Typed, problems: tuple[Problem, ...], reference: Reference) -> Typed:
    """The form as the first problem's own."""
    text = problems[0].text
    dangerous = [bool(danger_words(reference.duties, one.text)) for one in problems]
    danger = typed.get("danger") if dangerous[0] or not any(dangerous) else "no"
    first = replace(typed, plain=typed.plain | {"body": text, "danger": danger})
    if not typed.place_auto:
        return first
    named = place_in(text, reference, _street(typed, reference))
    return replace(first, place=named.code) if named else first


async def _child(
    deps: WebDeps, actor: Actor, reference: Reference, receipt: Receipt, typed: Typed, problem: Problem, key: str
) -> None:
    named = place_in(problem.text, reference, _street(typed, reference)) if typed.place_auto else None
    dangerous = typed.get("danger") == "yes" and bool(danger_words(reference.duties, problem.text))
    fields: dict[str, Any] = {"body": problem.text, "danger": dangerous}
    if named is not None or typed.place:
        fields["place"] = named.code if named else typed.place
    try:
        await casework.act(deps.service, actor, receipt.id, "add-child", fields, key=key)
    except NotNow:  # the first has been answered already: the next stands by itself
        alone = replace(typed, plain=typed.plain | {"body": problem.text}, place=fields.get("place", ""), kept=())
        new = new_whistle(whistle_of(alone), actor, reference, key, receipt.id.bytes, via="form")
        made = await deps.intake.raise_(actor, new)
        if made.created:
            log.info("whistle.raised", whistle=str(made.id), number=made.number, kind=made.kind, via="form")


def _street(typed: Typed, reference: Reference) -> str | None:
    street = reference.tree.street_of(typed.place) if typed.place else None
    return street.code if street else None


async def add_to(deps: WebDeps, actor: Actor, number: int, typed: Typed, key: str) -> None:
    """Note what was written on a whistle that is there, once for one form. Raises a `Refusal`."""
    once = f"add:{key}"
    admitted = await doing.admit(deps.service, actor, str(number), "note", once)
    text = mask(typed.said())[0]
    await casework.act(deps.service, actor, admitted.id, "note", {"text": text}, key=once)


__all__ = ["add_to", "parted", "raise_all"]
