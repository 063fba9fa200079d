"""The duty list (权责清单): what each category means, and the words that lead to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from dispatch.domain.scan import Scan

if TYPE_CHECKING:
    from dispatch.domain.deadlines import Limit

Outcome = Literal["dispatch", "self", "answer", "relay", "statutory", "unmatched"]
Kind = Literal["appeal", "enforcement", "emergency"]
ReportIn = Literal["sign", "on-site"]
OUTCOMES: tuple[Outcome, ...] = ("dispatch", "self", "answer", "relay", "statutory", "unmatched")
KINDS: tuple[Kind, ...] = ("appeal", "enforcement", "emergency")


@dataclass(frozen=True, slots=True)
class Mark:
    """A step on the way that has its own time, e.g. 停工 within 4 working hours."""

    name: str
    limit: Limit


@dataclass(frozen=True, slots=True)
class Duty:
    """One category. `lead` and `assist` are unit codes, or JD / SQ for the unit of the place.

    `words` score; a text with any of `without` is never this duty; where `needs` is given, one
    of them must stand in the text too. `report_limit` None = the policy's. `source` is the public
    rule behind the limit, else 示例.
    """

    code: str
    name: str
    group: str
    lead: str
    assist: tuple[str, ...]
    outcome: Outcome
    kind: Kind
    words: tuple[str, ...]
    limit: Limit
    marks: tuple[Mark, ...] = ()
    report_in: ReportIn = "sign"
    report_limit: Limit | None = None
    sealed: bool = False
    say: str = ""
    basis: str = ""
    source: str = "示例"
    needs: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    policy: str = "standard"
    consultation: bool = False
    demo: bool = False


@dataclass(frozen=True, slots=True)
class MatchRule:
    """How a text is matched, and when the first category found is sure enough to be automatic.

    It needs `ratio` times the score of the next one. Where none of its words stands
    in the title (without one: in the first `short` characters) of a text longer than `short`, it is buried,
    and needs a score of `buried` too. A title (or such a beginning) with a word of `asking` is a question.
    """

    ratio: float = 1.5
    title_weight: int = 2
    short: int = 60
    buried: int = 0
    asking: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Accusation:
    """Words by which a text complains about a unit; `aliases` maps unit code -> its names in texts."""

    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    misconduct: tuple[str, ...] = ()
    before: tuple[str, ...] = ()  # in the title, before a name
    between: tuple[str, ...] = ()  # standing between, they take the blame
    within: int = 8  # characters between the name and the word


@dataclass(frozen=True, slots=True)
class DutyList:
    """A version of the duty list, ready to be matched (see `matching.match`)."""

    version: int
    duties: tuple[Duty, ...]
    by_code: Mapping[str, Duty]
    rule: MatchRule
    danger: tuple[str, ...]
    accusation: Accusation
    scan: Scan

    @classmethod
    def of(
        cls,
        duties: Iterable[Duty],
        *,
        version: int = 0,
        rule: MatchRule | None = None,
        danger: Iterable[str] = (),
        accusation: Accusation | None = None,
    ) -> DutyList:
        kept, dangers = tuple(duties), tuple(danger)
        accused = accusation or Accusation()
        scan = Scan.of(kept, dangers, accused)
        return cls(version, kept, {d.code: d for d in kept}, rule or MatchRule(), dangers, accused, scan)

    def get(self, code: str) -> Duty | None:
        return self.by_code.get(code)
