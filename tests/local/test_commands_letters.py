"""`letters …` as typed: listed, read, settled; who and why is asked for and kept."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import orjson
import pytest

from dispatch.clock import new_id
from dispatch.steps import replay
from dispatch.store.database import Database
from dispatch.store.dead_letters import REJECTED, UNDECODABLE, DeadLetter
from schemas import inbound, topics
from tests.factories import BUILDING, DESK, FIRE_DOOR
from tests.local.test_commands_access import loaded, run

__all__ = ["loaded"]
HEADERS = {"ce_specversion": "1.0", "ce_source": "/example/12345", "ce_type": inbound.TYPE}
BY = ("--by", f"{DESK}:1", "--why", "试发的")


async def _put_aside(url: str, values: list[bytes]) -> list[UUID]:
    database = await Database.connect(url, size=2)
    letters = [
        DeadLetter(
            new_id(), topics.INBOUND, 0, n, datetime(2026, 6, 15, tzinfo=UTC), None,
            tuple((name, text.encode()) for name, text in {**HEADERS, "ce_id": str(n)}.items()),
            value, UNDECODABLE if value.endswith(b"{") else REJECTED, "why",
        )
        for n, value in enumerate(values)
    ]  # fmt: skip
    async with database.transaction() as uow:
        await replay.keep(uow, letters)
    await database.close()
    return [letter.id for letter in letters]


def test_letters_are_listed_read_and_settled(loaded: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    good = orjson.dumps({"body": FIRE_DOOR, "place": BUILDING})
    ids = asyncio.run(_put_aside(loaded, [good, good, b"{", good]))
    assert len(run("letters", "list").splitlines()) == 4
    assert [str(ids[2]) in line for line in run("letters", "list", "--reason", UNDECODABLE).splitlines()] == [True]
    assert FIRE_DOOR in run("letters", "show", ids[0])
    assert "没有这条" in run("letters", "show", new_id(), code=1)

    assert "Missing option" in run("letters", "discard", ids[2], code=2)
    assert "--all" in run("letters", "discard", *BY, code=1)
    assert "调度员" in run("letters", "discard", ids[2], "--by", "nobody", "--why", "x", code=1)
    assert "重放成功" in run("letters", "replay", ids[0], *BY)
    assert "settled" in run("letters", "replay", ids[0], *BY, code=1)
    assert run("letters", "raise", "--all", "--reason", REJECTED, *BY).count("已吹哨 raised 2") == 2
    assert "读不出来" in run("letters", "raise", ids[2], *BY, code=1)
    raised = run("letters", "raise", ids[2], *BY, "--body", FIRE_DOOR, "--place", BUILDING)
    assert "已吹哨" in raised

    assert run("letters", "list") == ""
    listed = run("letters", "list", "--status", "all")
    assert listed.count("试发的") == 4
    assert listed.count("raised ") == 3
