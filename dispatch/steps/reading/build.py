"""From stored documents to the domain's rules: what every process does when it starts or a version changes."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from dispatch.domain.deadlines import Limit
from dispatch.domain.duty import Accusation, Duty, DutyList, Mark, MatchRule
from dispatch.domain.policy import Policies, Policy, Rung, StageRule


def make_duties(document: dict[str, Any], words: dict[str, Any], version: int) -> DutyList:
    avoid = words["avoidance"]
    accusation = Accusation(
        {unit: tuple(names) for unit, names in avoid["aliases"].items()},
        tuple(avoid["words"]),
        tuple(avoid["misconduct"]),
        tuple(avoid["before"]),
        tuple(avoid["between"]),
        avoid["within"],
    )
    rule = MatchRule(**(document["match"] | {"asking": tuple(document["match"]["asking"])}))
    return DutyList.of(
        (_duty(row) for row in document["duties"]),
        version=version,
        rule=rule,
        danger=words["danger"],
        accusation=accusation,
    )


def _duty(row: dict[str, Any]) -> Duty:
    texts = {key: tuple(row[key]) for key in ("assist", "words", "needs", "without")}
    return Duty(
        **(
            row
            | texts
            | {
                "limit": Limit.parse(row["limit"]),
                "marks": tuple(Mark(mark["name"], Limit.parse(mark["limit"])) for mark in row["marks"]),
                "report_limit": _limit(row["report_limit"]),
            }
        )
    )


def make_policies(document: dict[str, Any], version: int) -> Policies:
    return Policies(version, {row["code"]: _policy(row) for row in document["policies"]})


def _policy(row: dict[str, Any]) -> Policy:
    stages = {
        one["stage"]: StageRule(**(one | {"limit": _limit(one["limit"]), "emergency": _limit(one["emergency"])}))
        for one in row["stages"]
    }
    rungs = tuple(
        Rung(
            **(
                one
                | {
                    "counterpart": tuple(one["counterpart"]),
                    "wait": _limit(one["wait"]),
                    "emergency_wait": _limit(one["emergency_wait"]),
                }
            )
        )
        for one in row["rungs"]
    )
    limits = {
        key: Limit.parse(row[key])
        for key in ("reminder", "notice", "source_margin", "extension_by_street", "handback_within")
    }
    known = {field.name for field in fields(Policy)}  # a document of long ago may say more
    return Policy(
        **(
            {key: value for key, value in row.items() if key in known}
            | limits
            | {
                "stages": stages,
                "rungs": rungs,
                "quiet_rungs": frozenset(row["quiet_rungs"]),
                "areas": frozenset(row.get("areas", ())),
                "kinds": frozenset(row.get("kinds", ())),
                "rejections": tuple((code, name) for code, name in row["rejections"]),
            }
        )
    )


def _limit(text: str | None) -> Limit | None:
    return Limit.parse(text) if text else None
