"""A person's own filters in the database: nobody else's are met, and they go when the person is gone."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from dispatch.steps import prune
from dispatch.store import saved_filters
from dispatch.store.database import Database
from dispatch.store.errors import Rejected
from dispatch.store.saved_filters import Saved

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture
async def two(db: Database) -> Database:
    """Two persons in office."""
    async with db.transaction() as uow:
        await uow.connection.execute(
            """INSERT INTO seat VALUES ('s', '130403', 'liaison', NULL, 'XF', '联络员');
               INSERT INTO person SELECT p, '130403', p, NULL, true FROM unnest('{a,b}'::text[]) AS p;
               INSERT INTO tenure SELECT 's', p, now() - interval '1 year', NULL, false
                   FROM unnest('{a,b}'::text[]) p;"""
        )
    return db


async def kept(db: Database, person: str, name: str, list_: str = "queue", query: str = "lamp=red") -> UUID:
    made = Saved(uuid4(), list_, name, query)
    async with db.transaction() as uow:
        await saved_filters.add(uow, person, made, AT)
    return made.id


async def names(db: Database, person: str, list_: str | None = None) -> list[str]:
    async with db.acquire() as connection:
        return [one.name for one in await saved_filters.of(connection, person, list_)]


async def test_each_meets_only_their_own(two: Database) -> None:
    mine = await kept(two, "a", "红的")
    await kept(two, "a", "红的", "all")
    await kept(two, "b", "红的")
    async with two.transaction() as uow:
        await saved_filters.rename(uow, "b", mine, "别人的")
        assert not await saved_filters.remove(uow, "b", mine)
        await saved_filters.rename(uow, "a", mine, "赶紧办的")
    assert (await names(two, "a", "queue"), await names(two, "a")) == (["赶紧办的"], ["红的", "赶紧办的"])
    async with two.transaction() as uow:
        assert await saved_filters.remove(uow, "a", mine)
    assert (await names(two, "a"), await names(two, "b")) == (["红的"], ["红的"])


@pytest.mark.parametrize(
    ("name", "list_", "query"),
    [("", "queue", "a=b"), ("长" * 21, "queue", "a=b"), ("名", "desk", "a=b"), ("名", "all", "")],
)
async def test_the_table_takes_nothing_else(two: Database, name: str, list_: str, query: str) -> None:
    with pytest.raises(Rejected):
        await kept(two, "a", name, list_, query)


async def test_a_name_stands_once_in_a_list(two: Database) -> None:
    await kept(two, "a", "红的")
    with pytest.raises(Rejected):
        await kept(two, "a", "红的")


async def test_they_go_with_the_person(two: Database) -> None:
    for person in ("a", "b"):
        await kept(two, person, "红的")
    assert "saved-filters" not in await prune.prune(two)
    async with two.transaction() as uow:
        await uow.connection.execute("UPDATE tenure SET to_at = now() - interval '29 days' WHERE person = 'a'")
    assert "saved-filters" not in await prune.prune(two), "between two terms"
    async with two.transaction() as uow:
        await uow.connection.execute("UPDATE tenure SET to_at = now() - interval '31 days' WHERE person = 'a'")
    assert (await prune.prune(two))["saved-filters"] == 1
    assert (await names(two, "a"), await names(two, "b")) == ([], ["红的"])
    async with two.transaction() as uow:
        await uow.connection.execute("DELETE FROM tenure WHERE person = 'b'; DELETE FROM person WHERE code = 'b'")
    assert await names(two, "b") == []
