"""What the driver says, as the service hears it: away, refused for its content, or a statement that is wrong."""

import pytest

from dispatch.store.database import Database
from dispatch.store.errors import Rejected, StoreError, Unavailable, Unfit


@pytest.mark.parametrize(
    ("statement", "heard"),
    [
        ("SELECT 1 / 0", Rejected),
        ("SELECT 'x'::integer", Rejected),
        ("INSERT INTO person (code) VALUES ('p')", Rejected),
        ("SELECT FROM WHERE", Unfit),
        ("SELECT FROM nowhere", Unavailable),
        ("SELECT no_such_function()", Unavailable),
        ("DO $$ BEGIN RAISE EXCEPTION USING errcode = '42501'; END $$", Unavailable),  # insufficient_privilege
        ("DO $$ BEGIN RAISE EXCEPTION USING errcode = '25006'; END $$", Unavailable),  # a standby: read-only
        ("DO $$ BEGIN RAISE EXCEPTION USING errcode = '26000'; END $$", Unavailable),  # statement of another session
        ("DO $$ BEGIN RAISE EXCEPTION USING errcode = '57P03'; END $$", Unavailable),  # cannot_connect_now
        ("DO $$ BEGIN RAISE EXCEPTION USING errcode = 'XX001'; END $$", Unavailable),  # data_corrupted
    ],
)
async def test_translated(db: Database, statement: str, heard: type[StoreError]) -> None:
    with pytest.raises(StoreError) as error:
        async with db.acquire() as connection:
            await connection.execute(statement)
    assert type(error.value) is heard
