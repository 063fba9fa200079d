"""Units by their full names."""

from dispatch.domain.turn import Turn
from dispatch.web.i18n import _


def full_name(code: object, turn: Turn) -> str:
    """A unit's name; its code where the list no longer has it."""
    found = turn.reference.units.get(str(code))
    return found.name if found else str(code)


def full_names(codes: object, turn: Turn) -> str:
    """Units' names, one after the other."""
    return _("、").join(full_name(code, turn) for code in codes) if isinstance(codes, list | tuple) else ""
