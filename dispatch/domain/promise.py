"""Whether a database and a broker, set as they are, can keep the promise that a receipt is never lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from typing import Literal

#: the oldest PostgreSQL
OLDEST = 16
#: connections beside the pools of one process of each role: locks of the scheduler, relay, listeners, a person
BESIDE = 16

Level = Literal["well", "warn", "refuse"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One line: what was looked at, how it stands; where it is not well, the remedy."""

    level: Level
    what: str
    said: str
    remedy: str = ""


#: setting → (the value that breaks the promise, how bad, what it costs)
_DATABASE: Mapping[str, tuple[str, Level, str]] = {
    "fsync": ("off", "refuse", "断电会丢已发的回执 a power cut loses receipts: ALTER SYSTEM SET fsync = on"),
    "full_page_writes": (
        "off",
        "refuse",
        "断电会写坏数据页 a power cut tears pages: ALTER SYSTEM SET full_page_writes = on",
    ),
    "synchronous_commit": (
        "off",
        "refuse",
        "答复以后才落盘 receipts are given before they are on disk: ALTER SYSTEM SET synchronous_commit = on",
    ),
    "zero_damaged_pages": ("on", "refuse", "坏页会被当成空页 damage reads as empty: set it off"),
    "ignore_checksum_failure": ("on", "refuse", "坏数据会被当成好的 damage goes unseen: set it off"),
    "autovacuum": ("off", "warn", "旧行清理不掉，会越来越慢 dead rows pile up: ALTER SYSTEM SET autovacuum = on"),
    "data_checksums": ("off", "warn", "坏盘不会被发现 a rotten disk goes unseen: pg_checksums --enable"),
    "archive_mode": ("off", "warn", "只能恢复到上次备份 no restore to a moment between backups: archive the WAL"),
}


def database(settings: Mapping[str, str], *, replica: bool, pool: int) -> Iterator[Verdict]:
    """Verdicts on PostgreSQL by its settings (name → value, of a session like ours). `pool`: connections a process."""
    major = int(settings["server_version_num"]) // 10_000
    remedy = f"要 {OLDEST} 以上 {OLDEST} or newer is needed" if major < OLDEST else ""
    yield Verdict("refuse" if remedy else "well", "PostgreSQL", str(major), remedy)
    if replica:
        yield Verdict(
            "refuse", "pg_is_in_recovery", "true", "这是备库，写不进 a standby takes no writes: name the primary"
        )
    if settings["server_encoding"] != "UTF8":
        yield Verdict("refuse", "server_encoding", settings["server_encoding"], "createdb -E UTF8 --template=template0")
    for name, (wrong, level, why) in _DATABASE.items():
        if name in settings:
            bad = settings[name] == wrong
            yield Verdict(level if bad else "well", name, settings[name], why if bad else "")
    if settings.get("synchronous_standby_names") and settings["synchronous_commit"] == "local":
        yield Verdict("warn", "synchronous_commit", "local", "不等备库 the standby is not waited for: set it on")
    most, needed = int(settings["max_connections"]), 3 * pool + BESIDE
    few = f"三个角色各一个要 {needed} 个 one of each role needs {needed}" if most < needed else ""
    yield Verdict("warn" if few else "well", "max_connections", str(most), few)


def transport(what: str, places: Iterable[str | None], remedy: str, *, encrypted: bool) -> Iterator[Verdict]:
    """A verdict on how `what` is reached; `places`: hosts, None for a socket. Of this machine nothing is said."""
    far = [place for place in places if place and not _here(place)]
    if far:
        said = f"TLS {', '.join(far)}" if encrypted else f"没有加密 in the clear {', '.join(far)}"
        yield Verdict("well" if encrypted else "warn", what, said, "" if encrypted else remedy)


def _here(place: str) -> bool:
    try:
        return ip_address(place).is_loopback
    except ValueError:
        return place == "localhost"


@dataclass(frozen=True, slots=True)
class Kept:
    """A topic on the broker and what was declared; None: the broker does not show it."""

    name: str
    copies: int
    declared_copies: int
    declared_in_sync: int
    declared_retention: timedelta
    #: somebody decided on fewer copies (DISPATCH_KAFKA_REPLICATION)
    decided: bool
    settings: Mapping[str, str]
    #: text of people stands on it: it may not be kept longer than declared
    text: bool


def topic(one: Kept, outage: timedelta) -> list[Verdict]:
    """What is not well with a topic that must carry everything through an `outage` of the workers."""
    found = [*_copies(one), *_kept(one, outage)]
    if one.settings.get("unclean.leader.election.enable") == "true":
        why = "落后的副本会接任，已收的消息会丢 a stale copy may take over: set it false"
        found.append(Verdict("refuse", f"{one.name} unclean.leader.election.enable", "true", why))
    return found or [Verdict("well", one.name, _well(one))]


def _copies(one: Kept) -> Iterator[Verdict]:
    in_sync = int(one.settings.get("min.insync.replicas", 1))
    if one.copies < one.declared_copies:
        why = (
            f"一块盘坏了就丢；要 {one.declared_copies} 份 a lost disk loses records; {one.declared_copies} are declared"
        )
        yield Verdict("warn" if one.decided else "refuse", f"{one.name} replication", str(one.copies), why)
    if in_sync > one.copies:
        yield Verdict("refuse", f"{one.name} min.insync.replicas", str(in_sync), "写不进 nothing can be written")
    elif one.copies > 1 and in_sync < one.declared_in_sync:
        why = "acks=all 只等一份 one copy would do: dispatch topics apply"
        yield Verdict("refuse", f"{one.name} min.insync.replicas", str(in_sync), why)
    elif one.copies > 1 and in_sync == one.copies:
        why = "少一台就写不进，哨存在待发里 one node away stops writing; whistles wait in the outbox: add a copy"
        yield Verdict("warn", f"{one.name} min.insync.replicas", f"{in_sync} of {one.copies}", why)


def _kept(one: Kept, outage: timedelta) -> Iterator[Verdict]:
    if one.settings.get("cleanup.policy", "delete") != "delete":
        why = "会丢消息 loses records: dispatch topics apply"
        yield Verdict("refuse", f"{one.name} cleanup.policy", one.settings["cleanup.policy"], why)
    stated = one.settings.get("retention.ms")
    if stated is not None:
        kept = None if int(stated) < 0 else timedelta(milliseconds=int(stated))
        if kept is not None and kept < outage:
            why = f"容许停 {outage}（DISPATCH_OUTAGE_HOURS） an outage of {outage} loses records: dispatch topics apply"
            yield Verdict("refuse", f"{one.name} retention.ms", str(kept), why)
        elif kept is not None and kept < one.declared_retention:
            why = f"声明 {one.declared_retention} is declared: dispatch topics apply"
            yield Verdict("warn", f"{one.name} retention.ms", str(kept), why)
        elif one.text and (kept is None or kept > one.declared_retention):
            why = f"有人写的话，只许留 people's words may be kept {one.declared_retention}: dispatch topics apply"
            yield Verdict("warn", f"{one.name} retention.ms", str(kept or "∞"), why)
    if one.settings.get("message.timestamp.type") == "CreateTime":
        why = "发送方的钟错了就留错、不收 a wrong clock of a sender loses or blocks records: dispatch topics apply"
        yield Verdict("warn", f"{one.name} message.timestamp.type", "CreateTime", why)
    if int(one.settings.get("retention.bytes", -1)) >= 0:
        why = "写满就丢，不管留多久 a full topic drops records early: dispatch topics apply"
        yield Verdict("refuse", f"{one.name} retention.bytes", one.settings["retention.bytes"], why)


def _well(one: Kept) -> str:
    kept = one.settings.get("retention.ms")
    days = "?" if kept is None else "∞" if int(kept) < 0 else str(timedelta(milliseconds=int(kept)))
    return f"{one.copies} 份 copies, {one.settings.get('min.insync.replicas', '?')} in sync, {days}"


def cluster(nodes: int, settings: Mapping[str, str]) -> Iterator[Verdict]:
    """Verdicts on the brokers as a whole; `settings` of one of them, empty where it does not show them."""
    few = "一台停了就停 one node away and all stops; three are wanted" if nodes < 3 else ""
    yield Verdict("warn" if few else "well", "Kafka 节点 nodes", str(nodes), few)
    if settings.get("auto.create.topics.enable") == "true":
        why = "写错的主题名会自己长出来 a topic misspelt comes into being: set it false"
        yield Verdict("warn", "auto.create.topics.enable", "true", why)
    copies = int(settings.get("offsets.topic.replication.factor", 3))
    if copies < min(nodes, 3):
        why = "读到哪会丢，重读一遍 where groups are may be lost, then all is read again: raise it"
        yield Verdict("warn", "offsets.topic.replication.factor", str(copies), why)
