"""Embedded PostgreSQL by itself: where it lives, who runs it, that a half-made cluster is made anew."""

import os
import subprocess
from pathlib import Path

import asyncpg
import pytest

from dispatch.local import postgres_files
from dispatch.local.child import Account
from dispatch.local.postgres import EmbeddedPostgres
from dispatch.local.postgres_files import home_for, unprivileged
from dispatch.local.trouble import Trouble
from tests.servers import TestPostgres

ME = Account("somebody", 54321, 54321)


def test_a_closed_folder_sends_root_elsewhere_and_stays_closed(open_folder: Path) -> None:
    closed = open_folder / "closed"
    data = closed / ".dispatch"
    data.mkdir(parents=True)
    assert home_for(data, ME) == data / "postgres"
    closed.chmod(0o700)
    home = home_for(data, ME)
    assert not home.is_relative_to(open_folder)
    assert closed.stat().st_mode & 0o777 == 0o700
    assert home_for(data, ME) == home, "it stays where it was made"
    (data / "postgres.at").unlink()
    assert home_for(data, ME) != home, "a removed data folder is a fresh start"
    (data / "postgres.at").unlink()
    assert home_for(data, None) == data / "postgres"


def test_a_folder_closed_after_the_first_start_is_said_and_not_forgotten(open_folder: Path) -> None:
    data = open_folder / "closed" / ".dispatch"
    (data / "postgres").mkdir(parents=True)
    data.parent.chmod(0o700)
    with pytest.raises(Trouble, match="somebody"):
        home_for(data, ME)


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


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: nobody else's files are out of reach")
def test_binaries_out_of_reach_are_copied_with_their_libraries(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = unprivileged()
    assert account
    monkeypatch.setattr(postgres_files, "SYSTEM_HOME", open_folder / "system")
    monkeypatch.setattr(postgres_files, "may_enter", lambda *_: False)
    folder = postgres_files.binaries(account)
    assert folder.is_relative_to(open_folder)
    for program in ("postgres", "initdb"):
        done = subprocess.run([folder / program, "--version"], user=account.uid, capture_output=True, text=True)
        assert "18" in done.stdout, done.stderr
