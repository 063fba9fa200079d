"""Demo mode: tokens that work, a past in every state, once; and a start cut short goes on."""

import asyncio
import json
import stat
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from dispatch.domain.matching import match
from dispatch.domain.routing import decide
from dispatch.local import demo, demo_seed
from dispatch.local.demo_plan import Planner
from dispatch.settings import Settings
from dispatch.steps.load import read
from dispatch.steps.sign_in import by_token, digest
from dispatch.store.database import Database
from tests.servers import TestPostgres


def settings(url: str, folder: Path) -> Settings:
    return Settings(database_url=url, data=folder, demo=True, port=8123)


async def rows(url: str, sql: str) -> list[tuple[Any, ...]]:
    db = await Database.connect(url, size=1)
    try:
        async with db.acquire() as connection:
            return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await db.close()


@pytest.fixture(scope="module")
def prepared(postgres: TestPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """One prepared demo for the tests that only look, or leave it as it was."""
    folder = tmp_path_factory.mktemp("demo")

    async def start() -> str:
        url = await postgres.fresh()
        await demo.prepare(settings(url, folder))
        return url

    url = asyncio.run(start())
    yield url, folder / "demo.json"
    asyncio.run(postgres.drop(url))


async def test_the_file_is_the_contract(prepared: tuple[str, Path]) -> None:
    url, file = prepared
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    told = json.loads(file.read_text(encoding="utf-8"))
    assert set(told) == {"url", "metrics", "accounts"}
    assert told["url"] == "http://127.0.0.1:8123"
    assert set(told["metrics"]) == {"web", "worker", "scheduler"}
    roles = Counter(account["role"] for account in told["accounts"])
    assert roles["street-clerk"] == 15
    assert roles["liaison"] >= 22 + 15
    assert roles["person-in-charge"] == 5
    assert roles["desk"] == roles["administrator"] == roles["auditor"] == 1
    db = await Database.connect(url, size=1)
    for account in told["accounts"]:
        assert set(account) == {"role", "name", "node", "unit", "sign_in", "token"}
        visit = await by_token(db, digest(account["token"]))
        assert visit is not None
        assert (visit.actor.role, visit.actor.node, visit.actor.unit) == (
            account["role"],
            account["node"],
            account["unit"],
        )
    await db.close()
    named = await rows(url, "SELECT name, seat FROM api_token")
    assert len(named) == len({name for name, _ in named}) == len(told["accounts"])
    assert all(name == f"demo {seat}" for name, seat in named)
    stored = await rows(url, "SELECT token_sha256 FROM api_token")
    assert all(account["token"].encode() not in bytes(row[0]) for row in stored for account in told["accounts"])


async def test_the_past_holds_every_state(prepared: tuple[str, Path]) -> None:
    url, _ = prepared
    total = (await rows(url, "SELECT count(*) FROM whistle"))[0][0]
    assert 280 <= total <= 330
    status = {row[0] for row in await rows(url, "SELECT DISTINCT status FROM whistle_state")}
    expected = "at-desk local assigned handling resolved verified answered closed cancelled merged on-hold"
    assert set(expected.split()) <= status
    assert "raised" not in status
    outcome = {row[0] for row in await rows(url, "SELECT DISTINCT outcome FROM whistle_state")}
    assert outcome == {"dispatch", "self", "answer", "relay", "statutory", "unmatched", None}, "None: below the street"
    assert {row[0] for row in await rows(url, "SELECT DISTINCT rung FROM whistle_state")} == {None, 1, 2, 3, 4, 5}
    pending = {row[0] for row in await rows(url, "SELECT DISTINCT kind FROM request WHERE status = 'pending'")}
    assert {"hand-back", "extension", "hold", "cancel", "transfer", "objection", "take-over"} <= pending
    for event in ("rejected", "clock.reminded", "clock.noticed", "reopened", "called-back", "evaluated", "arrived"):
        assert await rows(url, f"SELECT 1 FROM whistle_event WHERE type = '{event}' LIMIT 1"), event
    for what in ("sealed", "kind = 'emergency'", "place IS NULL", "source ->> 'channel' = '12345'"):
        assert await rows(url, f"SELECT 1 FROM whistle WHERE {what} LIMIT 1"), what
    assert {row[0] for row in await rows(url, "SELECT DISTINCT rung FROM whistle_state WHERE status = 'local'")} == {
        None, 2, 3,
    }  # fmt: skip
    families = """SELECT p.status, c.status FROM whistle w JOIN whistle_state c USING (id)
                  JOIN whistle_state p ON p.id = w.parent"""
    assert {("handling", "closed"), ("handling", "handling"), ("closed", "closed")} <= set(await rows(url, families))
    mains = """SELECT DISTINCT m.status FROM whistle w JOIN whistle_state s USING (id)
               JOIN whistle_state m ON m.id = w.merged_into WHERE s.status = 'merged'"""
    assert {("handling",), ("closed",)} <= set(await rows(url, mains))
    own = "SELECT s.status FROM whistle w JOIN whistle_state s USING (id) WHERE w.via = 'local'"
    assert {("local",), ("closed",), ("assigned",)} <= set(await rows(url, own)), "solved below, and become a whistle"
    reasons = await rows(
        url,
        """SELECT DISTINCT data -> 'reason' ->> 'code' FROM whistle_event e JOIN whistle_state s ON s.id = e.whistle
           WHERE type = 'routed' AND s.status = 'at-desk'""",
    )
    assert {"none", "avoidance"} <= {row[0] for row in reasons}
    assert not await rows(url, "SELECT 1 FROM whistle_clock WHERE parked IS NOT NULL")


async def test_of_the_supervision_orders_some_are_explained_some_noticed_some_neither(
    prepared: tuple[str, Path],
) -> None:
    url, _ = prepared
    orders = """SELECT EXISTS (SELECT 1 FROM request r WHERE r.kind = 'explanation'
                                AND r.data ->> 'clock' = c.id::text AND r.data ->> 'run' = c.run::text),
                       EXISTS (SELECT 1 FROM whistle_event e WHERE e.whistle = c.whistle AND e.type = 'clock.noticed'
                                AND e.data ->> 'clock' = c.id::text)
                FROM whistle_clock c
                WHERE c.rung = 5 AND c.answered_at IS NULL AND c.stage IN ('reported', 'handling')"""
    assert len(set(await rows(url, orders))) == 4
    signed = await rows(url, "SELECT DISTINCT split_part(seat, ':', 3) FROM whistle_event WHERE type = 'explained'")
    assert signed == [("principal",)], "by the head who owes it"


@pytest.mark.parametrize("kind", ["hold", "extension", "hand-back"])
async def test_the_reason_that_is_given_fits_the_matter(prepared: tuple[str, Path], kind: str) -> None:
    """It is the sentence that stands beside the text itself."""
    url, _ = prepared
    texts = yaml.safe_load((demo.DISTRICT / "seed.yaml").read_text(encoding="utf-8"))["texts"]
    own = {text["title"].replace("{place}", ""): text.get(kind) for text in texts}
    given = await rows(
        url,
        f"""SELECT w.title, t.body FROM request r JOIN whistle w ON w.id = r.whistle
            JOIN whistle_text t ON t.id::text = r.data ->> 'reason' WHERE r.kind = '{kind}'""",
    )
    assert given
    assert [(title, said) for title, said in given if not _of(own, title, said)] == []


def _of(own: dict[str, str | None], title: str, said: str) -> bool:
    return any(told in title and said == reason for told, reason in own.items())


async def test_a_fire_goes_to_the_fire_brigade_and_the_police(prepared: tuple[str, Path]) -> None:
    url, _ = prepared
    called = """SELECT w.kind, a.unit, a.role FROM whistle w JOIN assignment a ON a.whistle = w.id
                WHERE w.category = '306' ORDER BY 2"""
    assert set(await rows(url, called)) == {("emergency", "GA", "assist"), ("emergency", "XF", "lead")}


async def test_the_log_is_whole_and_in_order(prepared: tuple[str, Path]) -> None:
    url, _ = prepared
    broken = await rows(
        url,
        """SELECT whistle FROM (
               SELECT whistle, seq, at, row_number() OVER w AS n, lag(at) OVER w AS before FROM whistle_event
               WINDOW w AS (PARTITION BY whistle ORDER BY seq)) e
           WHERE n <> seq OR at < before
           UNION SELECT s.id FROM whistle_state s JOIN whistle w USING (id) WHERE s.last_at < w.received_at""",
    )
    assert broken == []
    assert (await rows(url, "SELECT max(at) <= clock_timestamp() FROM whistle_event"))[0][0]
    assert (await rows(url, "SELECT max(received_at) - min(received_at) > interval '20 days' FROM whistle"))[0][0]


async def test_a_second_start_adds_nothing_and_keeps_the_tokens(prepared: tuple[str, Path]) -> None:
    url, file = prepared
    counted = (
        "SELECT (SELECT count(*) FROM whistle_event), (SELECT count(*) FROM api_token), (SELECT count(*) FROM outbox)"
    )
    before, told = await rows(url, counted), file.read_text(encoding="utf-8")
    await demo.prepare(settings(url, file.parent))
    assert await rows(url, counted) == before
    assert file.read_text(encoding="utf-8") == told


async def test_tokens_of_a_lost_file_are_replaced_and_revoked(prepared: tuple[str, Path]) -> None:
    url, file = prepared
    old = json.loads(file.read_text(encoding="utf-8"))["accounts"][0]["token"]
    file.unlink()
    await demo.prepare(settings(url, file.parent))
    new = json.loads(file.read_text(encoding="utf-8"))["accounts"][0]["token"]
    db = await Database.connect(url, size=1)
    assert new != old
    assert await by_token(db, digest(old)) is None
    assert await by_token(db, digest(new)) is not None
    await db.close()


class Killed(BaseException):
    """As if the process had ended there."""


@pytest.mark.parametrize("after", [1, 37, 700])
async def test_a_start_cut_short_goes_on_to_the_same_past(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    real, calls = demo_seed._Seeder._sweep_until, 0

    async def cut(self: Any, moment: Any) -> None:
        nonlocal calls
        calls += 1
        if calls > after:
            raise Killed
        await real(self, moment)

    monkeypatch.setattr(demo_seed._Seeder, "_sweep_until", cut)
    with pytest.raises(Killed):
        await demo.prepare(settings(database, tmp_path))
    monkeypatch.undo()
    await demo.prepare(settings(database, tmp_path))
    keys = await rows(database, "SELECT idempotency_key FROM whistle")
    assert len(keys) == len(set(keys)) >= 280
    twice = """SELECT whistle, type FROM whistle_event WHERE type IN ('raised', 'closed', 'cancelled')
               GROUP BY 1, 2 HAVING count(*) > 2"""
    assert await rows(database, twice) == []
    assert not await rows(database, "SELECT 1 FROM whistle_state WHERE status = 'raised'")


def test_the_same_seed_draws_the_same_plan() -> None:
    _, reference = read(demo.DISTRICT)
    texts = yaml.safe_load((demo.DISTRICT / "seed.yaml").read_text(encoding="utf-8"))
    anchor = datetime(2026, 6, 17, 1, 30, tzinfo=UTC)
    one, two = (Planner(reference, texts, anchor, 7).plan() for _ in range(2))
    assert [(p.at, p.title, p.place) for p in one] == [(p.at, p.title, p.place) for p in two]
    assert one[0].at != Planner(reference, texts, anchor, 8).plan()[0].at


def test_a_plan_can_be_drawn_in_any_month() -> None:
    """What is only told of in some months leaves enough to be told of in the others."""
    _, reference = read(demo.DISTRICT)
    texts = yaml.safe_load((demo.DISTRICT / "seed.yaml").read_text(encoding="utf-8"))
    for month in range(1, 13):
        plan = Planner(reference, texts, datetime(2026, month, 17, 1, 30, tzinfo=UTC), month).plan()
        assert any(one.category == "213" for one in plan) == (month in (12, 1, 2, 3))
        assert any(one.category == "222" for one in plan) == (4 <= month <= 10)


def test_the_texts_lead_to_their_own_category() -> None:
    """Own texts, so they may be held to it: the rule finds what the clerk would have picked."""
    _, reference = read(demo.DISTRICT)
    texts = yaml.safe_load((demo.DISTRICT / "seed.yaml").read_text(encoding="utf-8"))
    chain = reference.tree.chain(demo.CHAIN)
    wrong = []
    for row in texts["texts"]:
        title, body = (row[key].format(place="广泰小区3号楼", n=3) for key in ("title", "body"))
        routing = decide(reference.duties, match(reference.duties, title, body), chain=chain, units=reference.units)
        wanted = reference.duties.by_code[row["category"]]
        if routing.duty != wanted.code and not wanted.sealed:
            wrong.append((row["category"], routing.duty, routing.reason.code, title))
    assert wrong == []
