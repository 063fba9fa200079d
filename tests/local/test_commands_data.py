"""`load`, `import` and `duties derive` as typed: what they print, and one clear line where something is wrong."""

import asyncio
import csv
import shutil
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner

from dispatch.__main__ import app
from dispatch.steps.load import read

DEMO = Path(__file__).parents[2] / "deploy" / "demo"
REGISTER = ("ID", "Type", "Agency", "Opened", "Due", "Ward", "Quarter")
MAPPING = """
title: test
district: "99999"
format: csv
key: ID
columns: {body: Type, category: Type, occurred-at: Opened}
dates: {format: "%Y-%m-%d", zone: America/New_York}
channel: "311"
place: {nodes: [Quarter, Ward], otherwise: Citywide}
derive:
  name: Testville
  street: {column: Ward, name: "Ward {value}"}
  community: Quarter
  type: Type
  unit: Agency
  unit-prefix: T
  opened: Opened
  due: Due
"""


@pytest.fixture
def register(tmp_path: Path) -> Path:
    (tmp_path / "town.yaml").write_text(MAPPING, encoding="utf-8")
    lines = []
    for n in range(60):
        kind, agency = [("ST-Pothole", "Streets"), ("ST-Sign", "Streets"), ("WW-Leak", "Water")][n % 3]
        lines.append((n, kind, agency, "2026-03-02", "2026-03-09", str(n % 4 + 1), f"Quarter {n % 8}" if n % 5 else ""))
    lines.append((60, "ST-Never seen", "Streets", "2026-03-02", "", "", ""))
    with (tmp_path / "register.csv").open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([REGISTER, *lines])
    return tmp_path


def run(*arguments: object, code: int = 0) -> str:
    done = CliRunner().invoke(app, [str(one) for one in arguments])
    assert done.exit_code == code, done.output
    return done.output


def test_a_district_is_derived_loaded_and_its_register_imported(
    register: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPATCH_DATABASE_URL", database)
    mapping, file = register / "town.yaml", register / "register.csv"
    told = run("duties", "derive", file, "--mapping", mapping, "--out", register / "town", "--rows", "even")
    assert "单位 2" in told
    _, reference = read(register / "town")
    pothole = next(duty for duty in reference.duties.duties if duty.name == "ST-Pothole")
    assert (pothole.lead, str(pothole.limit)) == ("TST", "7d")
    assert {node.name for node in reference.tree.children("99999")} == {
        "Ward 1",
        "Ward 2",
        "Ward 3",
        "Ward 4",
        "Citywide",
    }
    assert "第 1 版" in run("load", register / "town")
    assert "Nothing changed" in run("load", register / "town")
    arguments = ("import", file, "--mapping", mapping, "--route-here", "--rejects", register / "r.csv")
    assert "新收 61，已有 0，未收 0" in run(*arguments)
    assert "新收 0，已有 61，未收 0" in run(*arguments)
    assert not (register / "r.csv").exists()


def test_what_the_desk_approved_is_printed_and_not_loaded_over_unasked(
    tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def approve() -> None:
        connection = await asyncpg.connect(database)
        await connection.execute("UPDATE reference_document SET proposal = gen_random_uuid() WHERE kind = 'policies'")
        await connection.close()

    monkeypatch.setenv("DISPATCH_DATABASE_URL", database)
    shutil.copytree(DEMO, tmp_path / "town")
    file = tmp_path / "town" / "policies.yaml"
    text = file.read_text(encoding="utf-8")
    run("load", tmp_path / "town")
    assert run("policies", "text", "130403") == text
    assert "没有「policies」这份规则" in run("policies", "text", "999", code=1)
    asyncio.run(approve())
    file.write_text(text.replace("reminder: 1wd", "reminder: 2wd", 1), encoding="utf-8")
    told = run("load", tmp_path / "town", code=1)
    assert "policies.yaml: 现行第 1 版是在调度台批准的" in told
    assert "--over-desk" in told
    assert "policies: 第 2 版" in run("load", tmp_path / "town", "--over-desk")


def test_a_broken_district_is_told_with_file_and_line(
    tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPATCH_DATABASE_URL", database)
    for file in DEMO.glob("*.yaml"):
        shutil.copy(file, tmp_path)
    units = tmp_path / "units.yaml"
    units.write_text(units.read_text(encoding="utf-8").replace("type: vertical", "type: vertikal", 1), encoding="utf-8")
    told = run("load", tmp_path, code=1)
    line = next(n for n, text in enumerate(units.read_text(encoding="utf-8").splitlines(), 1) if "vertikal" in text)
    assert f"units.yaml:{line} " in told
    assert "Nothing was loaded" in told


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("import", "none.csv", "--mapping", "nope"), "没有这个映射"),
        (("import", "none.csv", "--mapping", "messages"), "没有这个文件"),
        (("duties", "derive", "none.csv", "--mapping", "baltimore", "--out", "x"), "没有这个文件"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    arguments: tuple[str, ...], said: str, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPATCH_DATABASE_URL", database)
    told = run(*arguments, code=1)
    assert said in told
    assert "Traceback" not in told
