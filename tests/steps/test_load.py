"""Loading a district: all files or none, versioned, and people brought to what the files say."""

import shutil
from pathlib import Path

import pytest

from dispatch.steps import standing
from dispatch.steps.load import load
from dispatch.steps.reading.marked import BrokenFilesError
from dispatch.steps.rules import Rules
from dispatch.store.database import Database
from dispatch.store.errors import Rejected
from dispatch.store.people import Changes

DEMO = Path(__file__).parents[2] / "deploy" / "demo"


@pytest.fixture
def district(tmp_path: Path) -> Path:
    """A copy of the demo district that a test may change."""
    for file in DEMO.glob("*.yaml"):
        shutil.copy(file, tmp_path)
    return tmp_path


async def count(db: Database, sql: str) -> int:
    async with db.acquire() as connection:
        found: int = await connection.fetchval(sql)
        return found


def change(file: Path, before: str, after: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after, 1), encoding="utf-8")


async def test_first_load_stores_documents_and_people(db: Database, district: Path) -> None:
    done = await load(db, district, "test")
    assert (done.district, done.name) == ("130403", "丛台区")
    assert set(done.versions.values()) == {1}
    assert {"tree", "units", "people", "duties", "policies", "sources"} <= set(done.versions)
    assert await count(db, "SELECT count(*) FROM person") == done.people.persons > 1000
    assert await count(db, "SELECT count(*) FROM account WHERE password_hash IS NULL") == done.people.accounts
    async with db.acquire() as connection:
        seat = await connection.fetchrow("SELECT role, node, unit FROM seat WHERE code = 'node:130403011:clerk'")
        who = await connection.fetchrow(
            "SELECT t.to_at, a.sign_in FROM tenure t JOIN account a USING (person) WHERE seat = 'unit:XF:liaison'"
        )
    assert seat is not None
    assert who is not None
    assert tuple(seat) == ("street-clerk", "130403011", None)
    assert tuple(who) == (None, "xf.liaison")
    rules = Rules(db)
    await rules.refresh()
    assert rules.source("/example/12345") is not None


async def test_the_same_files_again_change_nothing(db: Database, district: Path) -> None:
    await load(db, district, "test")
    again = await load(db, district, "test")
    assert not again.changed
    assert again.versions == {}
    assert again.people == Changes()


async def test_a_changed_file_is_one_new_version_of_that_file(db: Database, district: Path) -> None:
    await load(db, district, "test")
    change(district / "duties.yaml", "name: 占道店外经营", "name: 占道经营与店外经营")
    done = await load(db, district, "test")
    assert done.versions == {"duties": 2}


async def test_a_broken_file_changes_nothing_and_says_where(db: Database, district: Path) -> None:
    await load(db, district, "test")
    change(district / "duties.yaml", "name: 占道店外经营", "name: 改了")
    change(district / "units.yaml", "type: vertical", "type: vertikal")
    change(district / "sources.yaml", 'street: "130403011"', 'street: "999"')
    with pytest.raises(BrokenFilesError) as broken:
        await load(db, district, "test")
    said = {(error.file, error.value) for error in broken.value.errors}
    assert ("units.yaml", "vertikal") in said
    assert all(error.line > 1 for error in broken.value.errors)
    assert await count(db, "SELECT max(version) FROM reference_document") == 1


async def test_an_unknown_street_of_a_source_is_refused_with_its_line(db: Database, district: Path) -> None:
    change(district / "sources.yaml", 'street: "130403011"', 'street: "999"')
    with pytest.raises(BrokenFilesError) as broken:
        await load(db, district, "test")
    (error,) = broken.value.errors
    lines = (district / "sources.yaml").read_text(encoding="utf-8").splitlines()
    assert '"999"' in lines[error.line - 1]
    assert await count(db, "SELECT count(*) FROM reference_document") == 0


async def test_who_left_the_file_is_ended_not_deleted(db: Database, district: Path) -> None:
    await load(db, district, "test")
    before = await count(db, "SELECT count(*) FROM tenure")
    change(district / "people.yaml", "people: [示例调度员甲, 示例调度员乙]", "people: [示例调度员甲]")
    done = await load(db, district, "test")
    assert done.people.ended == 2  # one of two left, and the other's code is now the seat's own
    assert await count(db, "SELECT count(*) FROM tenure") == before + 1
    open_ones = "SELECT count(*) FROM tenure WHERE seat = 'node:130403:dispatcher' AND to_at IS NULL"
    assert await count(db, open_ones) == 1


async def test_a_password_set_meanwhile_stays(db: Database, district: Path) -> None:
    await load(db, district, "test")
    async with db.transaction() as uow:
        await uow.connection.execute("UPDATE account SET password_hash = 'kept' WHERE sign_in = 'xf.liaison'")
    change(district / "people.yaml", "示例{short}联络员甲", "示例{short}联络员己")
    done = await load(db, district, "test")
    assert done.people.persons > 50
    assert await count(db, "SELECT count(*) FROM account WHERE password_hash = 'kept'") == 1


async def test_a_seat_of_another_district_is_not_taken_over(db: Database, district: Path) -> None:
    await load(db, DEMO, "test")
    change(district / "tree.yaml", 'code: "130403"\n', 'code: "130499"\n')
    for name in ("people.yaml", "sources.yaml"):
        file = district / name
        file.write_text(file.read_text(encoding="utf-8").replace('"130403"', '"130499"'), encoding="utf-8")
    with pytest.raises(Rejected, match="belongs to district 130403"):
        await load(db, district, "test")
    assert await count(db, "SELECT count(DISTINCT district) FROM reference_document") == 1


async def test_what_was_imported_stays_when_the_files_are_loaded_again(db: Database, district: Path) -> None:
    await load(db, district, "test")
    roster = {"persons": {"A01": "示例新人"}, "seats": {"unit:XF:liaison": [["A01", "2026-06-01", None]]}}
    async with db.transaction() as uow:
        documents, _versions = await standing.standing(uow, "130403")
        documents["people"] = documents["people"] | {"roster": roster}
        done = await standing.store(uow, "130403", documents, "A01")
    assert (done.people.ended, done.people.accounts) == (1, 1)
    change(district / "people.yaml", "示例{short}科长丙", "示例{short}科长己")
    again = await load(db, district, "test")
    assert (again.people.ended, again.people.tenures, again.laid) == (0, 0, {"people": 1})
    holder = "SELECT count(*) FROM tenure WHERE seat = 'unit:XF:liaison' AND to_at IS NULL AND person = 'A01'"
    assert await count(db, holder) == 1
    assert not (await load(db, district, "test")).changed
