"""The drill: a base backup and the WAL since, brought to a moment; what came after is named, no number comes twice."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from dispatch.bus.producer import connector
from dispatch.bus.topics import ensure
from dispatch.local.postgres import EmbeddedPostgres
from dispatch.local.postgres_files import binaries, unprivileged
from tests.bus.rig import left, relaying, until
from tests.factories import World, demo_template, open_world
from tests.servers import TestBroker, TestPostgres

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

SCRIPTS = Path(__file__).parents[2] / "deploy" / "backup"


@pytest.fixture
def archiving() -> Iterator[tuple[TestPostgres, Path]]:
    """A server that archives its WAL, and the folder that it does it into."""
    one, account = TestPostgres(), unprivileged()
    wal = one._folder / "wal"
    wal.mkdir()
    if account:
        os.chown(wal, account.uid, account.gid)
    settings = {
        "wal_level": "replica",
        "max_wal_senders": "4",
        "full_page_writes": "on",
        "archive_mode": "on",
        "archive_command": f"test ! -f {wal}/%f && cp %p {wal}/%f",
    }
    one.server = EmbeddedPostgres(one._folder / "postgres", account=account, fast_and_unsafe=True, settings=settings)
    with one:
        yield one, wal


def script(name: str, *words: object, code: int = 0, **environment: str) -> str:
    """Run one of deploy/backup; what it said."""
    account = unprivileged()
    # the wheel's own pg_verifybackup crashes (signal 11) whatever it is asked, and Debian's is of another version
    verify = f"{sys.executable} {SCRIPTS / 'verify.py'}"
    more = {"PGBIN": str(binaries(account)), "PG_ACCOUNT": account.name if account else "", "VERIFY": verify}
    done = subprocess.run(
        [str(SCRIPTS / name), *map(str, words)],
        env={**os.environ, **more, **environment},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


async def _sent(world: World) -> None:
    async def empty() -> bool:
        return await left(world.database) == 0

    await until(empty)


async def test_a_database_brought_back_to_a_moment(archiving: tuple[TestPostgres, Path]) -> None:
    server, wal = archiving
    await demo_template(server, "dispatch")
    url, broker = server.url("dispatch"), TestBroker()
    try:
        await ensure(address := await asyncio.to_thread(broker.start), replication=1)
        base = await asyncio.to_thread(script, "backup.sh", server._folder / "backup", DISPATCH_DATABASE_URL=url)
        _harmed(Path(base.strip()))
        world = await open_world(url)
        async with relaying(world.database, connector(address)):
            kept = await world.whistle()
            moment = await world.database.now()
            lost = [await world.whistle() for _ in range(2)]
            await _sent(world)
        await server.execute("SELECT pg_switch_wal()")
        await until(lambda: any(wal.iterdir()))
        await world.close()
        server.server.stop()  # it archives what is left; then the machine is gone

        into = server._folder / "restored"
        words = (base.strip(), wal, moment.isoformat(), into)
        environment = {"DISPATCH_KAFKA": address, "DISPATCH_KAFKA_REPLICATION": "1", "KEEP": "1"}
        said = await asyncio.to_thread(script, "restore.sh", *words, **environment)
        assert [line.split()[0] for line in said.splitlines() if line[:2].isdigit()] == [
            str(one["number"]) for one in lost
        ]
        assert "2 张回执库里没有" in said
        assert "与日志一致" in said

        back = await open_world(f"postgresql://dispatch@/dispatch?host={into}/run")
        assert (await back.get(kept["number"]))["id"] == kept["id"]
        assert (await back.whistle())["number"] > max(one["number"] for one in lost)
        await back.close()
        again = await asyncio.to_thread(script, "restore.sh", *words, code=1, DISPATCH_KAFKA=address)
        assert "is there already" in again
    finally:
        broker.stop()
        _end(server._folder / "restored" / "data" / "postmaster.pid")


def _harmed(base: Path) -> None:
    """A backup that is not what was written is refused, each time for its reason; this one is left as it was."""

    def wrong() -> str:
        command = [sys.executable, str(SCRIPTS / "verify.py"), str(base)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert (done.returncode == 1) == bool(done.stderr)
        return done.stderr

    assert wrong() == ""
    one = base / "global" / "pg_filenode.map"
    whole = one.read_bytes()
    for harm, why in (
        (lambda: one.write_bytes(bytes([whole[0] ^ 1]) + whole[1:]), "another SHA-256"),
        (lambda: one.write_bytes(whole[:-1]), "bytes"),
        (one.unlink, "missing"),
    ):
        harm()
        assert wrong().startswith("global/pg_filenode.map: ")
        assert why in wrong()
    one.write_bytes(whole)
    (base / "more").touch()
    assert wrong() == "more: not in the manifest\n"
    (base / "more").unlink()
    assert wrong() == ""


def _end(pid: Path) -> None:
    """Stop the server that KEEP=1 left running."""
    if pid.exists():
        process = psutil.Process(int(pid.read_text().split()[0]))
        process.send_signal(signal.SIGINT)
        process.wait(20)
