"""One of the rules' files as text: read with the loader's own readers, checked against what it refers to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dispatch.domain.reference import Reference
from dispatch.steps.reading.cursor import Cursor
from dispatch.steps.reading.marked import BrokenFilesError, FileError, read_marked
from dispatch.steps.reading.places import grow
from dispatch.steps.reading.rules import called_in, called_of, read_duties, read_policies, read_words

DUTIES, POLICIES, WORDS = "duties", "policies", "words"
KINDS = (DUTIES, POLICIES, WORDS)
#: characters of one text, and lines: two texts are compared line by line
LONGEST, MOST_LINES = 200_000, 10_000


@dataclass(frozen=True, slots=True)
class Known:
    """What a text may refer to: codes of units, places and policies.

    `named`: policy → the duties that name it; `called`: name of a unit, long or short → its code.
    """

    units: tuple[str, ...]
    nodes: tuple[str, ...]
    policies: tuple[str, ...]
    named: Mapping[str, tuple[str, ...]]
    called: Mapping[str, str]


def known_of(reference: Reference) -> Known:
    """By the rules in force."""
    return Known(
        tuple(unit.code for unit in reference.units.all),
        tuple(reference.tree.by_code),
        tuple(reference.policies.by_code),
        _named((duty.policy, duty.code) for duty in reference.duties.duties),
        called_of((unit.code, unit.name, unit.short) for unit in reference.units.all),
    )


def known_in(documents: Mapping[str, Any]) -> Known:
    """By documents as they are stored."""
    return Known(
        tuple(row["code"] for row in documents["units"]["units"]),
        tuple(node.code for node in grow(documents["tree"]["rows"], {})),
        tuple(row["code"] for row in documents[POLICIES]["policies"]),
        _named((row["policy"], row["code"]) for row in documents[DUTIES]["duties"]),
        called_in(documents["units"]["units"]),
    )


def _named(pairs: Any) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for policy, duty in pairs:
        found[policy] = (*found.get(policy, ()), duty)
    return found


def tidy(text: str) -> str:
    """As a browser's text area gives it back, with the line ends of a file."""
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n"


def read(kind: str, text: str, known: Known) -> dict[str, Any]:
    """The document that the text says. Raises `BrokenFilesError` with the line of every fault."""
    file = f"{kind}.yaml"
    if len(text) > LONGEST or text.count("\n") > MOST_LINES:
        fault = FileError(file, 1, "文件", str(len(text)), "文件太大，请拆分")
        raise BrokenFilesError([fault])
    errors: list[FileError] = []
    top = Cursor(read_marked(file, text), errors)
    document: dict[str, Any]
    if kind == DUTIES:
        document = read_duties(top, known.units, known.policies, known.called)
    elif kind == POLICIES:
        document = read_policies(top, known.nodes)
        _still_there(top, document, known)
    else:
        document = read_words(top, known.units)
    if errors:
        raise BrokenFilesError(sorted(errors, key=lambda error: error.line))
    return document


def _still_there(top: Cursor, document: Mapping[str, Any], known: Known) -> None:
    """A policy that duties name may not go."""
    left = {row["code"] for row in document["policies"]}
    for policy, duties in known.named.items():
        if policy not in left:
            some = "、".join(duties[:5])
            top.wrong("policies", policy, "清单里还有事项用它（{some}），请补上，或先改清单", some=some)
