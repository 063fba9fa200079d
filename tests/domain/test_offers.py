"""What a pasted text and a text with several problems are taken apart into."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


def test_further_rows_stay_in_the_body_to_be_parted() -> None:
    got = take_apart("编号\t内容\t地址\n88001122\t路灯不亮\t广泰小区3号楼\n88001123\t消防通道被锁\t广泰小区2号楼")
    assert got["place_text"] == "广泰小区3号楼"
    assert got["body"] == "路灯不亮\n88001123 消防通道被锁 广泰小区2号楼"
    assert [one.duty for one in several(DUTIES, got["body"])] == ["110", "301"]


def test_a_row_without_a_header_keeps_its_address_and_what_else_stands_in_it() -> None:
    got = take_apart("广泰小区3号楼\t楼道里的灯三天没有亮了\t张某\t13800138000\t13900139000")
    assert got == {
        "place_text": "广泰小区3号楼",
        "body": "楼道里的灯三天没有亮了\n张某\n13900139000",
        "reporter_phone": "13800138000",
    }


def test_the_heading_of_an_order_names_where_it_comes_from() -> None:
    assert take_apart(f"【12345工单】\n{ORDER}") == take_apart(ORDER) | {"source_channel": "12345工单"}
    assert take_apart("【紧急】3号楼路灯又不亮了") == {}


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("王楼长 10:52\n3号楼路灯又不亮了\n刘书记 10:53\n收到", "10:52 3号楼路灯又不亮了\n刘书记 10:53：收到"),
        (
            "王楼长 6/18 10:52\n3号楼路灯又不亮了\n刘书记 昨天 10:53\n收到",
            "6/18 10:52 3号楼路灯又不亮了\n刘书记 昨天 10:53：收到",
        ),
        ("王楼长: 3号楼路灯又不亮了\n刘书记：收到\n马上去看", "3号楼路灯又不亮了\n刘书记：收到\n马上去看"),
        ("王楼长：\n3号楼路灯又不亮了\n王楼长：\n三天了", "3号楼路灯又不亮了\n三天了"),
    ],
)
def test_a_chat_keeps_what_was_said_by_whom_and_who_said_it_first(text: str, body: str) -> None:
    assert take_apart(text) == {"reporter_name": "王楼长", "body": body}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("您好，\n来电人：张某\n诉求内容：路灯不亮", ["您好"]),
        ("来电人：张某\n诉求内容：路灯不亮\n办理时限：下周二下班前", ["下周二下班前"]),
        ("来电人：张某\n诉求内容：路灯不亮\n联系电话：13800138000（晚上打）", ["13800138000", "晚上打"]),
        ("来电人：张某\n电话：13800138000\n手机：13900139000\n内容：路灯不亮", ["13800138000", "13900139000"]),
        ("姓名\t内容\t楼长意见\n张某\t路灯不亮\t请快一点", ["楼长意见", "请快一点"]),
    ],
)
def test_nothing_that_was_pasted_is_dropped(text: str, kept: list[str]) -> None:
    got = "\n".join(take_apart(text).values())
    assert [one for one in [*kept, "张某", "路灯不亮"] if one not in got] == []


CELLS = st.text(alphabet="路灯不亮楼张王a7", max_size=9)
LABEL = st.sampled_from(["内容", "地址", "姓名", "电话", "来源", "备注", "时间", ""])


@given(st.lists(LABEL, max_size=5), st.lists(st.lists(CELLS, min_size=1, max_size=6), max_size=4))
def test_every_cell_of_a_table_stands_somewhere(labels: list[str], rows: list[list[str]]) -> None:
    got = take_apart("\n".join("\t".join(row) for row in [labels, *rows]))
    if got:
        kept = "\n".join(got.values())
        assert [cell for row in rows for cell in row if cell not in kept] == []


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
