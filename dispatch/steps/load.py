"""A district's files become the service's reference data: all of them checked first, then one transaction.

Documents are stored whole and versioned; persons, seats, tenures and accounts are brought to what the files say, with
what was changed on pages over it. What a file no longer has is ended, never deleted. The same files again change
nothing.
"""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dispatch.domain.reference import Reference
from dispatch.steps.amended import carried, count_of
from dispatch.steps.read_files import Documents, build_reference, read_district
from dispatch.steps.reading.cursor import Cursor
from dispatch.steps.reading.marked import BrokenFilesError, FileError, read_marked
from dispatch.steps.rule_changes.texts import KINDS, known_in
from dispatch.steps.rule_changes.texts import read as read_rules
from dispatch.steps.standing import standing, store
from dispatch.store import references
from dispatch.store.database import Database
from dispatch.store.people import Changes
from dispatch.store.unit_of_work import UnitOfWork

SOURCES = "sources.yaml"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did: the new version of each document that changed, and how many rows of people.

    `laid` has how much of each document is as pages changed it, whatever the files say.
    """

    district: str
    name: str
    versions: Mapping[str, int]
    people: Changes
    laid: Mapping[str, int] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        """Whether anything is different from before."""
        return bool(self.versions) or self.people != Changes()


async def load(database: Database, directory: Path, by: str, *, over: bool = False) -> Loaded:
    """Load a district's directory. `by` says who did it (kept with the versions).

    A version that was approved at the desk stays in force while its file is as it was; where it is not, `over` puts
    the file in force. Raises `BrokenFilesError` with file and line of every fault, `Overlooked` where the desk's
    version stands in the way: then nothing has changed. Raises `Unavailable`.
    """
    documents, reference = await asyncio.to_thread(read, directory)
    texts = await asyncio.to_thread(_texts, directory)
    root = reference.tree.roots()[0]
    async with database.transaction() as uow:
        stood, _versions = await standing(uow, root.code)
        laid = carried(documents, stood)
        done = await store(uow, root.code, laid, by, reference if laid == documents else None, texts=texts, over=over)
        await _fits(uow, root.code, laid)
    return Loaded(root.code, root.name, done.versions, done.people, count_of(laid))


def _texts(directory: Path) -> dict[str, str]:
    return {kind: (directory / f"{kind}.yaml").read_text(encoding="utf-8-sig") for kind in KINDS}


async def _fits(uow: UnitOfWork, district: str, documents: Documents) -> None:
    """What the desk approved and the files leave in force goes with the rest of them. Raises `BrokenFilesError`."""
    current = await references.newest(uow.connection, district, KINDS)
    own = {kind: one for kind, one in current.items() if one.text and one.content != documents[kind]}
    known = known_in(documents | {kind: one.content for kind, one in current.items()})
    errors: list[FileError] = []
    for kind, one in own.items():
        try:
            read_rules(kind, one.text or "", known)
        except BrokenFilesError as broken:
            note = f"{kind}.yaml（调度台第 {one.version} 版）"
            errors += [replace(error, file=note) for error in broken.errors]
    if errors:
        raise BrokenFilesError(errors)


def read(directory: Path) -> tuple[Documents, Reference]:
    """Every file of the directory, checked, and what they mean together. Raises `BrokenFilesError`."""
    errors: list[FileError] = []
    documents: Documents = {}
    try:
        documents = read_district(directory)
    except BrokenFilesError as broken:
        errors.extend(broken.errors)
    codes = {row[0]: row[1] for row in documents["tree"]["rows"]} if documents else {}
    documents["sources"] = _read_sources(directory, codes, errors)
    if not errors:
        roots = [code for code, parent in codes.items() if parent is None]
        if len(roots) != 1:
            errors.append(
                FileError("tree.yaml", 1, "districts", "、".join(roots), "一个目录放一个区；别的区请另建目录再装载")
            )
    if errors:
        raise BrokenFilesError(errors)
    return documents, build_reference(documents, {})


def _read_sources(directory: Path, nodes: Collection[str], errors: list[FileError]) -> dict[str, Any]:
    """sources.yaml: other systems that may whistle, and where; without the file, none may."""
    path = directory / SOURCES
    if not path.exists():
        return {"sources": []}
    try:
        marked = read_marked(SOURCES, path.read_text(encoding="utf-8-sig"))
    except BrokenFilesError as broken:
        errors.extend(broken.errors)
        return {"sources": []}
    except (OSError, UnicodeDecodeError) as error:
        errors.append(FileError(SOURCES, 1, "文件", str(error)[:60], "读不了；请存为 UTF-8 并检查权限"))
        return {"sources": []}
    top = Cursor(marked, errors)
    known = nodes or None  # a broken tree is reported by itself
    title, rows, seen = top.text("title", ""), [], set()
    for one in top.each("sources"):
        row = {
            "source": one.text("source", shape=r"\S{1,200}"),
            "street": one.text("street", among=known),
            "channel": one.text("channel"),
            "places": one.texts("places", among=known),
        }
        if row["source"] in seen:
            one.wrong("source", row["source"], "这个来源写了两次，请删去一个")
        seen.add(row["source"])
        rows.append(row)
    top.close()
    return {"title": title, "sources": rows}
