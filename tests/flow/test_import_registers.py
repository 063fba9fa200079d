"""The two real registers through the real steps: residents' messages, and Baltimore's requests with their units."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from dispatch.clock import new_id
from dispatch.local import derived_district
from dispatch.steps.duplicates import propose
from dispatch.steps.import_files import rows
from dispatch.steps.import_mapping import read_mapping
from dispatch.steps.import_report import report
from dispatch.steps.import_rows import fates, import_rows, route_here
from dispatch.steps.intake import Intake
from dispatch.steps.load import load
from dispatch.steps.rules import Rules
from dispatch.steps.service import Service
from dispatch.store.database import Database
from dispatch.store.numbers import Numbers

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "deploy" / "demo"
DATA = Path(os.environ.get("DISPATCH_TEST_DATA", ROOT.parent / "shared" / "data"))


def data(name: str) -> Path:
    if not (DATA / name).exists():
        pytest.skip(f"needs ../shared/data/{name}")
    return DATA / name


@pytest.fixture
async def service(db: Database) -> Service:
    return Service(db, Rules(db), Numbers(db, "whistle", 2000), new_id)


@pytest.mark.data
async def test_all_messages_of_residents(service: Service) -> None:
    file, mapping = data("messages-4326.xlsx"), read_mapping(DEMO / "import" / "messages.yaml")
    await load(service.database, DEMO, "test")
    await service.rules.refresh()
    done = await import_rows(service, Intake(service), mapping, rows(file, mapping), hold_back=False)
    assert (done.read, done.raised, done.rejects) == (4326, 4326, [])
    await route_here(service, mapping)
    told = report(await fates(service, mapping))
    assert (told.total, told.waiting) == (4326, 0)
    assert told.automatic + told.at_desk == 4326
    async with service.database.acquire() as connection:
        reasons = await connection.fetch(
            """SELECT e.data ->> 'outcome' AS outcome, coalesce(e.data -> 'reason' ->> 'code', '') AS code,
                      count(DISTINCT w.id) AS n
               FROM whistle w LEFT JOIN whistle_event e ON e.whistle = w.id AND e.type = 'routed' GROUP BY 1, 2"""
        )
    assert sum(row["n"] for row in reasons) == 4326
    assert [dict(row) for row in reasons if not row["code"] or not row["outcome"]] == [], "each says why"
    # 1,405 name no area of the table; of them those that accuse somebody count as 回避
    assert 1300 <= dict(told.reasons)["地点不明"] <= 1405
    async with service.database.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM whistle WHERE place IS NULL") == 1405
        assert await connection.fetchval("SELECT count(*) FROM whistle_state WHERE status = 'raised'") == 0
    streets = [node.code for node in service.rules.of("130403").tree.by_code.values() if node.level == 4]
    assert mapping.repeats is not None
    window = timedelta(days=mapping.repeats.days)
    found, new = await propose(service.database, mapping.principal, streets, window, mapping.repeats.least)
    assert found == new > 200
    assert await propose(service.database, mapping.principal, streets, window, mapping.repeats.least) == (found, 0)
    again = await import_rows(service, Intake(service), mapping, rows(file, mapping), hold_back=False)
    assert (again.raised, again.known) == (0, 4326)
    print(told)


@pytest.mark.data
async def test_half_of_baltimore_routes_the_other_half(service: Service, tmp_path: Path) -> None:
    file, mapping = data("baltimore-311.csv"), read_mapping(DEMO / "import" / "baltimore.yaml")
    everything = list(rows(file, mapping))
    assert len(everything) == 10_000
    derived_district.write(mapping, everything[0::2], everything, tmp_path)
    await load(service.database, tmp_path, "test")
    await service.rules.refresh()
    done = await import_rows(service, Intake(service), mapping, everything, hold_back=False)
    assert (done.raised, done.rejects) == (10_000, [])
    await route_here(service, mapping)
    async with service.database.acquire() as connection:
        found = await connection.fetch(
            "SELECT idempotency_key AS key, lead FROM whistle w JOIN whistle_state s USING (id) WHERE w.principal = $1",
            mapping.principal,
        )
    reference = service.rules.of(mapping.district)
    unit = {row["key"]: reference.units.by_code[row["lead"]].name if row["lead"] else "" for row in found}
    unseen = everything[1::2]
    right = sum(unit[mapping.key_of(row.values["SRRecordID"])] == f"{row.values['Agency']} (example)" for row in unseen)
    print(f"{right} of {len(unseen)} = {right / len(unseen):.2%} to the agency of record")
    assert right >= 0.98 * len(unseen)
