"""条: which seats of the late unit are called on a rung. A vacant one passes to the next held post, and says so."""

from collections.abc import Sequence

from dispatch.domain.case import Case, Clock
from dispatch.domain.clocks import RULING
from dispatch.domain.turn import Turn
from dispatch.domain.units import unit_seat

#: the posts of a unit, from those who work up to its head
POSTS = ("liaison", "deputy", "section", "leader", "principal")


def counterpart_unit(case: Case, clock: Clock) -> str | None:
    """The unit whose higher seats are called: the clock's own, or the lead for handling; a ruling is no unit's."""
    if clock.stage == RULING:
        return None
    return clock.unit or (case.lead if clock.stage == "handling" else None)


def called(case: Case, turn: Turn, unit: str, rung: int) -> tuple[list[str], list[str]]:
    """The seats of a unit that the policy calls on a rung, as far as they are held, and those that are vacant."""
    return held(turn, unit, turn.policy(case).counterpart(rung))


def held(turn: Turn, unit: str, posts: Sequence[str]) -> tuple[list[str], list[str]]:
    """Of these posts those held, and those vacant. Is none of them held: the next one above, else the next below."""
    seats = [unit_seat(unit, post) for post in posts]
    vacant = [seat for seat in seats if turn.holder(seat) is None]
    found = [seat for seat in seats if seat not in vacant]
    if found or not seats:
        return found, vacant
    last = POSTS.index(posts[-1])
    others = (unit_seat(unit, post) for post in (*POSTS[last + 1 :], *reversed(POSTS[:last])))
    return [seat for seat in others if turn.holder(seat) is not None][:1], vacant
