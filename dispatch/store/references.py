"""Reference documents: stored whole and versioned; the same content again is no new version."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

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


async def load(uow: UnitOfWork, district: str, documents: Mapping[str, Any], by: str, now: datetime) -> dict[str, int]:
    """Store the documents that differ from what stands; returns the version of each that was added."""
    added: dict[str, int] = {}
    await lock(uow)
    last = await uow.connection.fetchval("SELECT max(loaded_at) FROM reference_document WHERE district = $1", district)
    if last is not None and now <= last:  # editions are told apart by this moment: a clock set back must not mix them
        now = last + timedelta(microseconds=1)
    for kind, content in documents.items():
        body = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
        digest = hashlib.sha256(body).hexdigest()
        row = await uow.connection.fetchrow(
            """SELECT version, sha256 FROM reference_document WHERE district = $1 AND kind = $2
               ORDER BY version DESC LIMIT 1""",
            district,
            kind,
        )
        if row is not None and row["sha256"] == digest:
            continue
        version = (row["version"] if row else 0) + 1
        await uow.connection.execute(
            """INSERT INTO reference_document (district, kind, version, content, sha256, loaded_at, loaded_by)
               VALUES ($1, $2, $3, $4::jsonb, $5, $6, $7)""",
            district,
            kind,
            version,
            body.decode(),
            digest,
            now,
            by,
        )
        added[kind] = version
    return added
