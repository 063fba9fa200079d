"""Months of the log that ended long ago: a verified copy in a file, the month out of the table, and back again."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from dispatch.steps.archive_file import (
    Content,
    Manifest,
    Unfit,
    manifest_of,
    name_of,
    seal,
    sealed,
    verified,
    writing,
    written,
)
from dispatch.store import archives
from dispatch.store.archives import Archived
from dispatch.store.database import Database
from dispatch.store.errors import Rejected, TimeRanOut
from dispatch.store.migrate import present
from dispatch.store.partitions import later, month_of

#: a month just over may still be written to: a transaction takes its moment before it commits
SETTLED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Month:
    """What became of a month: `copied` (False: an earlier run's copy is whole), `detached`, and if not, why."""

    month: str
    manifest: Manifest | None
    copied: bool = False
    detached: bool = False
    why: str = ""


async def old(database: Database, after: timedelta) -> list[datetime]:
    """The months that ended longer ago than `after`, oldest first."""
    now = await database.now()
    async with database.acquire() as connection:
        return [month for month in await archives.months(connection) if later(month, 1) <= now - max(after, SETTLED)]


async def archive(database: Database, month: datetime, folder: Path, *, retention: timedelta | None = None) -> Month:
    """Copy a month into `folder` and verify it by reading it back; where a copy is there already, verify that.

    `retention`: then take the month out of the table as well, if every whistle with rows in it ended longer ago than
    that and its words are erased. Raises `Unfit`, `Unavailable`.
    """
    word = f"{month:%Y-%m}"
    if later(month, 1) > await database.now() - SETTLED:
        raise Unfit(f"{word} 还没有过完，过完一天以后再归档 It is not over yet: archive it a day after its end.")
    async with database.acquire() as connection:
        if month not in await archives.months(connection):
            return _absent(word, await archives.archived(connection))
        extent = await archives.extent(connection, month)
    if extent.first is None or extent.last is None:
        return Month(word, None, why="没有一行 it has no rows")
    file = folder / name_of(word)
    copied = not sealed(file)
    manifest = await _copy(database, month, file) if copied else verified(file)
    if retention is None:
        return Month(word, manifest, copied)
    why = await _detach(database, month, manifest, retention)
    return Month(word, manifest, copied, not why, why)


def _absent(word: str, gone: list[Archived]) -> Month:
    there = next((one for one in gone if f"{one.month:%Y-%m}" == word), None)
    if there is not None:
        return Month(word, None, detached=True, why=f"已在 already in {there.file}")
    return Month(word, None, why="没有这个月的分区 there is no partition of this month")


async def _copy(database: Database, month: datetime, file: Path) -> Manifest:
    """Write, read back, compare with the table once more, seal."""
    async with database.transaction() as uow:
        await archives.patiently(uow)
        extent = await archives.extent(uow.connection, month)
        with writing(file) as content:
            await archives.copy_out(uow.connection, month, content)
        schema = await present(uow.connection)
    back, sha256, length = written(file)
    if (back.rows, back.sha256) != (content.rows, content.sha256) or back.rows != extent.rows:
        raise Unfit(f"{file} 写下去和读回来不一样，磁盘可靠吗？ What was read back is not what was written: the disk?")
    assert extent.first is not None
    assert extent.last is not None
    moments = extent.first.isoformat(), extent.last.isoformat()
    manifest = Manifest(
        f"{month:%Y-%m}", file.name, back.rows, *moments, sha256, length, back.sha256, back.length,
        list(archives.COLUMNS), schema or "",
    )  # fmt: skip
    seal(file, manifest)
    return manifest


async def _detach(database: Database, month: datetime, manifest: Manifest, retention: timedelta) -> str:
    """Take it out of the table, in one transaction; returns why not, "" where it is done."""
    try:
        async with database.transaction() as uow:
            await archives.patiently(uow)
            await archives.still(uow, month)
            now = Content()
            await archives.copy_out(uow.connection, month, now, tuple(manifest.columns))
            if now.sha256 != manifest.content_sha256:
                raise Unfit(
                    f"{manifest.file} 和表里的不一样，请移走它再归档一次"
                    " It is whole, but not what stands in the table: move it away and archive again."
                )
            held = await archives.held(uow.connection, month, await uow.now() - retention)
            if held:
                return f"还有 {held} 件没办结、办结不够久，或文字还没到期清除 whistles still need it"
            await archives.detach(uow, Archived(month, manifest.rows, manifest.content_sha256, manifest.file))
    except TimeRanOut:
        return "正有人在用，等一会儿再来 in use just now: run it again"
    return ""


async def restore(database: Database, file: Path, told: Callable[[str], None] = lambda _what: None) -> Manifest:
    """Put a month back into the table. Where it stands there already, only the file is verified.

    Raises `Unfit`, `Unavailable`.
    """
    manifest = verified(file)
    month = month_of(datetime.fromisoformat(f"{manifest.month}-01T00:00:00+00:00"))
    unknown = sorted(set(manifest.columns) - await archives.columns_of(database))
    if unknown:
        raise Unfit(f"{file} 有这个库没有的列 {unknown}，请先 dispatch migrate The schema is older than the file.")
    async with database.acquire() as connection:
        if month in await archives.months(connection):
            told("已经在表里 it stands in the table already")
            return manifest
        gone = {one.month: one for one in await archives.archived(connection)}
    if month not in gone or gone[month].content_sha256 != manifest.content_sha256:
        raise Unfit(f"{file} 不是这个库归档出去的那一份 This is not what this database let go of: see log_archive.")
    try:
        await _put_back(database, month, file, manifest)
    except Rejected as error:
        raise Unfit(f"{file} 放不回去（{error}） It cannot be put back.") from error
    return manifest


async def _put_back(database: Database, month: datetime, file: Path, manifest: Manifest) -> None:
    async with database.transaction() as uow:
        await archives.patiently(uow)
        with gzip.open(file, "rb") as source:
            await archives.put_in(uow, month, source, manifest.columns)
        back = Content()
        await archives.copy_out(uow.connection, month, back, tuple(manifest.columns))
        if back.sha256 != manifest.content_sha256:
            raise Unfit(f"{file} 放进去的和读出来的不一样，没有放 What went in did not come out: nothing was changed.")
        await archives.attach(uow, month)


__all__ = ["Month", "archive", "manifest_of", "old", "restore"]
