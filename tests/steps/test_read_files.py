"""The files of a district: what they become, and how every fault is named with file and line."""

import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from dispatch.domain.duties import decide, match
from dispatch.domain.duty import KINDS
from dispatch.domain.reference import Reference
from dispatch.steps.read_files import NAMES, BrokenFilesError, build_reference, read_district

DEMO = Path(__file__).resolve().parents[2] / "deploy" / "demo"
TODAY = date(2026, 6, 18)


@pytest.fixture(scope="module")
def reference() -> Reference:
    documents = json.loads(json.dumps(read_district(DEMO)))
    return build_reference(documents, {"duties": 4, "policies": 2})


@pytest.fixture
def district(tmp_path: Path) -> Path:
    for file in DEMO.glob("*.yaml"):
        shutil.copy(file, tmp_path)
    return tmp_path


def change(directory: Path, name: str, before: str, after: str) -> int:
    """Replace the first occurrence; the line it stands in (from 1)."""
    file = directory / name
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after, 1), encoding="utf-8")
    return text[: text.index(before)].count("\n") + 1


def faults(directory: Path) -> list[tuple[str, int, str, str, str]]:
    with pytest.raises(BrokenFilesError) as broken:
        read_district(directory)
    return [(e.file, e.line, e.field, e.value, e.remedy) for e in broken.value.errors]


def test_documents_are_plain_json_and_build_the_same_reference_again() -> None:
    documents = read_district(DEMO)
    assert set(documents) >= set(NAMES)
    again = json.loads(json.dumps(documents))
    build_reference(again, {})


def test_the_demo_has_the_streets_units_and_versions(reference: Reference) -> None:
    streets = [node for node in reference.tree.by_code.values() if node.level == 4]
    assert len(streets) == 15
    codes = "CG ZJ ZR HB GA JJ XF SC YJ WJ MZ RS JY SF NS SW RL RQ DL TX ZB DD JD-130403011 SQ-130403011-D01"
    assert all(code in reference.units for code in codes.split(" "))
    assert reference.duties.version == 4
    assert reference.versions["policies"] == 2
    assert len(reference.duties.duties) == 78


def test_every_spot_has_five_levels(reference: Reference) -> None:
    for node in reference.tree.by_code.values():
        rungs = reference.tree.chain(node.code)
        known = [rung is not None for rung in rungs]
        assert known == ([True] * 5 if node.level <= 3 else [False] * 3 + [node.level == 4, True])
        assert all(rung is None or rung.level == n for n, rung in enumerate(rungs, 1))


def test_every_seat_is_held_by_somebody_plainly_made_up(reference: Reference) -> None:
    assert all(person.name.startswith("示例") for person in reference.people.persons.values())
    for node in reference.tree.by_code.values():
        assert reference.people.holder(f"node:{node.code}:head", TODAY) is not None
    for unit in reference.units.all:
        for post in ("liaison", "deputy", "section", "leader", "principal"):
            assert reference.people.holder(f"unit:{unit.code}:{post}", TODAY) is not None
    assert reference.people.holder("node:130403011:duty", TODAY) is not None


def test_who_answered_then_stays_true(reference: Reference) -> None:
    then, now = (reference.people.holder("node:130403004:head", day) for day in (date(2025, 9, 1), TODAY))
    assert then is not None
    assert now is not None
    assert then != now
    assert reference.people.holder("node:130403004:head", date(2025, 6, 30)) is None


def test_units_and_people_of_every_duty_are_there(reference: Reference) -> None:
    chain = reference.tree.chain("130403011-D01-X1-B3")
    for duty in reference.duties.duties:
        assert reference.units.resolve(duty.lead, chain) is not None
        assert all(reference.units.resolve(code, chain) for code in duty.assist)
        assert duty.source == "示例" or "（" in duty.source or duty.code in ("102",)
        assert duty.basis


def test_the_first_five_minutes(reference: Reference) -> None:
    text = "广泰小区3号楼楼道消防门被锁"
    place = reference.tree.locate(text)
    assert place is not None
    assert place.code == "130403011-D01-X1-B3"
    chain = reference.tree.chain(place.code)
    got = decide(reference.duties, match(reference.duties, "", text), chain=chain, units=reference.units)
    assert (got.outcome, got.lead, got.kind, got.report_in) == ("dispatch", "XF", "emergency", "on-site")
    assert "ZJ" in got.assist


def test_fire_and_smoke_reach_the_fire_brigade_and_a_smell_of_it_is_asked_about(reference: Reference) -> None:
    chain = reference.tree.chain("130403011-D01-X1-B3")
    for text in ("楼道冒烟", "广泰小区3号楼楼上着火了", "配电箱起火"):
        got = decide(reference.duties, match(reference.duties, "", text), chain=chain, units=reference.units)
        assert (got.outcome, got.lead, got.kind) == ("dispatch", "XF", "emergency"), text
    for text in ("楼道里有烟味", "厨房一股焦糊味"):
        assert match(reference.duties, "", text).danger, text
    assert not match(reference.duties, "", "楼下饭店一股油烟味").danger
    hazard = match(reference.duties, "", "电箱有起火隐患，一旦着火后果严重")
    assert decide(reference.duties, hazard, chain=chain, units=reference.units).lead is None


def test_the_one_minute_demo_has_its_own_policy(reference: Reference) -> None:
    policy = reference.policy_for("901")
    assert [str(policy.wait(rung, "appeal")) for rung in (2, 3, 4, 5)] == ["15s"] * 4
    assert str(policy.limit("reported", "appeal")) == "15s"


def test_the_standard_policy_is_the_example(reference: Reference) -> None:
    policy = reference.policies.standard
    assert str(policy.limit("dispatch", "emergency")) == "5m"
    assert str(policy.limit("reported", "emergency")) == "30m"
    assert policy.limit("handling", "appeal") is None
    assert (policy.start_rung("handling", "appeal"), policy.start_rung("handling", "emergency")) == (1, 3)
    assert [str(policy.wait(rung, "appeal")) for rung in range(1, 6)] == ["None", "4wh", "1wd", "2wd", "3wd"]
    assert [str(policy.wait(rung, "emergency")) for rung in (4, 5)] == ["10m", "20m"]
    assert policy.counterpart(5) == ("principal",)
    assert policy.quiet(1, 23, "appeal")
    assert not policy.quiet(1, 23, "emergency")
    assert not policy.quiet(3, 23, "appeal")
    assert not policy.quiet(2, 12, "appeal")
    assert not policy.stage("total").climbs


def test_each_unit_has_its_calendar(reference: Reference) -> None:
    assert reference.calendar_of("XF").always
    assert not reference.calendar_of("CG").always
    assert reference.calendar_of(None) is reference.calendars["district"]


def test_initials_find_a_community(reference: Reference) -> None:
    for typed in ("dmw", "dms", "dmwsq", "东门外"):
        assert reference.tree.find(typed, 3)[0].name == "东门外社区"


def test_an_unknown_key_is_refused_with_the_nearest_one(district: Path) -> None:
    line = change(district, "duties.yaml", "outcome: self", "outcom: self")
    got = faults(district)
    assert ("duties.yaml", line) in [row[:2] for row in got]
    assert any(row[2].endswith("/outcom") and "outcome" in row[4] for row in got)


def test_a_duty_that_names_no_unit_is_refused_with_the_nearest_one(district: Path) -> None:
    line = change(district, "duties.yaml", "assist: [HB, SC]", "assist: [HBB, SC]")
    assert [(row[1], row[3], row[4]) for row in faults(district)] == [(line, "HBB", "是不是 HB？")]


@pytest.mark.parametrize(
    ("name", "before", "after", "value"),
    [
        ("duties.yaml", "limit: 4wh", "limit: 4 working hours", "4 working hours"),
        ("duties.yaml", 'code: "102"', 'code: "101"', "101"),
        ("duties.yaml", "kind: enforcement", "kind: crime", "crime"),
        ("duties.yaml", "ratio: 1.5", "ratio: 0.5", "0.5"),
        ("duties.yaml", "not: [占道多年", "not: [多", "多"),
        ("units.yaml", "calendar: district", "calendar: distric", "distric"),
        ("units.yaml", "type: vertical", "type: verticle", "verticle"),
        ("units.yaml", "duty: true", "duty: yes", "yes"),
        ("units.yaml", "phone: 0310-0000001", "phone: ring me", "ring me"),
        ("tree.yaml", "code: D02", "code: D01", "130403001-D01"),
        ("tree.yaml", "buildings: 8", "buildings: 8000", "8000"),
        ("people.yaml", "since: 2026-01-01", "since: 2026-13-01", "2026-13-01"),
        ("people.yaml", 'seat: "node:130403004:head"', 'seat: "node:1304030049:head"', "node:1304030049:head"),
        ("policies.yaml", "counterpart: [section]", "counterpart: [sections]", "sections"),
        ("policies.yaml", "wait: 4wh", "wait: soon", "soon"),
        ("policies.yaml", "{owner: desk, limit: 4wh", "{owner: boss, limit: 4wh", "boss"),
        ("calendars.yaml", "14:30-18:00", "14:30-25:00", "14:30-25:00"),
        ("calendars.yaml", 'from: "05-01"', 'from: "May"', "May"),
        ("words.yaml", "within: 8", "within: far", "far"),
    ],
)
def test_a_wrong_value_is_named_with_its_line(district: Path, name: str, before: str, after: str, value: str) -> None:
    line = change(district, name, before, after)
    got = faults(district)
    assert (name, line, value) in [(row[0], row[1], row[3]) for row in got]
    assert all(row[4] for row in got)


def test_two_shifts_of_a_unit_at_the_same_time_are_refused_with_both_spans(district: Path) -> None:
    shift = "  - {unit: %s, hours: %s, people: [示例值班], since: 2026-01-01}\n"
    more = shift % ("ZJ", '"08:00-09:00"') + shift % ("XF", '"18:00-08:30"') + shift % ("XF", '"08:30-18:00"')
    line = change(district, "people.yaml", "rota:\n", "rota:\n" + more + shift % ("XF", '"17:00-18:01"')) + 1
    of_xf = (line + 3, "rota/3/hours", "17:00-18:01")
    assert [(row[1:4], row[4].split("的时段")[0]) for row in faults(district)] == [
        (of_xf, f"和第 {line + 1} 行「18:00-08:30」"),
        (of_xf, f"和第 {line + 2} 行「08:30-18:00」"),
        ((line + 5, "rota/5/hours", "08:30-08:30"), f"和第 {line} 行「08:00-09:00」"),
    ]


def test_a_calendar_that_units_need_must_be_there(district: Path) -> None:
    change(district, "calendars.yaml", "code: always", "code: allways")
    assert ("calendars.yaml", "calendars", "always") in [(row[0], row[2], row[3]) for row in faults(district)]


def test_all_faults_of_all_files_are_told_at_once(district: Path) -> None:
    change(district, "duties.yaml", "limit: 4wh", "limit: soon")
    change(district, "duties.yaml", "outcome: dispatch", "outcome: nowhere")
    change(district, "policies.yaml", "notice: 5wd", "notice: later")
    assert {row[3] for row in faults(district)} == {"soon", "nowhere", "later"}


def test_a_missing_key_says_where(district: Path) -> None:
    line = change(district, "units.yaml", "{code: ZJ, name: 住房和城乡建设局, ", "{code: ZJ, ")
    assert ("units.yaml", line, "units/1/name") in [row[:3] for row in faults(district)]


def test_broken_yaml_twice_the_same_key_and_no_file(district: Path) -> None:
    change(district, "words.yaml", "danger:", "danger: [")
    change(district, "weights.yaml", "lamps:", "three-rates: {}\nlamps:")
    (district / "policies.yaml").unlink()
    got = {row[0]: row for row in faults(district)}
    assert got["words.yaml"][2] == "YAML"
    assert got["weights.yaml"][2] == "three-rates"
    assert got["policies.yaml"][4] == "没有这个文件，请补上"


@pytest.mark.parametrize(
    ("before", "after", "value", "said"),
    [
        ("name: 消防通道锁堵, lead", "name: 消防通道锁堵，lead", "，", "请用半角的"),
        (
            "assist: [ZJ, JD], outcome: dispatch, kind: emergency, limit: 2h",
            "assist: [ZJ, JD, limit: 2h",
            "words",
            "成对",
        ),
        ('  - {code: "302"', '\t- {code: "302"', "Tab", "空格"),
        ("name: 消防通道锁堵, lead: XF", "name: 消防通道锁堵, lead: 消防", "消防", "是不是 XF？"),
        ("name: 消防通道锁堵, lead: XF", "name: 消防通道锁堵, lead: 消防救援大队", "消防救援大队", "是不是 XF？"),
        (
            "limit: 2h, report-in: on-site, report-limit: 30m, basis: 《中华",
            "limit: 2小时, basis: 《中华",
            "2小时",
            "应是数加单位",
        ),
        ("words: [消防通道, 消防门, 锁", "words: [消防通道，消防门，锁", "消防通道，消防门，锁", "请用半角逗号"),
        ('code: "301"', "code: “301”", "“301”", "引号要半角"),
        ("name: 消防通道锁堵, lead: XF", "name: 消防通道锁堵, lead：XF", "：", "请用半角的"),
        ("limit: 2h, report-in: on-site", "limit: 2h, report-in：on-site", "：", "请用半角的"),
    ],
)
def test_what_people_most_often_get_wrong_is_said_in_their_words(
    district: Path, before: str, after: str, value: str, said: str
) -> None:
    line = change(district, "duties.yaml", before, after)
    ((_file, at, _field, shown, remedy),) = faults(district)
    assert at in (line, line + 1)
    assert (shown.startswith(value), said in remedy) == (True, True)


def test_what_yaml_makes_of_plain_words_does_not_happen(district: Path) -> None:
    change(district, "duties.yaml", "words: [占道,", "words: [no, 007, 22:30, 占道,")
    documents = read_district(district)
    assert documents["duties"]["duties"][0]["words"][:3] == ["no", "007", "22:30"]


def test_not_utf_8(district: Path) -> None:
    (district / "words.yaml").write_bytes("title: 词".encode("gb18030"))
    assert faults(district)[0][2] == "编码"


AREA = """
  - code: township
    replaces: standard
    areas: ["130403200", "130403011-D01"]
    name: 乡镇（示例）
    basis: 示例
"""


def with_area(directory: Path) -> None:
    """The standard policy once more, for a township and a community, with another limit."""
    file = directory / "policies.yaml"
    text = file.read_text(encoding="utf-8")
    standard, rest = text.split("  - code: one-minute", 1)
    rules = standard[standard.index("    stages:") :].replace("&rejections", "&listed")
    rules = rules.replace("limit: 4wh, emergency: 30m", "limit: 8wh, emergency: 45m")
    file.write_text(f"{standard.rstrip()}\n{AREA.lstrip(chr(10))}{rules}  - code: one-minute{rest}", encoding="utf-8")


def test_an_area_has_its_own_policy_unless_the_duty_names_another(district: Path) -> None:
    with_area(district)
    found = build_reference(json.loads(json.dumps(read_district(district))), {})
    building = "130403011-D01-X1-B3"
    assert found.policy_for(None, building).code == "township"
    assert found.policy_for("101", "130403200").code == "township"
    assert found.policy_for("101", "130403011").code == "standard"
    assert found.policy_for("101").code == "standard"
    demo = next(duty.code for duty in found.duties.duties if duty.policy == "one-minute")
    assert found.policy_for(demo, building).code == "one-minute"
    stage = found.policy_for("101", building).stage("reported")
    assert (str(stage.limit), str(stage.emergency)) == ("8wh", "45m")


def test_a_kind_has_its_own_policy_and_a_kind_in_an_area_before_it(district: Path) -> None:
    with_area(district)
    change(district, "policies.yaml", "code: one-minute\n", "code: one-minute\n    kinds: [enforcement]\n")
    found = build_reference(json.loads(json.dumps(read_district(district))), {})
    street, township = "130403011", "130403200"
    assert [found.policy_for(None, street, kind).code for kind in KINDS] == ["standard", "one-minute", "standard"]
    assert [found.policy_for(None, township, kind).code for kind in KINDS] == ["township"] * 3
    assert found.policy_for(None, None, "enforcement").code == "one-minute"
    assert found.policy_for(None, street).code == "standard"
    change(district, "policies.yaml", 'areas: ["130403200", ', 'kinds: [enforcement]\n    areas: ["130403200", ')
    found = build_reference(json.loads(json.dumps(read_district(district))), {})
    assert [found.policy_for(None, township, kind).code for kind in KINDS] == ["standard", "township", "standard"]


def test_a_kind_is_one_of_three_and_has_one_policy(district: Path) -> None:
    line = change(district, "policies.yaml", "code: one-minute\n", "code: one-minute\n    kinds: [urgent]\n") + 1
    ((file, at, field, value, _),) = faults(district)
    assert (file, at, field.split("/")[-1], value) == ("policies.yaml", line, "kinds", "urgent")
    with_area(district)
    change(district, "policies.yaml", "kinds: [urgent]", "kinds: [appeal]")
    change(district, "policies.yaml", 'areas: ["130403200", "130403011-D01"]', "kinds: [appeal]")
    ((_, _, field, value, remedy),) = faults(district)
    assert (field.split("/")[-1], value) == ("kinds", "appeal")
    assert "township" in remedy or "one-minute" in remedy


def test_an_area_is_a_node_and_has_one_policy(district: Path) -> None:
    with_area(district)
    line = change(district, "policies.yaml", '"130403200"', '"130403999"')
    ((file, at, field, value, _),) = faults(district)
    assert (file, at, field.split("/")[-1], value) == ("policies.yaml", line, "areas", "130403999")
    change(district, "policies.yaml", '"130403999"', '"130403200"')
    change(district, "policies.yaml", "replaces: standard", "replaces: nothing")
    ((file, _, field, value, _),) = faults(district)
    assert (file, field, value) == ("policies.yaml", "replaces", "nothing")
    change(district, "policies.yaml", "replaces: nothing", "replaces: standard")
    change(district, "policies.yaml", "code: one-minute\n", 'code: one-minute\n    areas: ["130403200"]\n')
    ((file, _, field, value, remedy),) = faults(district)
    assert (file, value) == ("policies.yaml", "130403200")
    assert "township" in remedy
