"""The duty list (权责清单): what each category means, and the words that lead to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Literal

from dispatch.domain.deadlines import Limit
from dispatch.domain.scan import Words

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
class Scan:
    """Everything that is looked for in a text, compiled once for a version of the duty list."""

    words: Words
    scoring: Mapping[str, tuple[int, tuple[str, ...]]]  # word -> its length squared, duty codes it scores for
    needs: Mapping[str, frozenset[str]]  # duty code -> words of which it needs one
    barred: Mapping[str, tuple[str, ...]]  # word -> duty codes it rules out
    barred_words: frozenset[str]
    singles: Mapping[str, tuple[str, ...]]  # duty code -> its one-character words
    danger: frozenset[str]
    names: Mapping[str, str]  # alias -> unit code
    blame: frozenset[str]

    @classmethod
    def of(cls, duties: Iterable[Duty], danger: Iterable[str], accusation: Accusation) -> Scan:
        scoring: dict[str, list[str]] = {}
        barred: dict[str, list[str]] = {}
        singles: dict[str, tuple[str, ...]] = {}
        needs: dict[str, frozenset[str]] = {}
        for duty in duties:
            if single := tuple(word for word in duty.words if len(word) == 1):
                singles[duty.code] = single
            if duty.needs:
                needs[duty.code] = frozenset(duty.needs)
            for table, words in ((scoring, duty.words), (barred, duty.without)):
                for word in words:
                    table.setdefault(word, []).append(duty.code)
        names = {alias: unit for unit, aliases in accusation.aliases.items() for alias in aliases}
        blame = frozenset((*accusation.words, *accusation.misconduct, *accusation.before))
        dangers = frozenset(danger)
        return cls(
            Words.of((*scoring, *barred, *chain.from_iterable(needs.values()), *names, *blame, *dangers)),
            {word: (len(word) ** 2, tuple(codes)) for word, codes in scoring.items() if len(word) > 1},
            needs,
            {word: tuple(codes) for word, codes in barred.items()},
            frozenset(barred),
            singles,
            dangers,
            names,
            blame,
        )


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
