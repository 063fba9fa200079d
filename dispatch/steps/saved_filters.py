"""Filters that a person keeps under names of their own: a preference, so no log has them; nobody else meets them."""

import unicodedata
from uuid import UUID

from dispatch.domain.case import Actor
from dispatch.domain.refusals import Invalid, NotFound
from dispatch.steps.service import Service
from dispatch.store import saved_filters
from dispatch.store.saved_filters import Saved

LISTS = ("queue", "street", "all")
#: filters of one list that a person may keep; characters of a name
MOST, LONGEST_NAME = 12, 20


async def save(service: Service, actor: Actor, list_: str, name: str, query: str) -> Saved:
    """Keep a filter. `query` is made from the filter, never what came in. Raises `Invalid` naming the field."""
    person, made = actor.person or "", Saved(service.new_id(), list_, checked(name), query)
    if not query:
        raise Invalid("现在什么也没筛；请先选好筛选，再存", field="name", value=query)
    async with service.database.transaction() as uow:
        await saved_filters.alone(uow, person)
        present = await saved_filters.of(uow.connection, person, list_)
        again = next((one for one in present if (one.name, one.query) == (made.name, query)), None)
        if again is not None:  # pressed twice
            return again
        _no_double(made, present)
        if len(present) >= MOST:
            raise Invalid(
                "这个列表已经存了 {value} 条，最多 {most} 条；请先删掉一条", field="name", value=len(present), most=MOST
            )
        await saved_filters.add(uow, person, made, await uow.now())
    return made


async def rename(service: Service, actor: Actor, id: str, name: str) -> None:
    """Another name for one of one's own. Raises `NotFound`, `Invalid`."""
    person, wanted = actor.person or "", checked(name)
    async with service.database.transaction() as uow:
        await saved_filters.alone(uow, person)
        present = await saved_filters.of(uow.connection, person)
        old = _one(present, id)
        _no_double(Saved(old.id, old.list, wanted, old.query), present)
        await saved_filters.rename(uow, person, old.id, wanted)


async def remove(service: Service, actor: Actor, id: str) -> None:
    """Take one of one's own away. Raises `NotFound`."""
    async with service.database.transaction() as uow:
        if not await saved_filters.remove(uow, actor.person or "", _read(id)):
            raise _none(id)


async def own(service: Service, actor: Actor, list_: str | None = None) -> list[Saved]:
    """One's own filters (of one list)."""
    async with service.database.acquire() as connection:
        return await saved_filters.of(connection, actor.person or "", list_)


async def one_of(service: Service, actor: Actor, id: str) -> Saved:
    """One of one's own. Raises `NotFound`: somebody else's looks the same."""
    return _one(await own(service, actor), id)


def checked(name: str) -> str:
    """The name as it is kept: composed, without needless blanks. Raises `Invalid`."""
    found = " ".join(unicodedata.normalize("NFC", name).split())
    if not 1 <= len(found) <= LONGEST_NAME:
        raise Invalid(
            "名字要 1 到 {most} 个字，「{value}」有 {n} 个；请换一个",
            field="name",
            value=found[: 2 * LONGEST_NAME],
            most=LONGEST_NAME,
            n=len(found),
        )
    if not found.isprintable():
        raise Invalid("名字「{value}」里有看不见的字符；请重新打一遍", field="name", value=ascii(found)[1:-1])
    return found


def _no_double(wanted: Saved, present: list[Saved]) -> None:
    for other in present:
        same = (other.list, other.name.casefold()) == (wanted.list, wanted.name.casefold())
        if same and other.id != wanted.id:
            raise Invalid("这个列表里已经有「{value}」了；请换一个名字", field="name", value=other.name)


def _one(present: list[Saved], id: str) -> Saved:
    wanted = _read(id)
    found = next((one for one in present if one.id == wanted), None)
    if found is None:
        raise _none(id)
    return found


def _read(id: str) -> UUID:
    try:
        return UUID(id)
    except ValueError:
        return UUID(int=0)


def _none(id: str) -> NotFound:
    return NotFound("没有「{value}」这条常用筛选；请刷新再看", field="id", value=id[:36])
