"""`letters …`: records that could not be handled, listed, read, and settled with who and why."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any
from uuid import UUID

import typer

from dispatch.domain.case import Actor
from dispatch.domain.turn import ZONE
from dispatch.local.commands.acting import actor_of, run
from dispatch.local.commands.plain import plainly
from dispatch.local.trouble import Trouble
from dispatch.steps import letters
from dispatch.steps.letters import Retold, Settled
from dispatch.steps.service import Service
from dispatch.store import dead_letters
from dispatch.store.dead_letters import WAITING, Kept

group = typer.Typer(help="异常消息: records that could not be handled; none is lost.", no_args_is_help=True)
#: letters of one page of the table
PAGE = 500

Ids = Annotated[list[UUID] | None, typer.Argument(help="Ids as `letters list` shows them.")]
By = Annotated[str, typer.Option(help="Who decides: sign-in or code of a dispatcher or administrator.")]
Why = Annotated[str, typer.Option(help="Why; kept with the letter.")]
Reason = Annotated[str | None, typer.Option(help="Only those put aside for this reason, e.g. newer-version.")]
Topic = Annotated[str | None, typer.Option(help="Only those of this topic.")]
Every = Annotated[bool, typer.Option("--all", help="All that wait (narrowed by --reason and --topic).")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.add_typer(group, name="letters")


@group.callback()
def about() -> None:
    """异常消息: records that could not be handled."""


@group.command("list")
def list_(
    reason: Reason = None,
    topic: Topic = None,
    status: Annotated[str, typer.Option(help="waiting, replayed, discarded, raised, or all.")] = WAITING,
) -> None:
    """Newest first: id, when, topic/partition/offset, reason, tries, what became of it."""

    async def work(made: Service) -> None:
        for row in await _rows(made, None if status == "all" else status, reason, topic):
            where = f"{row['topic']}/{row['partition']}/{row['position']}"
            ended = "" if row["status"] == WAITING else f"  {row['status']} {row['decided_by']}: {row['why'] or '–'}"
            at = row["at"].astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")
            typer.echo(f"{row['id']}  {at}  {where}  {row['reason']}  ×{row['tries']}{ended}")

    run(work)


@group.command()
def show(id: UUID) -> None:
    """One letter whole: where it came from, why it stands here, headers, and what it says."""

    async def work(made: Service) -> None:
        async with made.database.acquire() as connection:
            found = await dead_letters.read(connection, id)
        if found is None:
            raise Trouble(f"没有这条异常消息（{id}）。", "`dispatch letters list --status all` names them.")
        for name, value in _told(found).items():
            typer.echo(f"{name:9} {value}")

    run(work)


@group.command()
def replay(by: By, why: Why, ids: Ids = None, reason: Reason = None, topic: Topic = None, every: Every = False) -> None:
    """Try letters now. One whose effect stands already changes nothing and is settled."""
    _settle(letters.replay_one, by, why, ids, every, reason, topic, "重放成功 replayed")


@group.command()
def discard(
    by: By, why: Why, ids: Ids = None, reason: Reason = None, topic: Topic = None, every: Every = False
) -> None:
    """Set letters aside: nothing more is done with them; the record of it stays."""
    _settle(letters.discard_one, by, why, ids, every, reason, topic, "不要了 discarded")


@group.command("raise")
def raise_(
    by: By,
    why: Why,
    ids: Ids = None,
    reason: Reason = None,
    topic: Topic = None,
    every: Every = False,
    body: Annotated[str | None, typer.Option(help="What to whistle, where it cannot be read (one letter).")] = None,
    place: Annotated[str | None, typer.Option(help="Code of the node it is about.")] = None,
) -> None:
    """Whistle letters anew, in their own words unless --body says otherwise."""

    async def one(made: Service, actor: Actor, id: UUID, why: str) -> Settled:
        own = letters.retold((await letters.read(made, actor, id)).letter)
        told = Retold(body or own.body, "" if body else own.title, place or own.place, own.read or body is not None)
        return await letters.raise_one(made, actor, id, why, told)

    with plainly():
        if body is not None and (every or len(ids or ()) != 1):
            raise Trouble("--body is for one letter.", "Name its id alone.")
    _settle(one, by, why, ids, every, reason, topic, "已吹哨 raised")


def _settle(
    one: Callable[[Service, Actor, UUID, str], Awaitable[Settled]],
    by: str,
    why: str,
    ids: list[UUID] | None,
    every: bool,
    reason: str | None,
    topic: str | None,
    done: str,
) -> None:
    failed = 0

    async def work(made: Service) -> None:
        nonlocal failed
        if bool(ids) == every:
            raise Trouble("Say which letters.", "Ids, or --all (with --reason or --topic).")
        actor = await actor_of(made, by, letters.ACTION)
        wanted = ids or [row["id"] for row in await _rows(made, WAITING, reason, topic)]
        for settled in await letters.many(one, made, actor, wanted, why):
            failed += settled.error is not None
            said = done + (f" {settled.number}" if settled.number else "")
            typer.echo(f"{settled.id}  {settled.error or said}")

    run(work)
    if failed:
        raise typer.Exit(1)


async def _rows(made: Service, status: str | None, reason: str | None, topic: str | None) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    async with made.database.acquire() as connection:
        while True:
            after = found[-1]["id"] if found else None
            rows = await dead_letters.page(
                connection, status=status, reason=reason, topic=topic, after=after, limit=PAGE
            )
            found += rows
            if len(rows) < PAGE:
                return found


def _told(found: Kept) -> dict[str, str]:
    letter = found.letter
    told = {
        "id": str(letter.id),
        "record": f"{letter.topic}/{letter.partition}/{letter.offset}, {letter.time.isoformat()}",
        "reason": f"{letter.reason}: {letter.error}",
        "status": f"{found.status}, ×{letter.tries}"
        + (f", next {found.next_try_at.isoformat(timespec='seconds')}" if found.next_try_at else ""),
    }
    if found.decided_by:
        told["decided"] = f"{found.decided_by}: {found.why or '–'}" + (f" → {found.number}" if found.number else "")
    told |= {f"{name}": _text(value) for name, value in letter.headers}
    told["value"] = "已按期限清除 erased" if letter.value is None else _text(letter.value)
    return told


def _text(value: bytes | None) -> str:
    return "–" if value is None else value.decode(errors="backslashreplace")
