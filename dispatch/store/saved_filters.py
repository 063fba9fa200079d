"""Filters that a person keeps under a name of their own. Every statement names the person: no other's row is met."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from dispatch.store.connection import Connection
from dispatch.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Saved:
    """A filter of a list (`queue`, `street`, `all`) under a name; `query` is what a link to it carries."""

    id: UUID
    list: str
    name: str
    query: str


async def of(connection: Connection, person: str, list_: str | None = None) -> list[Saved]:
    """A person's filters (of one list), those kept first first."""
    rows = await connection.fetch(
        """SELECT id, list, name, query FROM saved_filter WHERE person = $1 AND ($2::text IS NULL OR list = $2)
           ORDER BY list, created_at, id""",
        person,
        list_,
    )
    return [Saved(*row.values()) for row in rows]


async def alone(uow: UnitOfWork, person: str) -> None:
    """Nobody else changes this person's filters until the end of the transaction: what is counted stays so."""
    await uow.connection.execute("SELECT FROM person WHERE code = $1 FOR NO KEY UPDATE", person)


async def add(uow: UnitOfWork, person: str, saved: Saved, now: datetime) -> None:
    """Keep one. Raises `Rejected` for a person that is not known."""
    await uow.connection.execute(
        "INSERT INTO saved_filter (id, person, list, name, query, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        saved.id,
        person,
        saved.list,
        saved.name,
        saved.query,
        now,
    )


async def rename(uow: UnitOfWork, person: str, id: UUID, name: str) -> None:
    """Another name for one of the person's."""
    await uow.connection.execute("UPDATE saved_filter SET name = $3 WHERE id = $1 AND person = $2", id, person, name)


async def remove(uow: UnitOfWork, person: str, id: UUID) -> bool:
    """Take one away; whether there was one of this person."""
    done = await uow.connection.execute("DELETE FROM saved_filter WHERE id = $1 AND person = $2", id, person)
    return done == "DELETE 1"
