"""Looking for a category of the duty list by what a clerk would type: its code, its name, a word, pinyin initials."""

from dispatch.domain.duty import Duty, DutyList
from dispatch.steps.reading.places import initials

#: how many are offered
OFFERED = 10


def find(duties: DutyList, typed: str, limit: int = OFFERED) -> list[Duty]:
    """Best first: by code, name, initials (`xftd` finds 消防通道堵占), then by the words that speak of it.

    The demonstration's own categories are not offered. The first call imports the table of pinyin (0.2 s).
    """
    text = typed.strip().lower()
    if not text:
        return []
    ranked = ((rank, duty.code, duty) for duty in duties.duties if not duty.demo and (rank := _rank(duty, text)))
    return [duty for _rank_, _code, duty in sorted(ranked, key=lambda one: one[:2])[:limit]]


def named(duties: DutyList, typed: str) -> Duty | None:
    """The one category meant: by code, by name, or by both as a list writes them; else the only one that is found."""
    text = typed.strip()
    code, _space, name = text.partition(" ")
    if (duty := duties.get(code)) is not None:
        return duty
    exact = [duty for duty in duties.duties if duty.name in (text, name)]
    found = exact or find(duties, text, 2)
    return found[0] if len(found) == 1 else None


def _rank(duty: Duty, text: str) -> int:
    """How well it fits, 1 is best; 0: not at all."""
    name, letters = duty.name.lower(), initials(duty.name)
    fits = (
        duty.code == text,
        name == text,
        duty.code.startswith(text),
        name.startswith(text),
        text in name,
        letters.startswith(text),
        text in letters,
        any(text in word or word in text for word in duty.words if len(word) > 1),
    )
    return next((place for place, fit in enumerate(fits, 1) if fit), 0)
