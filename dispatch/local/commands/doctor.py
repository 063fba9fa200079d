"""`doctor`: one page that says whether anything is stuck, where, and what to do; exit code 1 where something is."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import typer

from dispatch.local.commands.place import database_url
from dispatch.local.commands.plain import plainly
from dispatch.settings import Settings, read
from dispatch.steps.doctor import Finding, examine
from dispatch.store.database import Database
from dispatch.store.migrate import newest


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(doctor)


def doctor() -> None:
    """Is anything stuck, where, and what to do. Exit code 1 where something is."""
    with plainly():
        found = asyncio.run(_examine(read()))
    for one in found:
        typer.echo(f"{'好' if one.well else '！'}  {one.what}：{one.said}")
        if not one.well:
            typer.echo(f"    → {one.remedy}")
    bad = sum(not one.well for one in found)
    typer.echo(f"{bad} 处要处理 to be seen to" if bad else "没有卡住的 nothing is stuck")
    if bad:
        raise typer.Exit(1)


async def _examine(settings: Settings) -> list[Finding]:
    database = await Database.connect(database_url(settings), size=2, application="dispatch-doctor")
    try:
        found = [one async for one in examine(database, newest())]
        return [await _kafka(settings), *found] if settings.kafka else found
    finally:
        await database.close()


async def _kafka(settings: Settings) -> Finding:
    from dispatch.bootstrap.addresses import kafka_of
    from dispatch.bus.topics import TopicsUnfit, admin, found, unfit
    from schemas.topics import TOPICS

    address, client = kafka_of(settings)
    try:
        async with admin(address, client, 10) as asking:
            there = await found(asking, TOPICS.values())
    except TopicsUnfit as away:
        return Finding("Kafka", address, str(away))
    outage = timedelta(hours=settings.outage_hours)
    wrong = [why for topic in TOPICS.values() if (why := unfit(topic, there.get(topic.name), outage))]
    return Finding("Kafka", f"{address}，{len(there)} 个主题 topics", " ".join(wrong))
