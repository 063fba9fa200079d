"""Who somebody is at another provider: (issuer, subject) → person."""

from dispatch.store.connection import Connection
from dispatch.store.unit_of_work import UnitOfWork


async def person_of(connection: Connection, issuer: str, subject: str) -> str | None:
    """Whose identity this is; None: nobody's yet."""
    found: str | None = await connection.fetchval(
        "SELECT person FROM provider_identity WHERE issuer = $1 AND subject = $2", issuer, subject
    )
    return found


async def subjects(connection: Connection, issuer: str, person: str) -> list[str]:
    """A person's identities at a provider."""
    rows = await connection.fetch(
        "SELECT subject FROM provider_identity WHERE issuer = $1 AND person = $2 ORDER BY subject", issuer, person
    )
    return [row["subject"] for row in rows]


async def link(uow: UnitOfWork, issuer: str, subject: str, person: str) -> bool:
    """This identity is the person's. False: it is somebody's already."""
    done = await uow.connection.execute(
        "INSERT INTO provider_identity (issuer, subject, person) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        issuer,
        subject,
        person,
    )
    return done.endswith(" 1")


async def unlink(uow: UnitOfWork, issuer: str, person: str) -> int:
    """Forget a person's identities at a provider; returns how many there were."""
    done = await uow.connection.execute(
        "DELETE FROM provider_identity WHERE issuer = $1 AND person = $2", issuer, person
    )
    return int(done.rsplit(" ", 1)[-1])
