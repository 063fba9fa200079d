"""Read a district's files: YAML -> validated documents (to be stored, versioned) -> `Reference`.

Nothing is stored here and nothing is read but the files: a directory with one broken file raises
`BrokenFilesError`, which names every fault found with file and line, and nothing has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dispatch.domain.calendar import WorkCalendar
from dispatch.domain.reference import Reference
from dispatch.domain.tree import Tree
from dispatch.domain.units import People, Units
from dispatch.steps.reading.build import make_duties, make_policies
from dispatch.steps.reading.cursor import Cursor
from dispatch.steps.reading.marked import BrokenFilesError, FileError, Marked, read_marked
from dispatch.steps.reading.places import grow, initials_of, read_places
from dispatch.steps.reading.rules import called_in, read_duties, read_policies, read_weights, read_words
from dispatch.steps.reading.times import make_calendars, read_calendars
from dispatch.steps.reading.who import make_people, make_rota, make_units, read_people, read_units

__all__ = ["NAMES", "BrokenFilesError", "Documents", "FileError", "build_calendars", "build_reference", "read_district"]

Documents = dict[str, Any]
"""Document by name (`NAMES`), each of plain JSON: mappings, lists, strings, numbers, true, false, null."""

NAMES = ("calendars", "tree", "units", "people", "policies", "duties", "words", "weights")
LARGEST = 20_000_000  # bytes of one file


def read_district(directory: Path) -> Documents:
    """The documents of the district described in a directory, `<name>.yaml` for every name.

    Raises `BrokenFilesError` with all faults of the files; faults that follow from others (a unit of a
    units.yaml that could not be read) are left out.
    """
    errors: list[FileError] = []
    files = {name: _open(directory / f"{name}.yaml", errors) for name in NAMES}
    documents: Documents = {}

    def read(name: str, needs: tuple[str, ...], reader: Callable[..., Any], *given: Callable[[], Any]) -> None:
        file = files[name]  # a document with faults still tells the next file what codes there are
        if file is not None and all(need in documents for need in needs):
            documents[name] = reader(Cursor(file, errors), *(one() for one in given))

    def calendars() -> list[str]:
        return [row["code"] for row in documents["calendars"]["calendars"]]

    def nodes() -> list[Any]:
        return list(grow(documents["tree"]["rows"], {}))

    def units() -> list[str]:
        return [row["code"] for row in documents["units"]["units"]]

    read("calendars", (), read_calendars)
    read("tree", (), read_places)
    read("units", ("calendars", "tree"), read_units, nodes, calendars)
    read("people", ("tree", "units"), read_people, nodes, lambda: documents["units"])
    read("policies", ("tree",), read_policies, lambda: [node.code for node in nodes()])
    policies = ("units", "policies")
    codes = [units, lambda: [p["code"] for p in documents["policies"]["policies"]]]
    read("duties", policies, read_duties, *codes, lambda: called_in(documents["units"]["units"]))
    read("words", ("units",), read_words, units)
    read("weights", (), read_weights)
    if errors:
        raise BrokenFilesError(sorted(errors, key=lambda error: (error.file, error.line)))
    documents["tree"]["initials"] = initials_of(documents["tree"]["rows"])
    return documents


def build_reference(documents: Mapping[str, Any], versions: Mapping[str, int]) -> Reference:
    """The rules from stored documents (as `read_district` gave them, or as they come back from JSON)."""
    tree = Tree.of(grow(documents["tree"]["rows"], documents["tree"]["initials"]))
    units = Units.of(make_units(documents["units"]))
    seated = make_people(documents["people"], documents["units"], tuple(tree.by_code.values()))
    return Reference(
        tree=tree,
        units=units,
        people=People.of(seated[1], seated[0], seated[2]),
        duties=make_duties(documents["duties"], documents["words"], versions.get("duties", 0)),
        policies=make_policies(documents["policies"], versions.get("policies", 0)),
        calendars=make_calendars(documents["calendars"]),
        weights=documents["weights"],
        versions=dict(versions),
        rota=tuple(make_rota(documents["people"])),
    )


def build_calendars(document: Mapping[str, Any]) -> Mapping[str, WorkCalendar]:
    """The calendars of one stored document, by code."""
    return make_calendars(dict(document))


def _open(path: Path, errors: list[FileError]) -> Marked | None:
    name = path.name
    try:
        if path.stat().st_size > LARGEST:
            errors.append(FileError(name, 1, "文件", str(path.stat().st_size), "文件太大，请拆分"))
            return None
        return read_marked(name, path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        errors.append(FileError(name, 1, "文件", str(path), "没有这个文件，请补上"))
    except OSError as error:
        errors.append(FileError(name, 1, "文件", str(path), f"读不了（{error.strerror}），请检查权限"))
    except UnicodeDecodeError as error:
        errors.append(FileError(name, 1, "编码", f"第 {error.start} 字节", "请存为 UTF-8"))
    except BrokenFilesError as broken:
        errors.extend(broken.errors)
    return None
