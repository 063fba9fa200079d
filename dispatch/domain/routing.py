"""From what was found in a text, or the category chosen, to who gets the whistle, by the duty list."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dispatch.domain.avoidance import STREET, Accused
from dispatch.domain.duty import Duty, DutyList, Kind, Outcome, ReportIn
from dispatch.domain.matching import Hit, Match, Word
from dispatch.domain.tree import Chain
from dispatch.domain.units import BY_PLACE, Units, node_seat

EMERGENCY_OFFICE = "YJ"
DESK = "DD"
STREET_DUTY = "duty"
"""Post of the street's duty officer (seat `node:<street>:duty`)."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A unit of the duty that is not called, and why: `place-unknown`, `self`, `reply-only`, `twice`."""

    unit: str
    why: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why it was routed so, as data; the web turns it into a sentence.

    `code`: rule (one category clearly first) · chosen (category given) · named (the street named units) ·
    ambiguous (two categories too close) · weak (buried in a long text) · none (nothing found) ·
    avoidance (`accused`) · misconduct · place-unknown.
    """

    code: str
    version: int
    rule: str | None = None
    score: int = 0
    words: tuple[Word, ...] = ()
    runners_up: tuple[Hit, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    accused: tuple[Accused, ...] = ()
    danger: tuple[str, ...] = ()
    asks: str = ""  # it is a question: answered by the unit that would lead
    note: str = ""  # what a person wrote (named); free text, never on a topic

    def as_json(self) -> dict[str, Any]:
        """Codes, words of the duty list and positions; `note` is left out (free text is stored by itself)."""
        return {
            "code": self.code,
            "version": self.version,
            "rule": self.rule,
            "score": self.score,
            "words": [[w.text, w.where, w.at] for w in self.words],
            "runners_up": [[h.duty, h.score, [w.text for w in h.words]] for h in self.runners_up],
            "left_out": [[row.unit, row.why] for row in self.left_out],
            "accused": [[a.unit, a.name, a.word] for a in self.accused],
            "danger": list(self.danger),
            "asks": self.asks,
        }


@dataclass(frozen=True, slots=True)
class Routing:
    """What happens with a whistle. Unit codes are resolved (JD-…, SQ-…); `outcome` unmatched = at the desk.

    `inform` are units told without a task, `notify` seats told (an unmatched emergency: the street's duty
    officer). `on_call` are units of the duty that the street may still call. `hidden_from` are the street
    that must not see it, and its squad.
    """

    outcome: Outcome
    kind: Kind
    reason: Reason
    duty: str | None = None
    lead: str | None = None
    assist: tuple[str, ...] = ()
    inform: tuple[str, ...] = ()
    notify: tuple[str, ...] = ()
    on_call: tuple[str, ...] = ()
    report_in: ReportIn = "sign"
    sealed: bool = False
    hidden_from: tuple[str, ...] = ()
    policy: str = "standard"

    @property
    def rule(self) -> str | None:
        return self.reason.rule

    @property
    def runners_up(self) -> tuple[Hit, ...]:
        return self.reason.runners_up


class UnknownUnitError(ValueError):
    """A unit was named that is not in the list. `field` and `value` say which."""

    def __init__(self, field: str, value: str) -> None:
        super().__init__(f"{field}: {value}")
        self.field, self.value = field, value


def decide(
    duties: DutyList,
    found: Match,
    *,
    chain: Chain,
    units: Units,
    category: str | None = None,
    kind: Kind | None = None,
    danger: bool = False,
) -> Routing:
    """Outcome and units of a whistle by rule.

    `category` is the one a person chose (None: by the words found); `danger` the answer to 现在有危险吗, or
    danger words on an import; `kind` one asked for through the API, else the category's.
    """
    if (found.accused and category is None) or any(a.misconduct for a in found.accused):
        return _avoid(duties, found, chain, units, kind, danger)
    duty, reason = _category(duties, found, category)
    if not any(chain):  # nobody can be sent, and no street answers: the desk finds out where, whatever the duty
        lost = replace(reason, code="place-unknown", runners_up=found.hits[:4])
        return _at_desk(lost, chain, units, _kind(duty, kind, danger), duty.code if duty else None)
    if duty is None:
        return _at_desk(reason, chain, units, _kind(None, kind, danger))
    if _blamed(duty, found):
        return _avoid(duties, found, chain, units, kind, danger)
    return _by_duty(duty, reason, chain, units, _kind(duty, kind, danger))


def named(routing: Routing, lead: str, assist: Sequence[str], note: str, *, chain: Chain, units: Units) -> Routing:
    """The street names the units itself; the rule's category and kind stay, and what the rule found.

    Not where it is the one complained about: then nothing changes.
    """
    if routing.hidden_from:
        return routing
    first = units.resolve(lead, chain)
    if first is None:
        raise UnknownUnitError("lead", lead)
    others: list[str] = []
    for code in assist:
        other = units.resolve(code, chain)
        if other is None:
            raise UnknownUnitError("assist", code)
        if other.code != first.code and other.code not in others:
            others.append(other.code)
    return replace(
        routing,
        outcome="dispatch",
        lead=first.code,
        assist=tuple(others),
        notify=(),
        inform=(),
        on_call=(),
        reason=replace(routing.reason, code="named", note=note),
    )


def _category(duties: DutyList, found: Match, category: str | None) -> tuple[Duty | None, Reason]:
    if category is not None and (chosen := duties.get(category)) is not None:
        others = tuple(hit for hit in found.hits if hit.duty != category)[:3]
        own = next((hit for hit in found.hits if hit.duty == category), None)
        return chosen, Reason(
            "chosen",
            duties.version,
            category,
            own.score if own else 0,
            own.words if own else (),
            others,
            danger=found.danger,
        )
    if not found.hits:
        return None, Reason("none", duties.version, danger=found.danger)
    first, others = found.hits[0], found.hits[1:4]
    if others and first.score < duties.rule.ratio * others[0].score:
        return None, Reason("ambiguous", duties.version, runners_up=found.hits[:4], danger=found.danger)
    if (first.buried and first.score < duties.rule.buried) or first.duty not in duties.by_code:
        return None, Reason("weak", duties.version, runners_up=found.hits[:4], danger=found.danger)
    reason = Reason(
        "rule", duties.version, first.duty, first.score, first.words, others, danger=found.danger, asks=found.asks
    )
    return duties.by_code[first.duty], reason


def _kind(duty: Duty | None, asked: Kind | None, danger: bool) -> Kind:
    """Danger and an emergency category make an emergency, whatever was asked for."""
    if danger or asked == "emergency" or (duty is not None and duty.kind == "emergency"):
        return "emergency"
    return asked or (duty.kind if duty else "appeal")


def _blamed(duty: Duty, found: Match) -> bool:
    return any(a.unit in (duty.lead, STREET, *duty.assist) for a in found.accused)


def _avoid(duties: DutyList, found: Match, chain: Chain, units: Units, kind: Kind | None, danger: bool) -> Routing:
    """Misconduct: the statutory way, sealed. Any other complaint about a unit: the desk, sealed."""
    misconduct = any(a.misconduct for a in found.accused)
    hidden = _of_street(chain, units) if any(a.unit in (STREET, "JD") for a in found.accused) else ()
    reason = Reason(
        "misconduct" if misconduct else "avoidance",
        duties.version,
        runners_up=found.hits[:4],
        accused=found.accused,
        danger=found.danger,
    )
    emergency = _kind(None, kind, danger)
    if misconduct and emergency != "emergency":
        return Routing("statutory", emergency, reason, sealed=True, hidden_from=hidden)
    at_desk = _at_desk(reason, chain, units, emergency)
    return replace(at_desk, sealed=True, hidden_from=hidden, notify=() if hidden else at_desk.notify)


def _of_street(chain: Chain, units: Units) -> tuple[str, ...]:
    """The place's street and its squad."""
    street, squad = chain[3] if len(chain) > 3 else None, units.resolve("JD", chain)
    return tuple(one.code for one in (street, squad) if one)


def away_from(routing: Routing, hidden: Collection[str], chain: Chain, units: Units) -> Routing:
    """The same without the units that may not know of the case: what was split off one that is hidden from them may
    speak of their work and of nobody. Whose it would be as the lead, the desk gives to another."""
    if routing.lead in hidden:
        reason = replace(routing.reason, code="avoidance")
        return replace(_at_desk(reason, chain, units, routing.kind, routing.duty), policy=routing.policy)
    assist, inform, on_call = (
        tuple(unit for unit in some if unit not in hidden) for some in (routing.assist, routing.inform, routing.on_call)
    )
    return replace(routing, assist=assist, inform=inform, on_call=on_call)


def _at_desk(reason: Reason, chain: Chain, units: Units, kind: Kind, duty: str | None = None) -> Routing:
    """The desk decides; an emergency goes at once to the duty office and the street's duty officer too."""
    if kind != "emergency":
        return Routing("unmatched", kind, reason, duty)
    street = chain[3] if len(chain) > 3 else None
    return Routing(
        "unmatched",
        kind,
        reason,
        duty,
        inform=(EMERGENCY_OFFICE,) if EMERGENCY_OFFICE in units else (),
        notify=(node_seat(street.code, STREET_DUTY),) if street else (),
    )


def _by_duty(duty: Duty, reason: Reason, chain: Chain, units: Units, kind: Kind) -> Routing:
    asked = bool(reason.asks) and kind != "emergency" and duty.outcome != "relay" and not duty.sealed
    outcome: Outcome = "answer" if asked else duty.outcome
    if outcome == "statutory":
        return Routing("statutory", kind, reason, duty.code, sealed=duty.sealed, policy=duty.policy)
    lead = units.resolve(duty.lead, chain)
    if lead is None:
        why = "place-unknown" if duty.lead in BY_PLACE else "no-such-unit"
        lost = replace(reason, code="place-unknown", left_out=(LeftOut(duty.lead, why),))
        return replace(_at_desk(lost, chain, units, kind, duty.code), policy=duty.policy)
    assist, left_out = _assisting(duty, lead.code, chain, units)
    on_call: tuple[str, ...] = ()
    if outcome != "dispatch":
        why = "self" if outcome == "self" else "reply-only"
        left_out = (*left_out, *(LeftOut(code, why) for code in assist))
        on_call, assist = assist, ()
    return Routing(
        outcome,
        kind,
        replace(reason, left_out=left_out) if left_out else reason,
        duty.code,
        lead.code,
        assist,
        on_call=on_call,
        report_in=duty.report_in,
        sealed=duty.sealed,
        policy=duty.policy,
    )


def _assisting(duty: Duty, lead: str, chain: Chain, units: Units) -> tuple[tuple[str, ...], tuple[LeftOut, ...]]:
    kept: list[str] = []
    left_out: list[LeftOut] = []
    for code in duty.assist:
        unit = units.resolve(code, chain)
        if unit is None:
            left_out.append(LeftOut(code, "place-unknown" if code in BY_PLACE else "no-such-unit"))
        elif unit.code == lead or unit.code in kept:
            left_out.append(LeftOut(code, "twice"))
        else:
            kept.append(unit.code)
    return tuple(kept), tuple(left_out)
