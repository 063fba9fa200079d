"""The retention table on real rows: what is old goes, what is still needed stays."""

from datetime import timedelta

import pytest

from dispatch.steps import prune
from dispatch.steps.prune import RETENTION, Keep
from dispatch.store.database import Database
from dispatch.store.retention import STATEMENTS
from tests.factories import CLERK, TAMPERING, XF, World
from tests.web.test_admission import picture

ROWS = """
INSERT INTO person VALUES ('p', '130403', '示例甲', NULL, true);
INSERT INTO seat VALUES ('s', '130403', 'liaison', NULL, 'XF', '联络员');
INSERT INTO web_session SELECT sha256(i::text::bytea), 'p', 's', 'c', t, t, t + interval '1 hour'
    FROM (VALUES (1, now() - interval '2 hours'), (2, now())) AS x (i, t);
INSERT INTO api_token SELECT gen_random_uuid(), sha256(i::text::bytea), 'p', 's', i::text, '{*}', now(), e, NULL, r
    FROM (VALUES
    (1, now() - interval '400 days', NULL), (2, now() + interval '1 day', NULL),
    (3, now() + interval '1 day', now() - interval '400 days'), (4, now() - interval '3 days', NULL)) AS x (i, e, r);
INSERT INTO action_key SELECT 'p', i::text, gen_random_uuid(), 'note', ''::bytea, 1, now() - i * interval '20 days'
    FROM generate_series(0, 3) AS i;
INSERT INTO notice (id, event, whistle, recipient, channel, kind, urgent, status, tries, created_at)
    SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 's', 'null', 'assigned', false, st, 1,
           now() - d * interval '1 day'
    FROM unnest('{sent,skipped,failed,pending}'::text[]) AS st, unnest('{1,200,400}'::int[]) AS d;
INSERT INTO delivery SELECT id, 1, created_at, true, 'kept' FROM notice;
INSERT INTO dead_letter SELECT gen_random_uuid(), topic, 0, d, now(), 'k', '[["a","b"]]', 'secret', 'undecodable', '',
    st, 1, NULL, now() - d * interval '1 day'
    FROM unnest('{whistles.inbound,whistles.raised}'::text[]) AS topic, unnest('{waiting,discarded}'::text[]) AS st,
         unnest('{1,10,200}'::int[]) AS d WHERE st = 'waiting' OR d <> 10;
"""


async def rows(db: Database, sql: str) -> list[tuple[object, ...]]:
    async with db.acquire() as connection:
        return [tuple(row) for row in await connection.fetch(sql)]


@pytest.fixture
async def filled(db: Database) -> Database:
    async with db.transaction() as uow:
        await uow.connection.execute(ROWS.replace("0, d, now()", "0, d + (st = 'waiting')::int * 1000, now()"))
    return db


def test_the_table_and_the_statements_name_the_same_rows() -> None:
    assert {keep.what for keep in RETENTION} == set(STATEMENTS)


async def test_what_is_old_goes_and_what_is_needed_stays(filled: Database) -> None:
    gone = await prune.prune(filled)
    assert gone["sessions"] == 1
    assert await rows(filled, "SELECT name FROM api_token ORDER BY name") == [("2",), ("4",)]
    assert await rows(filled, "SELECT key FROM action_key ORDER BY key") == [("0",), ("1",)]
    left = await rows(filled, "SELECT status, extract(day FROM now() - created_at)::int FROM notice ORDER BY 1, 2")
    assert left == [
        ("failed", 1), ("failed", 200),
        ("pending", 1), ("pending", 200), ("pending", 400),
        ("sent", 1), ("skipped", 1),
    ]  # fmt: skip
    assert await rows(filled, "SELECT count(*) FROM delivery") == [(len(left),)]
    assert await rows(
        filled, "SELECT count(*) FROM delivery d LEFT JOIN notice n ON n.id = d.notice WHERE n.id IS NULL"
    ) == [(0,)]


async def test_text_of_other_systems_is_erased_and_the_fact_stays(filled: Database) -> None:
    await prune.prune(filled)
    left = await rows(
        filled,
        """SELECT topic, status, extract(day FROM now() - at)::int, value IS NULL AND key IS NULL AND headers = '[]'
           FROM dead_letter ORDER BY 1, 2, 3""",
    )
    assert left == [
        ("whistles.inbound", "discarded", 1, False),
        ("whistles.inbound", "waiting", 1, False),
        ("whistles.inbound", "waiting", 10, True),
        ("whistles.inbound", "waiting", 200, True),
        ("whistles.raised", "discarded", 1, False),
        ("whistles.raised", "waiting", 1, False),
        ("whistles.raised", "waiting", 10, False),
        ("whistles.raised", "waiting", 200, False),
    ]


async def test_words_and_photos_of_old_whistles_go_and_the_log_stays(world: World) -> None:
    old, young = [await world.whistle(reporter={"name": "某人", "phone": "13800000000"}) for _ in range(2)]
    async with world.database.transaction() as uow:
        await uow.connection.execute("UPDATE whistle_state SET status = 'closed', last_at = now() - interval '6 years'")
        photo = await uow.connection.fetchval(
            """INSERT INTO photo SELECT gen_random_uuid(), '', 'image/jpeg', 1, 1, '', NULL, now(), true RETURNING id"""
        )
        # raised six years ago: its id says so
        await uow.connection.execute(TAMPERING)
        for table, column in (("whistle", "id"), ("whistle_state", "id"), ("whistle_event", "whistle")):
            await uow.connection.execute(
                f"UPDATE {table} SET {column} = '01790000-0000-7000-8000-000000000001' WHERE {column} = $1", old["id"]
            )
        await uow.connection.execute(
            "UPDATE whistle SET photos = ARRAY[$1::uuid] WHERE number = $2", photo, old["number"]
        )
    events = await world.count("whistle_event")
    gone = await prune.prune(world.database)
    assert (gone["reporters"], gone["texts-and-photos"]) == (1, 1)
    async with world.database.acquire() as connection:
        rows = await connection.fetch("SELECT number, body, reporter IS NULL AS unnamed FROM whistle ORDER BY number")
    assert [(row["body"] == "", row["unnamed"]) for row in rows] == [(True, True), (False, False)]
    assert await world.count("photo") == 0
    assert await world.count("whistle_event") == events
    assert (await prune.prune(world.database)).keys() == set()
    assert young["number"] > old["number"]


async def test_what_was_merged_goes_with_what_it_became_part_of(world: World) -> None:
    main, middle, merged = [await world.whistle() for _ in range(3)]
    ids = [f"01790000-0000-7000-8000-00000000000{n}" for n in range(3)]
    async with world.database.transaction() as uow:
        for new, one in zip(ids, (main, middle, merged), strict=True):
            for table in ("whistle", "whistle_state"):
                await uow.connection.execute(f"UPDATE {table} SET id = $2 WHERE id = $1", one["id"], new)
        await uow.connection.execute(
            "UPDATE whistle_state SET status = 'merged', last_at = now() - interval '6 years' WHERE id <> $1", ids[0]
        )
        for one, into in ((ids[1], ids[0]), (ids[2], ids[1])):
            await uow.connection.execute("UPDATE whistle SET merged_into = $2 WHERE id = $1", one, into)
    assert "texts-and-photos" not in await prune.prune(world.database), "it is still worked on"
    async with world.database.transaction() as uow:
        await uow.connection.execute("UPDATE whistle_state SET status = 'closed', last_at = now() - interval '6 years'")
        await uow.connection.execute("UPDATE whistle_state SET status = 'merged' WHERE id <> $1", ids[0])
    assert (await prune.prune(world.database))["texts-and-photos"] == 3


async def test_a_second_time_nothing_is_left_to_do(filled: Database) -> None:
    await prune.prune(filled)
    assert await prune.prune(filled) == {}


async def test_many_rows_go_batch_by_batch(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prune, "BATCH", 10)
    async with db.transaction() as uow:
        await uow.connection.execute(
            """INSERT INTO action_key SELECT 'p', i::text, gen_random_uuid(), 'note', ''::bytea, 1,
                      now() - interval '1 year' FROM generate_series(1, 35) AS i"""
        )
    assert await prune.prune(db, [Keep("action-keys", timedelta(days=30), "")]) == {"action-keys": 35}


async def test_a_photo_that_nothing_shows_goes_and_what_is_shown_stays(world: World) -> None:
    client = await world.as_(CLERK)
    ids = [(await client.post("/api/v1/photos", files={"file": ("a.jpg", picture())})).json()["id"] for _ in range(4)]
    await world.whistle(photos=[ids[0]])
    async with world.database.transaction() as uow:
        await uow.connection.execute("UPDATE photo SET at = at - interval '11 days' WHERE id <> $1", ids[3])
    assert await prune.prune(world.database) == {"unattached-photos": 2}
    assert await rows(world.database, "SELECT id::text FROM photo ORDER BY id") == [(ids[0],), (ids[3],)]


async def test_a_photo_that_an_act_shows_stays(world: World) -> None:
    number = (await world.whistle())["number"]
    client = await world.as_(XF)
    photo = (await client.post("/api/v1/photos", files={"file": ("a.jpg", picture())})).json()["id"]
    assert (await world.act(number, "arrive", seat=XF, photo=photo)).status_code == 200
    async with world.database.transaction() as uow:
        await uow.connection.execute("UPDATE photo SET at = at - interval '11 days'")
    await prune.prune(world.database)
    assert await world.count("photo") == 1
