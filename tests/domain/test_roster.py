"""What rows of a sheet would do to who holds which seat."""

from dataclasses import replace
from datetime import date

from dispatch.domain import roster
from dispatch.domain.reference import Reference
from dispatch.domain.roster import Plan, Row
from dispatch.domain.units import People
from tests.domain.cases import reference

TODAY = date(2026, 6, 18)
XF, DESK, ADMIN = "unit:XF:liaison", "node:130403:dispatcher", "node:130403:administrator"
BEGAN = date(2026, 1, 1)  # since then the placeholders of the demo hold their seats


def after(known: Reference, plan: Plan) -> People:
    """The people once the plan is done."""
    old = known.people
    persons, holdings = roster.lay(plan.roster, list(old.seats.values()), list(old.persons.values()), old.holdings)
    return People.of(persons, old.seats.values(), holdings)


def done(*rows: Row, people: People | None = None) -> Plan:
    return roster.plan(people or reference().people, None, rows, TODAY)


def kinds(plan: Plan) -> list[tuple[str, str, str]]:
    return [(line.kind, line.person, str(line.until or "")) for line in plan.lines]


def test_the_next_holder_ends_the_last_ones_term_and_nothing_is_deleted() -> None:
    row = Row(2, "A01", "示例新人", XF, date(2026, 6, 1))
    plan = done(row)
    assert kinds(plan) == [("ended", XF, "2026-06-01"), ("added", "A01", "")]
    people = after(reference(), plan)
    assert [person.code for day in (date(2026, 5, 31), date(2026, 6, 1), TODAY)
            if (person := people.holder(XF, day))] == [XF, "A01", "A01"]  # fmt: skip
    again = roster.plan(people, plan.roster, [row, replace(row, number=3, person="B", seat=DESK, name="甲")], TODAY)
    assert [line.kind for line in again.lines] == ["unchanged", "added"]
    assert roster.plan(people, plan.roster, [row], TODAY).roster == plan.roster


def test_a_seat_of_several_is_shared() -> None:
    plan = done(Row(2, "A01", "示例新人", DESK))
    assert kinds(plan) == [("added", "A01", "")]
    assert len(after(reference(), plan).by_seat[DESK]) == 3


def test_a_term_that_began_before_what_stands_ends_it_today() -> None:
    plan = done(Row(2, "A01", "示例新人", XF, date(2024, 5, 1)))
    assert kinds(plan) == [("ended", XF, str(TODAY)), ("added", "A01", "")]
    holder = after(reference(), plan).holder(XF, TODAY)
    assert holder is not None
    assert holder.code == "A01"


def test_a_term_ends_is_prolonged_and_a_name_changes() -> None:
    plan = done(Row(2, XF, "示例改名", XF, None, date(2026, 7, 1)))
    assert [(line.kind, line.field, line.was) for line in plan.lines] == [
        ("changed", "name", "示例消防联络员甲"),
        ("ended", "until", ""),
    ]
    people = after(reference(), plan)
    assert people.persons[XF].name == "示例改名"
    longer = roster.plan(people, plan.roster, [Row(2, XF, "示例改名", XF, BEGAN)], TODAY)
    assert [(line.kind, line.was) for line in longer.lines] == [("changed", "2026-07-01")]


def test_what_cannot_be_is_said_with_its_row() -> None:
    name = "示例消防联络员甲"
    wrong = {
        "晚于": [Row(2, "A", "甲", XF, TODAY, TODAY)],
        "写了两遍": [Row(2, "A", "甲", DESK, TODAY), Row(3, "A", "甲", DESK, TODAY)],
        "还叫": [Row(2, "A", "甲", DESK, TODAY), Row(3, "A", "乙", XF, TODAY)],
        "已任这个岗位": [Row(2, XF, name, XF, TODAY)],
        "起由": [Row(2, "A", "甲", XF, TODAY), Row(3, "B", "乙", XF, date(2026, 8, 1)), Row(4, "C", "丙", XF, TODAY)],
        "没有人了": [Row(2, ADMIN, "示例管理员甲", ADMIN, None, date(2026, 7, 1))],
    }
    for said, rows in wrong.items():
        faults = done(*rows).faults
        assert faults, said
        assert any(said in one.refusal.words() for one in faults), (said, [one.refusal.words() for one in faults])
        assert all(one.refusal.field and one.number >= 2 for one in faults)


def test_an_administrator_leaves_once_another_has_come() -> None:
    rows = [Row(2, "A", "甲", ADMIN), Row(3, ADMIN, "示例管理员甲", ADMIN, None, date(2026, 7, 1))]
    assert not done(*rows).faults


def test_a_sheet_that_is_all_about_one_seat_is_refused_beyond_a_bound() -> None:
    rows = [Row(n, f"A{n}", "甲", DESK) for n in range(2, roster.MOST_OF_SEAT + 4)]
    assert [fault.number for fault in done(*rows).faults] == [roster.MOST_OF_SEAT + 2, roster.MOST_OF_SEAT + 3]
