"""The duty list and what is done with it: match a text, decide who gets it, mask what is personal."""

from dispatch.domain.avoidance import STREET, Accused
from dispatch.domain.duty import (
    KINDS,
    OUTCOMES,
    Accusation,
    Duty,
    DutyList,
    Kind,
    Mark,
    MatchRule,
    Outcome,
    ReportIn,
)
from dispatch.domain.masking import mask
from dispatch.domain.matching import Hit, Match, Word, danger_words, match
from dispatch.domain.routing import (
    DESK,
    EMERGENCY_OFFICE,
    STREET_DUTY,
    LeftOut,
    Reason,
    Routing,
    UnknownUnitError,
    decide,
    named,
)

__all__ = [
    "DESK",
    "EMERGENCY_OFFICE",
    "KINDS",
    "OUTCOMES",
    "STREET",
    "STREET_DUTY",
    "Accusation",
    "Accused",
    "Duty",
    "DutyList",
    "Hit",
    "Kind",
    "LeftOut",
    "Mark",
    "Match",
    "MatchRule",
    "Outcome",
    "Reason",
    "ReportIn",
    "Routing",
    "UnknownUnitError",
    "Word",
    "danger_words",
    "decide",
    "mask",
    "match",
    "named",
]
