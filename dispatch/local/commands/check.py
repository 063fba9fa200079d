"""`check`: can this database and this broker keep the promise; looked at before anything is trusted to them."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import typer

from dispatch.domain import promise
from dispatch.domain.promise import Verdict
from dispatch.local.commands.place import database_url
from dispatch.local.commands.plain import plainly
from dispatch.settings import Settings, read
from dispatch.store import durability
from dispatch.store.database import Database

_TLS = "DISPATCH_DATABASE_URL 末尾加 add ?sslmode=verify-full"
_KAFKA_TLS = "设 set DISPATCH_KAFKA_CA 或 or DISPATCH_KAFKA_PROTOCOL=SASL_SSL"
SIGN = {"well": "好  ", "warn": "注意", "refuse": "不行"}


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(check)


def check() -> None:
    """Can the database and the broker keep what a receipt promises. Exit code 1 where one cannot (不行)."""
    with plainly():
        found = asyncio.run(_check(read()))
    for one in found:
        typer.echo(f"{SIGN[one.level]}  {one.what} {one.said}" + (f" → {one.remedy}" if one.remedy else ""))
    count = {level: sum(one.level == level for one in found) for level in SIGN}
    typer.echo(f"不行 refused {count['refuse']}，注意 warned {count['warn']}，好 well {count['well']}")
    if count["refuse"]:
        raise typer.Exit(1)


async def _check(settings: Settings) -> list[Verdict]:
    return [*await _database(settings), *await _broker(settings)]


async def _database(settings: Settings) -> list[Verdict]:
    database = await Database.connect(database_url(settings), size=1, application="dispatch-check")
    try:
        async with database.acquire() as connection:
            found = await durability.settings(connection)
            judged = list(
                promise.database(found, replica=await durability.replica(connection), pool=settings.pool_size)
            )
            at, encrypted = await durability.transport(connection)
        judged.extend(promise.transport("PostgreSQL", [at], _TLS, encrypted=encrypted))
    finally:
        await database.close()
    if settings.database_url is None:
        said = "数据在本机一块盘上 on one disk of this machine"
        judged.insert(0, Verdict("warn", "内嵌 PostgreSQL", said, "给一个区真用，设 DISPATCH_DATABASE_URL"))
    return judged


async def _broker(settings: Settings) -> list[Verdict]:
    if settings.kafka is None:
        said = (
            "消息只在内存里，没派完的由数据库补派；外来的 whistles.inbound 会丢 in memory only; inbound records may go"
        )
        return [Verdict("warn", "内嵌代理 embedded broker", said, "给一个区真用，设 DISPATCH_KAFKA")]
    from dispatch.bootstrap.addresses import kafka_of
    from dispatch.bus.durability import verdicts
    from dispatch.bus.topics import admin

    address, client = kafka_of(settings)
    hosts = [server.strip().rpartition(":")[0].strip("[]") for server in address.split(",")]
    encrypted = "ssl_context" in client
    found = list(promise.transport("Kafka", hosts, _KAFKA_TLS, encrypted=encrypted))
    async with admin(address, client, 30) as asking:
        wanted = settings.kafka_replication, timedelta(hours=settings.outage_hours)
        return [*found, *await verdicts(asking, *wanted)]
