"""Is anything stuck, where, and what is to be done: what should be empty, moving or alive, looked at once."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.store import archives, clock_watch, health, numbers, progress, snapshots
from dispatch.store.connection import Connection
from dispatch.store.database import Database
from dispatch.store.migrate import misfit
from dispatch.store.outbox_reader import RELAY_LOCK
from dispatch.store.partitions import later, month_of, partition_name
from dispatch.store.snapshots import Figures

#: longer than this and something is wrong
LATE = timedelta(minutes=2)
OLD = timedelta(minutes=10)
MOST = 10_000
#: so much of a year's numbers given away is a reason to look
NEARLY = 0.5


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the page: what was looked at, how it is, and where it is not well, what to do."""

    what: str
    said: str
    remedy: str = ""

    @property
    def well(self) -> bool:
        """Nothing to do."""
        return not self.remedy


async def examine(database: Database, revision: str) -> AsyncIterator[Finding]:
    """Every finding, in the order of a whistle's way. Raises `Unavailable`."""
    async with database.acquire() as connection:
        why = await misfit(connection, revision)
    yield Finding("表结构 schema", why or revision, (why and why.rpartition(": ")[2]) or "")
    if why is not None:
        return
    now = await database.now()
    figures = await snapshots.count(database)
    async with database.acquire() as connection:
        for look in (_roles, _late, _lag, _old, _partitions, _numbers):
            for found in await look(connection, now):
                yield found
        for found in await _outbox(connection, now, figures):
            yield found
    for found in (*_letters(figures), *_clocks(now, figures), *_notices(figures)):
        yield found
    yield await _clock(database)


async def _roles(connection: Connection, _now: datetime) -> Sequence[Finding]:
    there = await health.roles(connection)
    return [
        Finding(f"进程 {role}", *(("在 connected",) if role in there else ("没有 none", f"dispatch {role}")))
        for role in ("web", "worker", "scheduler")
    ]


async def _late(connection: Connection, now: datetime) -> Sequence[Finding]:
    waiting = await health.raised_before(connection, now - LATE, MOST)
    remedy = "worker 和 scheduler 都在吗？scheduler 会从数据库补派 the scheduler routes them from the database"
    return [Finding("等了两分钟还没派 not routed", str(waiting), remedy if waiting else "")]


async def _outbox(connection: Connection, now: datetime, figures: Figures) -> Sequence[Finding]:
    backlog = figures.outbox
    late = backlog.oldest is not None and now - backlog.oldest > LATE
    holder = await health.relay(connection, RELAY_LOCK)
    said = f"{backlog.waiting} 行" + (f"，最早 {_ago(now - backlog.oldest)}" if backlog.oldest else "")
    remedy = "Kafka 连得上吗？看 worker 的日志 relay.* look at Kafka" if holder else "没有 worker 在转发 start a worker"
    found = [Finding("待发 outbox", said, remedy if late else "")]
    for topic, key, why in await health.parked(connection):
        found.append(
            Finding(
                f"代理不收 refused {topic} {key}",
                why,
                "改好主题的设置，再 dispatch outbox unpark mend the topic, then unpark",
            )
        )
    return found


async def _lag(connection: Connection, now: datetime) -> Sequence[Finding]:
    found = []
    for each in await progress.read(connection, now):
        if each.messages and now - each.until > LATE:
            said = f"还有 {each.messages} 条，落后 {_ago(now - each.until)}"
            found.append(Finding(f"{each.topic}/{each.partition}", said, "再起一个 worker start another worker"))
    return found or [Finding("消费落后 lag", "没有 none")]


async def _old(connection: Connection, _now: datetime) -> Sequence[Finding]:
    found = [
        Finding(
            f"长事务 old transaction {one.application or '–'}",
            f"进程号 {one.pid}，开了 {_ago(one.age)}",
            f"它结束以前清理不了旧行；不该在就 SELECT pg_terminate_backend({one.pid})",
        )
        for one in await health.old_transactions(connection, OLD)
    ]
    return found or [Finding("长事务 old transactions", "没有 none")]


async def _partitions(connection: Connection, now: datetime) -> Sequence[Finding]:
    name = partition_name(later(month_of(now), 1))
    there = await health.event_month(connection, name)
    found = [Finding("下个月的分区 next partition", name, "" if there else "dispatch migrate，或看 scheduler 的日志")]
    gone = await archives.archived(connection)
    if gone:
        said = f"{len(gone)} 个月，{gone[0].month:%Y-%m} 到 to {gone[-1].month:%Y-%m}"
        found.append(Finding("已归档移出的月份 archived months", said))
    return found


async def _numbers(connection: Connection, _now: datetime) -> Sequence[Finding]:
    year, used = await numbers.given(connection, "whistle")
    remedy = "一年的编号快用完了，见 deploy/decisions/0021-scale.md: split the deployment before they are"
    said = f"{year or '–'}：{used:,} / {numbers.PLACES:,}"
    return [Finding("编号 numbers", said, remedy if used > NEARLY * numbers.PLACES else "")]


def _letters(figures: Figures) -> Sequence[Finding]:
    if not figures.dead_letters:
        return [Finding("异常消息 dead letters", "没有 none")]
    remedy = "dispatch letters list，再 replay、raise 或 discard；或在调度台"
    return [Finding(f"异常消息 {reason}", str(count), remedy) for reason, count in figures.dead_letters.items()]


def _clocks(now: datetime, figures: Figures) -> Sequence[Finding]:
    said = str(figures.clocks_due) + (f"，最早 {_ago(now - figures.clocks_first)}" if figures.clocks_first else "")
    parked = "日志 clock.parked 写着为什么；改好以后会再试 its log line says why"
    return [
        Finding("到期没人接的钟 clocks", said, "起一个 scheduler start one" if figures.clocks_due else ""),
        Finding("放一边的钟 parked clocks", str(figures.clocks_parked), parked if figures.clocks_parked else ""),
    ]


def _notices(figures: Figures) -> Sequence[Finding]:
    remedy = "看 DISPATCH_WECOM_WEBHOOK 和日志 notice.*；通了以后 dispatch notices list，再 retry"
    return [
        Finding("没发出去的通知 failed notices", str(figures.notices_failed), remedy if figures.notices_failed else "")
    ]


async def _clock(database: Database) -> Finding:
    now, jump = await clock_watch.read(database)
    if jump is None or not jump.holds(now):
        return Finding("数据库时钟 clock", "没有跳 steady")
    return Finding("数据库时钟 clock", f"跳了 {jump.by.total_seconds():.0f} s", "看过以后 dispatch clock confirm")


def _ago(span: timedelta) -> str:
    return str(timedelta(seconds=int(span.total_seconds())))
