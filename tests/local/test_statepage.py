"""The page of the state machine says what the tables say."""

from dispatch.domain import whistle
from dispatch.local import statepage


def test_the_page_is_up_to_date() -> None:
    written = statepage.PAGE.read_text(encoding="utf-8")
    assert written == statepage.demo_page(), "run `python -m dispatch.local.statepage`"


def test_the_page_says_who_may_and_on_what_condition() -> None:
    page = statepage.demo_page()
    for row in whistle.TABLE.values():
        line = next(line for line in page.splitlines() if line.startswith(f"| `{row.action}` |"))
        _, _, button, _, who, condition, _, clocks, _ = (cell.strip() for cell in line.split("|"))
        assert button, f"{row.action} has no words"
        assert who, f"nobody may {row.action}"
        assert bool(condition) == (row.guard is not None), f"{row.action}: its guard has no docstring"
        for stage in (*row.starts, *row.stops, *row.rests, *row.resumes):
            assert stage in clocks
