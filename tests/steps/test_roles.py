"""`deploy/postgres/roles.sql`: the service runs as an account that reads and writes rows and nothing else."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from dispatch.steps import escalate, prune, snapshot
from dispatch.store import pairs, partitions
from dispatch.store.migrate import upgrade
from tests.factories import CLERK, XF, World, open_world
from tests.web.browsing import somebody
from tests.web.test_admission import picture

SCRIPT = Path(__file__).parents[2] / "deploy" / "postgres" / "roles.sql"
OF = "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = $1::text::regclass"


def by(url: str, role: str) -> str:
    """The same database, as this account."""
    return f"postgresql://{role}@{url.split('@', 1)[1]}"


@pytest.fixture
async def narrow(demo_url: str) -> AsyncIterator[World]:
    """The demo district; the service is the account without DDL."""
    owner = await asyncpg.connect(demo_url)
    for _again in range(2):
        await owner.execute(SCRIPT.read_text(encoding="utf-8"))
    await owner.close()
    made = await open_world(by(demo_url, "dispatch_app"))
    yield made
    await made.close()


async def test_the_service_runs_without_ddl(narrow: World, demo_url: str) -> None:
    number = (await narrow.whistle())["number"]
    client = await narrow.as_(XF)
    photo = (await client.post("/api/v1/photos", files={"file": ("a.jpg", picture())})).json()["id"]
    assert (await narrow.act(number, "arrive", seat=XF, photo=photo)).status_code == 200
    assert (await (await somebody(narrow, CLERK)).get("/street")).status == 200
    await escalate.sweep(narrow.service)
    await snapshot.take(narrow.database)
    await prune.prune(narrow.database)
    async with narrow.database.acquire() as connection:
        await pairs.sort_in(connection)
    later = await narrow.database.now() + timedelta(days=400)
    made = await partitions.ahead(narrow.database, later)
    assert len(made.made) == 5
    async with narrow.database.acquire() as connection:
        assert (
            await connection.fetchval(OF, f"whistle_event_y{made.made[0][:4]}m{made.made[0][5:]}") == "dispatch_owner"
        )
    await upgrade(by(demo_url, "dispatch_owner"))


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (x int)",
        "DROP TABLE whistle",
        "TRUNCATE whistle",
        "ALTER TABLE whistle_event DISABLE TRIGGER USER",
        "ALTER TABLE whistle_event DETACH PARTITION whistle_event_other",
        "SET session_replication_role = replica",
        "UPDATE whistle_event SET data = '{}'",
        "DELETE FROM whistle_event",
    ],
)
async def test_what_the_service_never_needs_is_refused(narrow: World, statement: str) -> None:
    await narrow.whistle()
    async with narrow.database.acquire() as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
