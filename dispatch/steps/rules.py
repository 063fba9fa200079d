"""The rules as loaded: reference data of each district in memory, renewed when a new version is stored."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any

from dispatch.domain.reference import Reference
from dispatch.domain.refusals import NotFound
from dispatch.steps import earlier
from dispatch.steps.read_files import build_reference
from dispatch.store import recomputing, references
from dispatch.store.database import Database


@dataclass(frozen=True, slots=True)
class Source:
    """Another system that may whistle on `whistles.inbound`, and where: under any of `places`."""

    name: str
    district: str
    street: str
    channel: str
    places: frozenset[str]


class Rules:
    """Reference data by district. `refresh` costs one small query while nothing has changed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._districts: dict[str, Reference] = {}
        self._sources: dict[str, Source] = {}
        self._versions: references.Versions = {}
        self._refreshing = asyncio.Lock()

    async def refresh(self) -> bool:
        """Take up new versions. Returns whether anything changed. Raises `Unavailable`."""
        async with self._refreshing:
            async with self._database.acquire() as connection:
                if await references.versions(connection) == self._versions:
                    return False
                documents, versions = await references.latest(connection)
            self._districts = {
                district: await self._built(district, kinds, versions[district])
                for district, kinds in documents.items()
            }
            self._sources = _sources(documents)
            self._versions = versions
            return True

    async def _built(self, district: str, kinds: dict[str, Any], versions: dict[str, int]) -> Reference:
        """The rules of a district, with the calendars that clocks may count on until they are computed anew."""
        built = await asyncio.to_thread(build_reference, kinds, versions)
        before = self._districts.get(district)
        known = {} if before is None else {**before.earlier, **{one.name: one for one in before.calendars.values()}}
        if versions.get("calendars", 1) > 1:
            async with self._database.acquire() as connection:
                names = set(await recomputing.names_in_use(connection, district))
                names -= known.keys() | {one.name for one in built.calendars.values()}
                known |= await earlier.named(connection, district, names)
        return replace(built, earlier=known)

    def of(self, district: str) -> Reference:
        """The reference data of a district. Raises `NotFound` for one that was never loaded."""
        found = self._districts.get(district)
        if found is None:
            raise NotFound("没有「{district}」这个区的资料", field="district", value=district, district=district)
        return found

    def district_of(self, node: str) -> str | None:
        """The district a node belongs to."""
        for code, reference in self._districts.items():
            if node in reference.tree:
                return code
        return None

    def source(self, name: str) -> Source | None:
        """Another system by its CloudEvents source; None: it may not whistle."""
        return self._sources.get(name)

    @property
    def districts(self) -> list[str]:
        return list(self._districts)


def _sources(documents: references.Documents) -> dict[str, Source]:
    found: dict[str, Source] = {}
    for district, kinds in documents.items():
        for row in kinds.get("sources", {}).get("sources", []):
            found[row["source"]] = Source(
                row["source"], district, row["street"], row["channel"], frozenset(row.get("places") or [row["street"]])
            )
    return found
