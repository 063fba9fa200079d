"""`notices list|retry` as typed: what was given up is shown, and due again by somebody's word, which is kept."""

import asyncio

import asyncpg
import pytest

from dispatch.local.commands import notices
from tests.factories import CLERK, DESK, DISTRICT, XF
from tests.local.test_commands_access import loaded, run

__all__ = ["loaded"]
DISPATCHER = f"{DESK}:1"
BY = ("--by", DISPATCHER, "--why", "地址改好了")
#: two whistles of the district with two and one that failed and one sent; one of another district with one that failed
PLANTED = """
INSERT INTO whistle (id, number, district, received_at, title, body, kind, danger, raised_by_node, via, sealed,
                     hidden_from, photos, principal, idempotency_key, request_sha256)
    SELECT gen_random_uuid(), n, d, now(), '', '', 'appeal', false, '', 'form', false, '{}', '{}', '', n, ''
    FROM (VALUES (2600000017, '130403'), (2600000025, '130403'), (2600000033, '999999')) AS w (n, d);
INSERT INTO notice (id, event, whistle, recipient, channel, kind, urgent, status, tries, created_at)
    SELECT gen_random_uuid(), gen_random_uuid(), w.id, r, 'robot', 'assigned', false, st, 2, now() - interval '1 day'
    FROM whistle w JOIN (VALUES
        (2600000017, 'unit:XF:liaison', 'failed'), (2600000017, 'unit:ZJ:liaison', 'failed'),
        (2600000025, 'unit:XF:liaison', 'failed'), (2600000025, 'unit:ZJ:liaison', 'sent'),
        (2600000033, 'unit:XF:liaison', 'failed')) AS n (number, r, st) USING (number);
INSERT INTO delivery SELECT id, nth, '2026-11-20T02:00:00Z'::timestamptz + nth * interval '1 minute', false,
                            'http-' || (500 + nth) FROM notice, generate_series(1, 2) AS nth"""


async def _fetch(url: str, sql: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(url)
    try:
        if sql == PLANTED:
            await connection.execute(sql)
            return []
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


def ask(url: str, sql: str) -> list[tuple[object, ...]]:
    return asyncio.run(_fetch(url, sql))


def test_what_was_given_up_is_listed_page_by_page(loaded: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("notices", "list") == ""
    ask(loaded, PLANTED)
    whole = run("notices", "list").splitlines()
    assert len(whole) == 4
    (line,) = [one for one in whole if "2600000025" in one]
    ((id,),) = ask(loaded, "SELECT n.id FROM notice n JOIN whistle w ON w.id = whistle"
                           " WHERE number = 2600000025 AND n.status = 'failed'")  # fmt: skip
    assert line == f"{id}  2026-11-20 10:02:00  2600000025  {XF}  robot  assigned  ×2  http-502"
    monkeypatch.setattr(notices, "PAGE", 2)
    assert run("notices", "list").splitlines() == whole


def test_they_are_due_again_by_somebodys_word(loaded: str) -> None:
    ask(loaded, PLANTED)
    assert "重发 2 条" in run("notices", "retry", 2600000017, *BY)
    assert "没有要重发的" in run("notices", "retry", 2600000017, *BY)
    assert ["2600000017" in line for line in run("notices", "list").splitlines()] == [False, False]
    assert "重发 1 条" in run("notices", "retry", "--all", *BY)
    assert "没有要重发的" in run("notices", "retry", "--all", *BY)
    assert "2600000033" in run("notices", "list"), "another district's is not this desk's"
    due = ask(loaded, "SELECT count(*) FROM notice WHERE status = 'pending' AND tries = 2 AND next_try_at <= now()")
    assert due == [(3,)]
    noted = "SELECT person, seat, action, subject, data ->> 'count', data ->> 'why' FROM administration_log ORDER BY at"
    assert ask(loaded, noted) == [
        (DISPATCHER, DESK, "notices-retried", "2600000017", "2", "地址改好了"),
        (DISPATCHER, DESK, "notices-retried", DISTRICT, "1", "地址改好了"),
    ]


def test_what_is_wrong_is_said_and_nothing_is_done(loaded: str) -> None:
    ask(loaded, PLANTED)
    assert "Missing option '--why'" in run("notices", "retry", 2600000017, "--by", DISPATCHER, code=2)
    assert "写上为什么" in run("notices", "retry", 2600000017, "--by", DISPATCHER, "--why", " ", code=1)
    assert "--all" in run("notices", "retry", *BY, code=1)
    assert "--all" in run("notices", "retry", 2600000017, "--all", *BY, code=1)
    for other in (f"{CLERK}:1", "nobody"):
        said = run("notices", "retry", "--all", "--by", other, "--why", "x", code=1)
        assert f"「{other}」不是调度员" in said
    for unknown in (2600000041, 2600000033, 1 << 63):  # nobody's, another district's, no number
        said = run("notices", "retry", 2600000017, unknown, *BY, code=1)
        assert f"本区没有「{unknown}」号哨，请核对编号" in said
    assert len(run("notices", "list").splitlines()) == 4
    assert ask(loaded, "SELECT FROM administration_log") == []
