"""What is wrong at a start is said in one line with the remedy, and the exit code is not 0."""

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from dispatch.local import checks
from dispatch.local.trouble import Trouble
from dispatch.store.migrate import newest

KEY = "for tests only, thirty-two letters and more"


def dispatch(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the program with only these settings."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DISPATCH_")}
    return subprocess.run(
        [sys.executable, "-m", "dispatch", *words],
        env={**environment, **{f"DISPATCH_{name}": value for name, value in settings.items()}},
        capture_output=True,
        text=True,
        timeout=60,
    )


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """Its only line on stderr."""
    assert done.returncode == 1, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize("role", ["web", "worker", "scheduler"])
def test_a_role_alone_names_what_it_needs(role: str) -> None:
    line = one_line(dispatch(role))
    assert "DISPATCH_DATABASE_URL" in line
    assert "DISPATCH_KAFKA" in line
    assert "dispatch up" in line


def test_a_wrong_setting_names_variable_value_and_meaning(tmp_path: Path) -> None:
    line = one_line(dispatch("up", PORT="eighty", DATA=str(tmp_path)))
    assert "DISPATCH_PORT='eighty'" in line
    assert "Port of the web role" in line


def test_a_secret_is_not_repeated_in_its_refusal() -> None:
    line = one_line(dispatch("web", SECRET_KEY="hunter2"))
    assert "DISPATCH_SECRET_KEY" in line
    assert "hunter2" not in line


def test_a_half_set_way_to_kafka_is_named(tmp_path: Path) -> None:
    half = {"KAFKA": "127.0.0.1:1", "KAFKA_USERNAME": "me"}
    assert "DISPATCH_KAFKA_PASSWORD is not set" in one_line(dispatch("topics", "plan", **half))
    nowhere = str(tmp_path / "ca.pem")
    assert f"DISPATCH_KAFKA_CA={nowhere}" in one_line(dispatch("topics", "plan", KAFKA="127.0.0.1:1", KAFKA_CA=nowhere))


def test_a_taken_port_names_its_holder_and_another(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        line = one_line(dispatch("up", PORT=str(port), DATA=str(tmp_path / "d")))
    assert f"Port {port} on 127.0.0.1 is taken" in line
    assert "DISPATCH_PORT=" in line
    assert not (tmp_path / "d" / "postgres").exists(), "nothing was started"


def test_an_unreachable_database_is_named_without_its_password(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"postgresql://me:hunter2@127.0.0.1:{closed.getsockname()[1]}/x"
        line = one_line(dispatch("up", DATABASE_URL=url, DATA=str(tmp_path), PORT="0"))
        assert "127.0.0.1" in one_line(dispatch("migrate", DATABASE_URL=url))
    assert "cannot be reached" in line
    assert "hunter2" not in line


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "DISPATCH_DATA" in one_line(dispatch("up", DATA=str(tmp_path / "file" / "d"), PORT="0"))


@pytest.mark.parametrize("role", ["web", "worker", "scheduler"])
async def test_a_role_refuses_a_schema_that_no_longer_serves_it(role: str, database: str) -> None:
    connection = await asyncpg.connect(database)
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    await connection.execute("UPDATE schema_serves SET oldest = '9998'")
    await connection.close()
    line = one_line(await asyncio.to_thread(dispatch, role, DATABASE_URL=database, KAFKA="127.0.0.1:9", SECRET_KEY=KEY))
    assert f"the schema is at 9999 and serves versions from 9998 on, this one is {newest()}" in line
    assert "install a newer one" in line


def test_a_full_disk_is_seen_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match=r"is full: \d+ MB free") as told:
        checks.disk(tmp_path, least=2**60)
    assert "DISPATCH_DATA" in told.value.remedy


async def test_a_database_that_is_not_there_is_told_from_a_server_that_is_not_there(database: str) -> None:
    await checks.database(database)
    with pytest.raises(Trouble, match="does not exist"):
        await checks.database(database.replace("@/test_", "@/none_"))


def test_settings_are_listed_with_source_and_without_secrets() -> None:
    done = dispatch("settings", "--plain", KAFKA="k:9092", DATABASE_URL="postgresql://me:hunter2@db/x", PROT="1")
    assert done.returncode == 0
    rows = {row[0]: row[1:] for row in (line.split("\t") for line in done.stdout.splitlines())}
    assert rows["DISPATCH_KAFKA"][:2] == ["k:9092", "environment"]
    assert rows["DISPATCH_DATABASE_URL"][:2] == ["postgresql://me:***@db/x", "environment"]
    assert rows["DISPATCH_PORT"][:2] == ["8000", "default"]
    assert all(row[2] for row in rows.values()), "each has a meaning"
    listed = dispatch("settings", PROT="1")
    assert "DISPATCH_PROT is no setting; DISPATCH_PORT is." in listed.stderr
