"""A simulated year: the same seed tells the same story, and every figure can be counted again from its log."""

import subprocess
import sys
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

import orjson
import pytest
import yaml

from dispatch.domain.turn import ZONE
from dispatch.local import derived_district
from dispatch.local.simulation.arrivals import HOURS, year
from dispatch.local.simulation.register import Register, arrivals
from dispatch.local.simulation.report import tables
from dispatch.local.simulation.run import DEMO_SEED, Outcome, Scene, files_with, first_day, simulate
from dispatch.local.simulation.year import Lived
from dispatch.local.trouble import Trouble
from dispatch.steps.audit import audit
from dispatch.steps.import_files import rows
from dispatch.steps.import_mapping import read_mapping
from dispatch.steps.load import read
from dispatch.store.database import Database
from dispatch.store.simulated import Figures, UnitLoad
from tests.domain.cases import reference
from tests.servers import TestPostgres

DEMO = Path(__file__).parents[2] / "deploy" / "demo"
SCENE = Scene(DEMO, date(2026, 3, 2), 5, 14.0, 7)


async def once(postgres: TestPostgres, scene: Scene = SCENE, policy: Path | None = None) -> tuple[Outcome, str]:
    url = await postgres.fresh()
    return await simulate(url, scene, policy), url


async def test_the_same_seed_gives_the_same_year_and_its_figures_are_those_of_the_log(postgres: TestPostgres) -> None:
    first, url = await once(postgres)
    second, other = await once(postgres)
    assert first.digest == second.digest
    assert first.figures == second.figures
    assert first.lived == second.lived
    assert first.figures.closed
    assert first.lived.stuck == 0
    assert first.names == {code: reference().units.by_code[code].name for code in first.figures.units}
    await recount(url, first)
    for one in (url, other):
        await postgres.drop(one)


async def recount(url: str, outcome: Outcome) -> None:
    """Count everything again, from nothing but the events."""
    database = await Database.connect(url, size=1)
    async with database.acquire() as connection:
        log = await connection.fetch("SELECT whistle, at, type, data FROM whistle_event ORDER BY whistle, seq")
        virtual = await connection.fetchval("SELECT max(at) FROM whistle_event")
    await database.close()
    figures, types = outcome.figures, Counter(row["type"] for row in log)
    data = [(row["type"], row["whistle"], orjson.loads(row["data"])) for row in log]
    late = {
        (said["stage"], said["clock"], said["run"])
        for kind, _, said in data
        if kind in ("clock.climbed", "clock.overdue")
    }
    climbs = [said for kind, _, said in data if kind == "clock.climbed"]
    assert figures.whistles == types["raised"] == outcome.lived.whistles
    assert figures.closed == types["closed"]
    assert figures.open == len({row["whistle"] for row in log}) - types["closed"]
    assert figures.late == dict(sorted(Counter(stage for stage, _, _ in late).items()))
    assert figures.climbs == dict(sorted(Counter(said["rung"] for said in climbs).items()))
    assert figures.orders == sum("order" in said for said in climbs)
    assert figures.rework == types["rejected"]
    reported = Counter(
        said["unit"] for said in {(s["clock"], s["run"]): s for s in climbs if s["stage"] == "reported"}.values()
    )
    assert {unit: load.late_reports for unit, load in figures.units.items() if load.late_reports} == dict(reported)
    assert virtual < datetime(2026, 3, 7, tzinfo=ZONE) + timedelta(minutes=1)


async def test_another_seed_is_another_year_and_a_tighter_policy_makes_more_late(
    postgres: TestPostgres, tmp_path: Path
) -> None:
    scene = Scene(DEMO, SCENE.start, 2, 14.0, 7)
    text = (DEMO / "policies.yaml").read_text(encoding="utf-8")
    tight = tmp_path / "policies.yaml"
    tight.write_text(text.replace("limit: 4wh, emergency: 30m, start: 1", "limit: 1wh, emergency: 10m, start: 1"))
    assert tight.read_text() != text
    usual, a = await once(postgres, scene)
    other, b = await once(postgres, Scene(DEMO, SCENE.start, 2, 14.0, 8))
    tried, c = await once(postgres, scene, tight)
    assert usual.digest != other.digest
    assert usual.figures.whistles == tried.figures.whistles
    assert tried.figures.late["reported"] > usual.figures.late.get("reported", 0)
    for url in (a, b, c):
        await postgres.drop(url)


COLUMNS = (
    "SRRecordID,ServiceRequestNum,SRType,CreatedDate,Address,Latitude,Longitude,DueDate,Agency,Neighborhood,"
    "CouncilDistrict\n"
)


def register_of(folder: Path, days: int) -> Register:
    """A small register of another city, made up, in the shape of the Baltimore mapping."""
    dice, lines = Random(3), []
    for n in range(days * 12):
        day, hour = 1 + n // 12, dice.randint(1, 11)
        kind, agency = dice.choice([("SW-Dirty Street", "Solid Waste"), ("TRM-Potholes", "Transportation")])
        opened = f"03/{day:02d}/2018 {hour:02d}:{dice.randint(0, 59):02d}:00 {dice.choice(['AM', 'PM'])}"
        where = dice.choice(["Harbor,3", "Hill,4"])
        lines.append(
            f"r{n},18-{n},{kind},{opened},{n} Main St,39.3,-76.6,04/{day:02d}/2018 09:00:00 AM,{agency},{where}"
        )
    file = folder / "register.csv"
    file.write_text(COLUMNS + "\n".join([*lines, "bad,,,,,,,,,,"]) + "\n", encoding="utf-8")
    return Register(file, read_mapping(DEMO / "import" / "baltimore.yaml"))


def test_a_past_year_is_lived_with_the_people_of_today(tmp_path: Path) -> None:
    seat, day = "node:130403011:clerk", date(2019, 3, 4)
    assert reference().people.holder(seat, day) is None
    _, known = read(files_with(DEMO, None, tmp_path, day))
    assert known.people.holder(seat, day) == reference().people.holder(seat, date(2026, 3, 4))


async def test_a_register_of_another_city_lives_a_year_as_well(postgres: TestPostgres, tmp_path: Path) -> None:
    register, district = register_of(tmp_path, 3), tmp_path / "district"
    everything = list(rows(register.file, register.mapping))
    derived_district.write(register.mapping, everything[:-1], everything[:-1], district)
    assert first_day(district, register) == date(2018, 3, 1)
    scene = Scene(district, date(2018, 3, 1), 40, 27.0, 5, register)
    first, a = await once(postgres, scene)
    second, b = await once(postgres, scene)
    assert first.digest == second.digest
    assert (first.figures.whistles, first.left_out, first.outside) == (36, 1, 0)
    of_one_day, left_out, outside = arrivals(register, read(district)[1], date(2018, 3, 2), 1)
    assert (len(of_one_day), left_out, outside) == (12, 1, 24)
    assert first.figures.closed > 20
    assert len(first.figures.units) == 2
    database = await Database.connect(a, size=1)
    async with database.acquire() as connection:
        assert await connection.fetchval("SELECT min(received_at) FROM whistle") >= datetime(2018, 3, 1, tzinfo=ZONE)
    assert [one async for one in audit(database)] == []
    await database.close()
    with pytest.raises(Trouble, match="24510"):
        first_day(DEMO, register)
    for url in (a, b):
        await postgres.drop(url)


def test_units_are_called_by_name_and_by_code_too_where_two_share_one() -> None:
    load = UnitLoad(1, 0, 0, 0)
    figures = Figures(3, 0, 3, {}, {}, {}, 0, 0, 0, 0, 0, 0.0, 0.0, {"XF": load, "SQ-1": load, "SQ-2": load})
    names = {"XF": "消防救援大队", "SQ-1": "平安社区", "SQ-2": "平安社区"}
    made = Outcome(Lived(3, 0, 0, 0, 0), figures, "", names=names)
    _, table = list(tables(SCENE, {"baseline": made, "policy": made}))[-1]
    first = list(table.columns[0].cells)
    assert first == ["平安社区（SQ-1）", "平安社区（SQ-2）", "消防救援大队"]


def test_what_comes_in_follows_hour_and_season_and_never_the_policy() -> None:
    texts = yaml.safe_load(DEMO_SEED.read_text(encoding="utf-8"))
    coming = year(reference(), texts, date(2026, 1, 1), 365, 27.0, 1)
    assert coming == year(reference(), texts, date(2026, 1, 1), 365, 27.0, 1)
    assert 9000 < len(coming) < 11000
    assert [one.at for one in coming] == sorted(one.at for one in coming)
    ordinary = Counter(one.at.hour for one in coming if not one.danger)
    assert ordinary[HOURS.index(max(HOURS))] > 5 * ordinary[21]
    heating = Counter(one.at.month for one in coming if one.category == "213")
    assert sum(heating[month] for month in (1, 2, 12)) > 2 * sum(heating[month] for month in (6, 7, 8))


def test_the_year_begins_where_holidays_are_published_and_a_wrong_folder_is_said() -> None:
    assert first_day(DEMO).month == 1
    with pytest.raises(Trouble, match="no folder"):
        first_day(DEMO / "nowhere")


def test_the_command_lives_today_s_policy_and_another_side_by_side(tmp_path: Path) -> None:
    """As somebody at a terminal runs it, in a process and on a server of its own."""
    tighter = tmp_path / "policies.yaml"
    text = (DEMO / "policies.yaml").read_text(encoding="utf-8")
    tighter.write_text(text.replace("limit: 4wh, emergency: 30m", "limit: 1m, emergency: 1m"), encoding="utf-8")
    words = ("simulate", "--days", "1", "--per-day", "12", "--policy", str(tighter), "--json")
    made = subprocess.run((sys.executable, "-m", "dispatch", *words), capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    done = orjson.loads(made.stdout)
    assert list(done) == ["baseline", "policy"]
    assert done["baseline"]["figures"]["whistles"] == done["policy"]["figures"]["whistles"] > 0
    assert done["baseline"]["figures"] != done["policy"]["figures"]
    wrong = subprocess.run(
        (sys.executable, "-m", "dispatch", "simulate", "--days", "1", "--policy", str(tmp_path / "none.yaml")),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert wrong.returncode == 1
    assert "none.yaml" in wrong.stderr
    assert "Traceback" not in wrong.stderr
