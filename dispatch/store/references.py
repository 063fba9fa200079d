"""Reference documents: stored whole and versioned; the same content again is no new version."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from dispatch.store.connection import Connection
from dispatch.store.unit_of_work import UnitOfWork

_LATEST = """
SELECT DISTINCT ON (district, kind) district, kind, version, content, sha256
FROM reference_document ORDER BY district, kind, version DESC"""

_VERSIONS = "SELECT district, kind, max(version) AS version FROM reference_document GROUP BY district, kind"

_EDITION = """
SELECT DISTINCT ON (kind) kind, version, content FROM (
    SELECT kind, version, content FROM reference_document
    WHERE district = $1 ORDER BY loaded_at, version, kind LIMIT $2
) until_then ORDER BY kind, version DESC"""

#: the newest version, and what the newest one from a file was like
_LAST = """
SELECT version, sha256, proposal, text, (
    SELECT sha256 FROM reference_document
    WHERE district = $1 AND kind = $2 AND proposal IS NULL ORDER BY version DESC LIMIT 1) AS filed
FROM reference_document WHERE district = $1 AND kind = $2 ORDER BY version DESC LIMIT 1"""

Documents = dict[str, dict[str, Any]]
Versions = dict[str, dict[str, int]]


async def versions(connection: Connection) -> Versions:
    """The newest version of each kind of document, by district."""
    found: Versions = {}
    for row in await connection.fetch(_VERSIONS):
        found.setdefault(row["district"], {})[row["kind"]] = row["version"]
    return found


async def latest(connection: Connection) -> tuple[Documents, Versions]:
    """The newest documents, by district and kind, and their versions."""
    documents: Documents = {}
    found: Versions = {}
    for row in await connection.fetch(_LATEST):
        documents.setdefault(row["district"], {})[row["kind"]] = orjson.loads(row["content"])
        found.setdefault(row["district"], {})[row["kind"]] = row["version"]
    return documents, found


async def of(connection: Connection, district: str) -> tuple[dict[str, Any], dict[str, int]]:
    """One district's newest documents by kind, and their versions."""
    return await at(connection, district, 1 << 30)


async def at(connection: Connection, district: str, edition: int) -> tuple[dict[str, Any], dict[str, int]]:
    """A district's documents as they stood when so many versions had been stored, and their versions."""
    rows = await connection.fetch(_EDITION, district, edition)
    return {row["kind"]: orjson.loads(row["content"]) for row in rows}, {row["kind"]: row["version"] for row in rows}


async def every(connection: Connection, district: str, kind: str) -> list[dict[str, Any]]:
    """Every version of one document of a district, the oldest first."""
    rows = await connection.fetch(
        "SELECT content FROM reference_document WHERE district = $1 AND kind = $2 ORDER BY version", district, kind
    )
    return [orjson.loads(row["content"]) for row in rows]


async def lock(uow: UnitOfWork) -> None:
    """Nobody else stores documents until this transaction ends."""
    await uow.connection.execute("SELECT pg_advisory_xact_lock(hashtext('reference_document'))")


@dataclass(frozen=True, slots=True)
class Current:
    """The newest version of one document; `text` is the text it was read from (None: not kept)."""

    version: int
    content: dict[str, Any]
    text: str | None


@dataclass(frozen=True, slots=True)
class Edition:
    """One version of a document: `loaded_by` says who put it in force, by which `proposal` (None: from files)."""

    version: int
    loaded_at: datetime
    loaded_by: str
    proposal: UUID | None


class Overlooked(Exception):
    """A file differs from what it was, and what is in force was approved at the desk since: `kinds` with versions."""

    def __init__(self, kinds: Mapping[str, int]) -> None:
        super().__init__(", ".join(f"{kind} {version}" for kind, version in kinds.items()))
        self.kinds = dict(kinds)


async def newest(connection: Connection, district: str, kinds: Collection[str]) -> dict[str, Current]:
    """The newest version of each of these documents of a district."""
    rows = await connection.fetch(
        """SELECT DISTINCT ON (kind) kind, version, content, text FROM reference_document
           WHERE district = $1 AND kind = ANY($2) ORDER BY kind, version DESC""",
        district,
        list(kinds),
    )
    return {row["kind"]: Current(row["version"], orjson.loads(row["content"]), row["text"]) for row in rows}


async def one(connection: Connection, district: str, kind: str, version: int) -> Current | None:
    """One version of a document."""
    row = await connection.fetchrow(
        "SELECT version, content, text FROM reference_document WHERE district = $1 AND kind = $2 AND version = $3",
        district,
        kind,
        version,
    )
    return Current(row["version"], orjson.loads(row["content"]), row["text"]) if row else None


async def editions(
    connection: Connection, district: str, kind: str, before: int | None = None, limit: int = 50
) -> list[Edition]:
    """The versions of a document, the newest first, those before one where it is given."""
    rows = await connection.fetch(
        """SELECT version, loaded_at, loaded_by, proposal FROM reference_document
           WHERE district = $1 AND kind = $2 AND ($3::integer IS NULL OR version < $3)
           ORDER BY version DESC LIMIT $4""",
        district,
        kind,
        before,
        limit,
    )
    return [Edition(row["version"], row["loaded_at"], row["loaded_by"], row["proposal"]) for row in rows]


async def load(
    uow: UnitOfWork,
    district: str,
    documents: Mapping[str, Any],
    by: str,
    now: datetime,
    *,
    texts: Mapping[str, str] | None = None,
    proposal: UUID | None = None,
    over: bool = False,
) -> dict[str, int]:
    """Store the documents that differ from what stands; returns the version of each that was added.

    `texts` are the texts they were read from. Of a file that is as it was when it was last loaded, a version that
    was approved at the desk since (`proposal`) stays in force; of one that is not, raises `Overlooked` unless `over`.
    """
    await lock(uow)
    last = await uow.connection.fetchval("SELECT max(loaded_at) FROM reference_document WHERE district = $1", district)
    if last is not None and now <= last:  # editions are told apart by this moment: a clock set back must not mix them
        now = last + timedelta(microseconds=1)
    made = _Load(uow, district, by, now, proposal)
    added = {
        kind: version
        for kind, content in documents.items()
        if (version := await made.store(kind, content, (texts or {}).get(kind))) is not None
    }
    if made.overlooked and not over:
        raise Overlooked(made.overlooked)
    return added


@dataclass(slots=True)
class _Load:
    """One load: where to, by whom, when; what of the desk's it would put out of force."""

    uow: UnitOfWork
    district: str
    by: str
    now: datetime
    proposal: UUID | None
    overlooked: dict[str, int] = field(default_factory=dict)

    async def store(self, kind: str, content: object, text: str | None) -> int | None:
        """Store one document as a new version; None: there is nothing new in it.

        What was approved at the desk is a new version where only the text differs too: its comments say why.
        """
        body = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
        digest = hashlib.sha256(body).hexdigest()
        row = await self.uow.connection.fetchrow(_LAST, self.district, kind)
        worded = self.proposal is not None and text is not None and row is not None and text != row["text"]
        if row is not None and row["sha256"] == digest and not worded:
            await self._keep(kind, row["version"], text)
            return None
        if row is not None and row["proposal"] is not None and self.proposal is None:
            if row["filed"] == digest:
                return None
            self.overlooked[kind] = row["version"]
        version = (row["version"] if row else 0) + 1
        await self.uow.connection.execute(
            """INSERT INTO reference_document
                   (district, kind, version, content, sha256, loaded_at, loaded_by, text, proposal)
               VALUES ($1, $2, $3, $4::jsonb, $5, $6, $7, $8, $9)""",
            self.district,
            kind,
            version,
            body.decode(),
            digest,
            self.now,
            self.by,
            text,
            self.proposal,
        )
        return version

    async def _keep(self, kind: str, version: int, text: str | None) -> None:
        """Keep the text of a version that was stored without one."""
        if text is not None:
            await self.uow.connection.execute(
                """UPDATE reference_document SET text = $4
                   WHERE district = $1 AND kind = $2 AND version = $3 AND text IS NULL""",
                self.district,
                kind,
                version,
                text,
            )
