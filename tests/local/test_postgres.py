"""Embedded PostgreSQL by itself: where it lives, who runs it, that a half-made cluster is made anew."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from dispatch.local.child import Account
from dispatch.local.postgres import EmbeddedPostgres
from dispatch.local.postgres_files import home_for, unprivileged
from dispatch.local.trouble import Trouble
from tests.servers import TestPostgres

ME = Account("somebody", 54321, 54321)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter (pytest's own are closed)."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_closed_folder_sends_root_elsewhere_and_stays_closed(open_folder: Path) -> None:
    closed = open_folder / "closed"
    data = closed / ".dispatch"
    data.mkdir(parents=True)
    assert home_for(data, ME) == data / "postgres"
    closed.chmod(0o700)
    home = home_for(data, ME)
    assert not home.is_relative_to(open_folder)
    assert home != home_for(closed, ME), "each checkout has its own"
    assert closed.stat().st_mode & 0o777 == 0o700
    assert home_for(data, None) == data / "postgres"


def test_a_long_path_gets_a_short_socket() -> None:
    server = EmbeddedPostgres(Path("/" + "x" * 60) / ("y" * 60) / "postgres")
    assert len(str(server.socket_folder)) < 60


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: another account must be named")
def test_an_account_that_does_not_exist_is_named() -> None:
    with pytest.raises(Trouble, match="DISPATCH_POSTGRES_ACCOUNT"):
        unprivileged("no-such-account")


async def test_the_server_is_ours_alone_and_speaks_chinese(postgres: TestPostgres) -> None:
    folder = postgres.server.socket_folder
    assert folder.stat().st_mode & 0o077 == 0, "nobody else gets to the socket"
    connection = await asyncpg.connect(postgres.url("postgres"))
    try:
        assert await connection.fetchval("SHOW listen_addresses") == ""
        assert await connection.fetchval("SHOW server_encoding") == "UTF8"
        assert await connection.fetchval("SELECT upper('é') || '街乡吹哨'") == "É街乡吹哨"
    finally:
        await connection.close()


def test_a_cluster_cut_short_is_made_anew(postgres: TestPostgres) -> None:
    home = postgres.server.home.parent / "second"
    server = EmbeddedPostgres(home, account=unprivileged(), fast_and_unsafe=True)
    (home / "data.new").mkdir(parents=True)
    (home / "data.new" / "PG_VERSION").write_text("18")
    if server.account:
        for path in (home, home / "data.new"):
            os.chown(path, server.account.uid, server.account.gid)
    home.chmod(0o700)
    assert server.prepare()
    assert not server.prepare()
    child = server.start()
    assert server.ready(child)
    server.stop()
    assert child.poll() == 0
