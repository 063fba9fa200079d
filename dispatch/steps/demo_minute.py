"""The one-minute whistle of the demo (演示·一分钟): real code, real clock, fifteen seconds a rung.

Raised at the first visit of the landing page, and at a later one once the last has reached the district or is over. The
one before is cancelled then, so that the demo's queues hold one of them; a page left open raises none.
"""

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from dispatch.domain.case import Actor, Case
from dispatch.domain.clocks import LAST_RUNG
from dispatch.domain.permissions import CLERK
from dispatch.domain.reference import Duty, Reference, node_seat
from dispatch.domain.refusals import Refusal
from dispatch.steps.casework import act
from dispatch.steps.intake import Intake
from dispatch.steps.prepare import NewWhistle
from dispatch.steps.service import Service
from dispatch.store import cases, seeds

PRINCIPAL = "demo-minute"
#: how long the last one stands at the district, to be looked at
SHOWN = timedelta(minutes=3)
#: after that it is over, whatever became of it
OLDEST = timedelta(minutes=15)


async def demo_minute(service: Service, intake: Intake, place: str, *, visited: bool = True) -> UUID | None:
    """The id of the one-minute whistle to show now, about `place`; None where there is no such category.

    Any number of visitors at once raise one: they share its idempotency key. Without a visit (`visited`: a page that
    only looks again) the last one stays, however long ago. Raises `Unavailable`.
    """
    found = _duty(service)
    if found is None:
        return None
    reference, duty = found
    now = await service.database.now()
    async with service.database.acquire() as connection:
        last = await seeds.latest(connection, PRINCIPAL)
        case = await cases.read(connection, last.id) if last else None
    if last and case and not (visited and _over(case, now - last.received_at)):
        return last.id
    clerk = _clerk(service, reference, place, now)
    if clerk is None:
        return None
    if case and not case.ended:
        await _cancel(service, clerk, case)
    nth = int(last.key) + 1 if last else 1
    receipt = await intake.raise_(replace(clerk, principal=PRINCIPAL), _new(duty, clerk, place, nth))
    return receipt.id


def _over(case: Case, age: timedelta) -> bool:
    """Finished, or at the district for long enough: 75 s to the top by the demo's policy, then `SHOWN`."""
    at_top = case.rung == LAST_RUNG and age > timedelta(seconds=15 * LAST_RUNG) + SHOWN
    return case.ended or at_top or age > OLDEST


def _duty(service: Service) -> tuple[Reference, Duty] | None:
    for district in service.rules.districts:
        reference = service.rules.of(district)
        for duty in reference.duties.duties:
            if duty.demo:
                return reference, duty
    return None


def _clerk(service: Service, reference: Reference, place: str, now: datetime) -> Actor | None:
    """The clerk of the street that the place lies in."""
    root, street = reference.tree.roots()[0], reference.tree.street_of(place)
    if street is None:
        return None
    seat = node_seat(street.code, "clerk")
    person = service.turn(root.code, now).holder(seat)
    if person is None:
        return None
    return Actor(CLERK, person, seat, street.code, None, root.code, principal=f"person:{person}")


def _new(duty: Duty, clerk: Actor, place: str, nth: int) -> NewWhistle:
    assert clerk.node is not None
    title = f"{duty.name}：看它怎样一级一级往上走"
    return NewWhistle(
        street=clerk.node,
        place=place,
        category=duty.code,
        title=title,
        body="演示用：没有人会去办这一件，所以每 15 秒往上走一级，直到区里发出督办单。",
        via="form",
        idempotency_key=str(nth),
        request_sha256=hashlib.sha256(f"{nth} {title}".encode()).digest(),
    )


async def _cancel(service: Service, clerk: Actor, case: Case) -> None:
    try:
        await act(service, clerk, case.id, "cancel", {"reason": "演示结束，重新开始"})
    except Refusal:  # a visitor works on it: it goes its own way
        return
