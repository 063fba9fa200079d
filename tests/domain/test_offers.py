"""What a pasted text and a text with several problems are taken apart into."""

import pytest

from dispatch.domain.duties import DutyList
from dispatch.domain.pasted import take_apart
from dispatch.domain.several import several
from tests.domain.test_duties_matching import duty

DUTIES = DutyList.of(
    [
        duty("110", "路灯不亮", lead="CG"),
        duty("112", "井盖", lead="CG"),
        duty("301", "消防通道", "锁", lead="XF"),
    ]
)

ORDER = "工单编号：HD20260618001\n来电人：张某\n联系电话：13800138000\n地址：广泰小区3号楼"
ORDER += "\n诉求内容：消防门被锁\n办理时限：2026-06-20 18:00"


def test_an_order_of_another_system_goes_into_the_fields() -> None:
    assert take_apart(ORDER) == {
        "source_number": "HD20260618001",
        "reporter_name": "张某",
        "reporter_phone": "13800138000",
        "place_text": "广泰小区3号楼",
        "body": "消防门被锁",
        "source_due_at": "2026-06-20T18:00",
    }


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("编号\t内容\t电话\n88001122\t路灯不亮\t13800138000", ("88001122", "路灯不亮", "13800138000")),
        ("88001122\t2026/6/18 9:14\t广泰小区路灯不亮\t13800138000", ("88001122", "广泰小区路灯不亮", "13800138000")),
    ],
)
def test_a_row_of_a_spreadsheet_with_or_without_its_header(text: str, found: tuple[str, ...]) -> None:
    got = take_apart(text)
    assert (got["source_number"], got["body"], got["reporter_phone"]) == found


def test_a_chat_keeps_what_was_said_and_who_said_it_first() -> None:
    got = take_apart("王楼长 10:52\n3号楼路灯又不亮了\n刘书记 10:53\n收到")
    assert got == {"reporter_name": "王楼长", "body": "3号楼路灯又不亮了\n收到"}


@pytest.mark.parametrize("text", ["", "广泰小区3号楼：路灯不亮", "时间：昨天夜里，有人摆摊", "路灯不亮\n没人修"])
def test_plain_writing_stays_as_it_is(text: str) -> None:
    assert take_apart(text) == {}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("3号楼路灯不亮三天了。消防通道被锁", [("3号楼路灯不亮三天了", "110"), ("消防通道被锁", "301")]),
        (
            "1、路灯不亮\n2、消防通道被锁；还有，井盖没了",
            [("路灯不亮", "110"), ("消防通道被锁", "301"), ("井盖没了", "112")],
        ),
        ("您好。路灯不亮。很久了。消防通道被锁", [("您好。路灯不亮。很久了", "110"), ("消防通道被锁", "301")]),
    ],
)
def test_problems_of_different_units_are_parted(text: str, parts: list[tuple[str, str]]) -> None:
    assert [(one.text, one.duty) for one in several(DUTIES, text)] == parts


@pytest.mark.parametrize("text", ["路灯不亮", "路灯不亮。井盖没了", "今天天气很好。没有事", ""])
def test_one_problem_or_one_unit_stays_whole(text: str) -> None:
    assert several(DUTIES, text) == ()
