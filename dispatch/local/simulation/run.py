"""One simulation: the district's files with a policy, a scratch database, a year, its figures."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import yaml

from dispatch.clock import VirtualClock
from dispatch.domain.calendar import OutOfCalendarError
from dispatch.domain.reference import Reference
from dispatch.domain.turn import ZONE
from dispatch.local.simulation.arrivals import Arrival, year
from dispatch.local.simulation.register import Register, arrivals, first_row
from dispatch.local.simulation.year import Lived, Year
from dispatch.local.trouble import Trouble
from dispatch.steps.load import load, read
from dispatch.store import simulated
from dispatch.store.database import Database
from dispatch.store.partitions import ensure
from dispatch.store.simulated import Figures

DEMO_SEED = Path(__file__).parents[3] / "deploy" / "demo" / "seed.yaml"
Told = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Scene:
    """What is simulated: whose files, from when, how long, how many whistles a day, which chance.

    `register`: what comes in is taken from it; `per_day` then means nothing, the seed decides what people do.
    """

    district: Path
    start: date
    days: int
    per_day: float
    seed: int
    register: Register | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A simulated year under one policy. `digest` is the same for the same seed, files and policy."""

    lived: Lived
    figures: Figures
    digest: str
    left_out: int = 0
    """Rows of the register that cannot be whistles."""
    outside: int = 0
    """Rows of the register from other days."""
    names: Mapping[str, str] = field(default_factory=dict)
    """What the units of the figures are called, by code."""


def files_with(district: Path, policy: Path | None, folder: Path, start: date) -> Path:
    """The district's files in `folder`, with `policy` instead of its own policies. Raises `Trouble`.

    Whoever is in post since the day that the list of people names is so from `start` on, if that is earlier: a
    register's year is past, and is lived with the people of today.
    """
    if not district.is_dir():
        raise Trouble(f"There is no folder {district}.", "Name the folder with tree.yaml, units.yaml …")
    for file in district.glob("*.yaml"):
        shutil.copy(file, folder / file.name)
    if policy is not None:
        if not policy.is_file():
            raise Trouble(f"There is no file {policy}.", "Name a policies.yaml.")
        shutil.copy(policy, folder / "policies.yaml")
    people = folder / "people.yaml"
    listed = yaml.safe_load(people.read_text(encoding="utf-8")) if people.is_file() else None
    if isinstance(listed, dict) and isinstance(listed.get("since"), date) and listed["since"] > start:
        people.write_text(yaml.safe_dump(listed | {"since": start}, allow_unicode=True), encoding="utf-8")
    return folder


async def simulate(url: str, scene: Scene, policy: Path | None, told: Told = lambda _share: None) -> Outcome:
    """Live a year in the migrated, empty database `url`, under `policy` or the district's own.

    `told` hears which share of the time is over. Raises `Trouble`, `BrokenFilesError`, `Unavailable`.
    """
    start = datetime.combine(scene.start, time(), ZONE)
    until = start + timedelta(days=scene.days)
    clock = VirtualClock(start)
    database = await Database.connect(url, size=2, virtual=clock.now, application="dispatch-simulate")
    try:
        with tempfile.TemporaryDirectory(prefix="dispatch-simulate-") as name:
            folder = files_with(scene.district, policy, Path(name), scene.start)
            loaded = await load(database, folder, "simulate")
            _, reference = await asyncio.to_thread(read, folder)
        await ensure(database, start, until)
        coming, left_out, outside = await asyncio.to_thread(_coming, scene, reference)
        lived = await Year(database, clock, loaded.district, coming, scene.seed).run(
            until, lambda at: told((at - start) / (until - start))
        )
        async with database.acquire() as connection:
            figures, digest = await simulated.read(connection), await simulated.digest(connection)
        names = {code: unit.name for code in figures.units if (unit := reference.units.get(code))}
        return Outcome(lived, figures, digest, left_out, outside, names)
    finally:
        await database.close()


def _coming(scene: Scene, reference: Reference) -> tuple[list[Arrival], int, int]:
    """Everything that comes in; of a register, how many rows cannot and how many are of other days."""
    if scene.register is not None:
        return arrivals(scene.register, reference, scene.start, scene.days)
    return year(reference, _texts(scene.district), scene.start, scene.days, scene.per_day, scene.seed), 0, 0


def _texts(district: Path) -> Mapping[str, Any]:
    """The district's own seed texts, else the demo's."""
    own = district / "seed.yaml"
    found: Mapping[str, Any] = yaml.safe_load((own if own.exists() else DEMO_SEED).read_text(encoding="utf-8"))
    return found


def first_day(district: Path, register: Register | None = None) -> date:
    """The register's first, else the first of January of the latest year whose holidays are published.

    Raises `BrokenFilesError`, `Trouble`.
    """
    if not district.is_dir():
        raise Trouble(f"There is no folder {district}.", "Name the folder with tree.yaml, units.yaml …")
    _, reference = read(district)
    if register is not None:
        return first_row(register, reference)
    calendar = reference.calendars["district"]
    for number in range(2100, 2000, -1):
        noon = datetime(number, 6, 1, 12, tzinfo=ZONE)
        try:
            calendar.worked(noon, noon)  # within the calendar's years
            if not calendar.is_provisional(noon, noon + timedelta(days=1)):
                return date(number, 1, 1)
        except OutOfCalendarError:
            continue
    raise Trouble("No year of the calendar is published.", "Name a day with --start.")
