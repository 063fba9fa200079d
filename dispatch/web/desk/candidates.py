"""Who might take a whistle that no rule sent anywhere, why, and how much each has in hand."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from dispatch.domain import whistle
from dispatch.domain.avoidance import STREET
from dispatch.domain.case import Actor, Case
from dispatch.domain.matching import Hit, Match
from dispatch.domain.turn import Turn
from dispatch.domain.units import Unit
from dispatch.steps.desk_board import DeskView
from dispatch.store.desk import Ruling
from dispatch.web import words
from dispatch.web.common.units import full_name
from dispatch.web.i18n import N_, _
from dispatch.web.lists.rows import sealed_title
from dispatch.web.models.desk import Candidates
from dispatch.web.models.parts import Hidden, Option, Text, link, mark, spans

#: the value that stands for the street's own squad
KEEP = "keep"
#: the unit of last resort for matters of order in the streets, offered where nothing else was found
FALLBACK = ("CG", "ZJ")
MOST = 4
#: why a whistle stands at the desk; `reason.code` of its routing
WHY: Mapping[str, str] = {
    "none": N_("没有规则"),
    "ambiguous": N_("几条规则分不出先后"),
    "weak": N_("规则命中不够肯定"),
    "avoidance": N_("回避件，只有经手人能看"),
    "misconduct": N_("反映作风，只有经手人能看"),
    "place-unknown": N_("地点不明"),
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was chosen for a whistle and could not be done: it comes back with the page."""

    number: str
    lead: str = ""
    remember: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit that might take it; `words` are those of the duty list that speak for it."""

    unit: str
    why: str
    words: tuple[str, ...] = ()
    last_resort: bool = False


def candidates(
    case: Case,
    actor: Actor,
    turn: Turn,
    text: tuple[str, str],
    rulings: Sequence[Ruling],
    view: DeskView,
    version: int,
    before: Chosen | None = None,
) -> Candidates:
    """The opened item: what it says, and the choice; `before` is what was chosen already."""
    found = list(offered(case, turn, text, rulings))
    options = [_option(one, turn, view, chosen=place == 0) for place, one in enumerate(found)]
    if whistle.possible(case, actor, "keep", turn) and not _accuses_street(case):
        options = [_own(option, case, turn) for option in options]
        if not any(option.value == KEEP for option in options):
            options += _squad(case, turn, view)
    if before is not None and before.lead:
        options = [replace(option, selected=option.value == before.lead) for option in options]
    return Candidates(
        text=_said(case, turn, text, found),
        options=tuple(options),
        url=f"/desk/{case.facts.number}/assign",
        submit=words.button("assign"),
        remember_note=_note(found),
        hidden=(Hidden("version", str(version)),),
        other_url=f"/w/{case.facts.number}/do/assign?next=/desk",
        remember=before is not None and before.remember,
    )


def _option(one: Candidate, turn: Turn, view: DeskView, *, chosen: bool) -> Option:
    """A choice; what nothing speaks for is never chosen beforehand."""
    side = _load(one.unit, view)
    return Option(one.unit, full_name(one.unit, turn), one.why, chosen and not one.last_resort, side)


def _load(unit: str, view: DeskView) -> str:
    """What it has in hand, and how often this year it asked for more time only at the last moment."""
    side = _("在办 %(n)s", n=view.load.get(unit, 0))
    late = view.late_extensions.get(unit, 0)
    return side + (_("・临期延期 %(n)s", n=late) if late else "")


def offered(case: Case, turn: Turn, text: tuple[str, str], rulings: Sequence[Ruling]) -> Iterator[Candidate]:
    """Units by what was ruled before, then by the duties whose words were found, then those of last resort."""
    seen: set[str] = set()
    blamed = {one.unit for one in _match(case).accused}
    for one in (*_ruled(case, turn, text, rulings), *_by_duty(case, turn), *_last_resort(case, turn)):
        if one.unit not in seen and one.unit not in blamed and one.unit in turn.reference.units:
            seen.add(one.unit)
            yield one
        if len(seen) == MOST:
            return


def words_for(case: Case, turn: Turn, unit: str) -> tuple[str, ...]:
    """The words found that speak for this unit, or for the street's squad: what a remembered ruling is about."""
    squad = _squad_of(case, turn)
    unit = squad.code if squad and unit == KEEP else unit
    return next((one.words for one in _by_duty(case, turn) if one.unit == unit), ())


def _match(case: Case) -> Match:
    return Match.from_json(case.facts.matched) if case.facts.matched else Match(0)


def _accuses_street(case: Case) -> bool:
    """A complaint about the street is not left to the street (回避)."""
    return bool(case.facts.hidden_from) or any(one.unit in (STREET, "JD") for one in _match(case).accused)


def _by_duty(case: Case, turn: Turn) -> Iterator[Candidate]:
    chain = turn.chain(case.facts.place or case.facts.street)
    chosen = turn.reference.duties.get(case.facts.category) if case.facts.category else None
    if chosen is not None and (unit := turn.reference.units.resolve(chosen.lead, chain)) is not None:
        yield Candidate(unit.code, _("类别 %(code)s %(name)s", code=chosen.code, name=chosen.name))
    for hit in _match(case).hits:
        duty = turn.reference.duties.get(hit.duty)
        unit = turn.reference.units.resolve(duty.lead, chain) if duty else None
        if duty is not None and unit is not None:
            why = _("近似 %(code)s %(name)s：%(words)s", code=duty.code, name=duty.name, words=_quoted(hit))
            yield Candidate(unit.code, why, tuple(word.text for word in hit.words))


def _ruled(case: Case, turn: Turn, text: tuple[str, str], rulings: Sequence[Ruling]) -> Iterator[Candidate]:
    """Units that rulings to be remembered gave texts with the same words to; of squads, this street's."""
    squad = _squad_of(case, turn)
    counted: dict[str, tuple[int, tuple[str, ...]]] = {}
    for ruling in rulings:
        shared = tuple(word for word in ruling.words if word in text[0] or word in text[1])
        if shared:
            lead = squad.code if squad and ruling.lead.startswith("JD-") else ruling.lead
            n, kept = counted.get(lead, (0, ()))
            counted[lead] = (n + 1, kept or shared)
    for unit, (n, shared) in sorted(counted.items(), key=lambda one: -one[1][0]):
        yield Candidate(unit, _("同类裁定 %(n)s 次派给它", n=n), shared)


def _last_resort(case: Case, turn: Turn) -> Iterator[Candidate]:
    if case.emergency or _match(case).danger:
        yield Candidate("YJ", _("应急值班"), last_resort=True)
    for code in FALLBACK:
        yield Candidate(code, _("没有规则指向它，由您定"), last_resort=True)


def _quoted(hit: Hit) -> str:
    return "".join(f"「{word.text}」" for word in hit.words[:3])


def _own(option: Option, case: Case, turn: Turn) -> Option:
    """The street's own squad is not sent for: the street keeps it."""
    squad = _squad_of(case, turn)
    if squad is None or option.value != squad.code:
        return option
    return Option(KEEP, _("%(unit)s自办", unit=_street(case, turn)), option.hint, option.selected, option.side)


def _squad_of(case: Case, turn: Turn) -> Unit | None:
    return turn.reference.units.resolve("JD", turn.chain(case.facts.place or case.facts.street))


def _squad(case: Case, turn: Turn, view: DeskView) -> list[Option]:
    squad = _squad_of(case, turn)
    if squad is None:
        return []
    side = _load(squad.code, view)
    return [Option(KEEP, _("%(unit)s自办", unit=_street(case, turn)), _("街道自己的执法队"), False, side)]


def _street(case: Case, turn: Turn) -> str:
    node = turn.reference.tree.get(case.facts.street)
    return node.name if node else case.facts.street


def _said(case: Case, turn: Turn, text: tuple[str, str], found: Sequence[Candidate]) -> Text:
    """Number, the first of the text with the words found on the marker's ground; of a sealed one nothing of it."""
    if case.facts.sealed:
        return spans(f"{case.facts.number}・", link(sealed_title(), f"/w/{case.facts.number}"))
    body = text[1] if len(text[1]) <= 160 else text[1][:160] + "…"
    parts: list[object] = [f"{case.facts.number}・「"]
    wanted = sorted({word for one in found for word in one.words if word in body}, key=body.find)
    for word in wanted:
        before, hit, after = body.partition(word)
        if hit:
            parts += [before, mark(word)]
            body = after
    parts.append(f"{body}」")
    return spans(*parts)  # type: ignore[arg-type]


def _note(found: Sequence[Candidate]) -> str:
    named = "".join(f"「{word}」" for word in (found[0].words[:3] if found else ()))
    if named:
        return _("以后含%(words)s的照办，第二人批准后生效", words=named)
    return _("起草一条清单修改，第二人批准后生效")
