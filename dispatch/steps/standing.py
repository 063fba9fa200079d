"""What stands of a district's documents, changed on a page: read under the lock, stored with a new version.

Every change is one transaction: read, changed, checked as a whole, stored, written into the log.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from dispatch.domain.case import Actor
from dispatch.domain.permissions import ROLE_OF_POST
from dispatch.domain.reference import Reference
from dispatch.domain.refusals import Invalid
from dispatch.steps.administer import allowed
from dispatch.steps.read_files import build_reference
from dispatch.steps.service import Service
from dispatch.store import administration, people, references
from dispatch.store.people import Changes, PersonRow, SeatRow, TenureRow
from dispatch.store.unit_of_work import UnitOfWork

_ZONE = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class Stored:
    """The new version of each document that changed, and how many rows of people."""

    versions: Mapping[str, int]
    people: Changes


async def standing(uow: UnitOfWork, district: str) -> tuple[dict[str, Any], dict[str, int]]:
    """The district's documents and their versions; nobody else changes them until this transaction ends."""
    await references.lock(uow)
    return await references.of(uow.connection, district)


async def store(
    uow: UnitOfWork,
    district: str,
    documents: Mapping[str, Any],
    by: str,
    built: Reference | None = None,
    *,
    texts: Mapping[str, str] | None = None,
    over: bool = False,
) -> Stored:
    """Store these documents, all of the district's, where they differ, and bring the tables of people to them.

    `built` is what they amount to, where that is known; `texts` and `over` as for `references.load`, with what it
    raises. Raises `Rejected` where a seat or person is another district's.
    """
    reference = built if built is not None else await asyncio.to_thread(build_reference, documents, {})
    now = await uow.now()
    versions = await references.load(uow, district, documents, by, now, texts=texts, over=over)
    zone = ZoneInfo(documents["tree"]["zones"].get(district, _ZONE))
    return Stored(versions, await people.materialise(uow, district, *_rows(reference, zone), now))


Edit = Callable[[UnitOfWork, dict[str, Any], Reference], Awaitable[dict[str, Any]]]
"""Changes the documents in place, or refuses; returns what the log says of it."""


async def change(service: Service, by: Actor, action: str, subject: str, edit: Edit) -> Stored:
    """Change a district's documents as an administrator. Raises `Forbidden` and what `edit` raises."""
    district = allowed(by)
    async with service.database.transaction() as uow:
        documents, versions = await standing(uow, district)
        reference = service.rules.of(district)
        if reference.versions != versions:  # this process has not heard of the newest yet
            reference = await asyncio.to_thread(build_reference, documents, versions)
        told = await edit(uow, documents, reference)
        built = await asyncio.to_thread(build_reference, documents, {})
        await _accounts_free(uow, district, reference, built)
        done = await store(uow, district, documents, by.person or "", built)
        if done.versions:
            await administration.note(uow, district, by.person, by.seat, action, subject, told)
    await service.rules.refresh()
    return done


async def _accounts_free(uow: UnitOfWork, district: str, before: Reference, built: Reference) -> None:
    """Whether the accounts that the seats' pattern makes are nobody else's. Raises `Invalid` naming the account."""
    fresh = {sign_in_of(code): code for code in built.people.persons if code not in before.people.persons}
    _elsewhere, held = await people.taken(uow.connection, district, list(fresh.values()), list(fresh))
    taken = next((name for name, person in fresh.items() if held.get(name, person) != person), None)
    if taken is not None:
        raise Invalid(
            "「{value}」这个账号已经是「{other}」的，新席位的人用不了；请换一个代码",
            field="code",
            value=taken,
            other=held[taken],
        )


def sign_in_of(person: str) -> str:
    """The account's name of a person: `unit:XF:liaison` signs in as `xf.liaison`."""
    return person.split(":", 1)[-1].replace(":", ".").lower()


def _rows(reference: Reference, zone: ZoneInfo) -> tuple[list[PersonRow], list[SeatRow], list[TenureRow]]:
    def start(day: date) -> datetime:
        return datetime.combine(day, time(), zone)

    known = reference.people
    return (
        [PersonRow(person.code, person.name, sign_in_of(person.code)) for person in known.persons.values()],
        [
            SeatRow(
                seat.code, ROLE_OF_POST[seat.post], seat.node, seat.unit, seat.position, node.level if node else None
            )
            for seat, node in ((seat, reference.tree.get(seat.node or "")) for seat in known.seats.values())
        ],
        [
            TenureRow(held.seat, held.person, start(held.since), start(held.until) if held.until else None)
            for held in dict.fromkeys(known.holdings)  # two shifts of one rota may share somebody
        ],
    )
