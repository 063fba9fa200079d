"""Texts of the rules without a database: written and read again, compared, brought from one version onto another."""

from __future__ import annotations

import json
import re
import string
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.domain.reference import Reference
from dispatch.steps.read_files import build_reference, read_district
from dispatch.steps.rule_changes import compared
from dispatch.steps.rule_changes.compared import Change
from dispatch.steps.rule_changes.rebased import MARK, rebase
from dispatch.steps.rule_changes.remembered import drafted
from dispatch.steps.rule_changes.texts import KINDS, Known, known_of, read, tidy
from dispatch.steps.rule_changes.written import write
from dispatch.store.rule_proposals import Draft
from tests.factories import DEMO


@cache
def demo() -> tuple[dict[str, Any], Reference, Known]:
    documents = read_district(DEMO)
    reference = build_reference(documents, {})
    return json.loads(json.dumps(documents)), reference, known_of(reference)


def test_a_document_written_out_says_what_its_file_says() -> None:
    documents, _reference, known = demo()
    for kind in KINDS:
        assert read(kind, (DEMO / f"{kind}.yaml").read_text("utf-8"), known) == documents[kind]
        text = write(kind, documents[kind])
        assert read(kind, text, known) == documents[kind]
        assert write(kind, read(kind, text, known)) == text


def test_every_comment_that_comes_up_for_editing_is_in_chinese() -> None:
    """Codes that it explains may stand before it."""
    for kind in KINDS:
        comments = re.findall(r"#(.*)", (DEMO / f"{kind}.yaml").read_text("utf-8"))
        assert [said for said in comments if not re.search("[\u4e00-\u9fff]{2}", said)] == []


#: what a text area can send, with what YAML would take for something else
odd = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=12
) | st.sampled_from(
    ["null", "~", "yes", "- a", "a: b", "#", "'", '"', "\\", "{", "]", "\x85", "\u2028", "\ufeff", "1e3", " a ", "a\nb"]
)
#: one word of a list: with a Chinese comma in it, it is refused as several
word = odd.filter(lambda said: not set("，、；") & set(said))
LIMITS = st.sampled_from(["4wh", "2h", "30m", "5wd"])


@given(
    st.fixed_dictionaries(
        {
            "name": odd,
            "say": odd | st.just(""),
            "basis": odd | st.just(""),
            "source": odd,
            "words": st.lists(word, unique=True, max_size=4),
            "needs": st.lists(word.filter(lambda one: len(one) > 1), unique=True, max_size=2),
            "limit": LIMITS,
            "report_limit": LIMITS | st.none(),
            "sealed": st.booleans(),
            "report_in": st.sampled_from(["sign", "on-site"]),
        }
    ),
    st.text(string.ascii_letters, max_size=3),
)
@settings(max_examples=60, deadline=None)
def test_whatever_a_duty_says_is_said_again(fields: dict[str, Any], group: str) -> None:
    documents, _reference, known = demo()
    duty = documents["duties"]["duties"][0] | fields | {"group": group}
    document = documents["duties"] | {"duties": [duty]}
    assert read("duties", write("duties", document), known) == document


def test_differences_are_named_by_entry_and_value() -> None:
    old = {"duties": [{"code": "1", "lead": "A", "words": ["x", "y"]}, {"code": "2", "lead": "A", "words": []}]}
    new = {"duties": [{"code": "1", "lead": "B", "words": ["x"]}, {"code": "3", "lead": "C", "words": []}]}
    assert compared.compare(old, new) == [
        Change(("duties", "1", "lead"), "A", "B"),
        Change(("duties", "1", "words"), ("x", "y"), ("x",)),
        Change(("duties", "3", "lead"), None, "C"),
        Change(("duties", "3", "words"), None, ()),
        Change(("duties", "2", "lead"), "A", None),
        Change(("duties", "2", "words"), (), None),
    ]
    (piece,) = compared.lines("a\nb\nlead: XF, x\nc\n", "a\nb\nlead: ZJ, x\nc\n")
    assert [(line.sign, line.old, line.new) for line in piece] == [
        (" ", 1, 1), (" ", 2, 2), ("-", 3, None), ("+", None, 3), (" ", 4, 4),
    ]  # fmt: skip
    assert [part for part in piece[3].parts if part[1]] == [("ZJ", True)]


LINES = st.lists(st.sampled_from("abcdefgh"), max_size=8)


@given(LINES, LINES)
@settings(max_examples=200, deadline=None)
def test_onto_what_did_not_change_a_text_is_itself_and_nothing_onto_another_is_that(a: list[str], b: list[str]) -> None:
    base, other = tidy("\n".join(a)), tidy("\n".join(b))
    assert tidy(rebase(base, other, base).text) == other
    assert tidy(rebase(base, base, other).text) == other
    assert rebase(base, other, other).clashes == 0


def test_both_change_one_line_and_what_is_in_force_stands() -> None:
    made = rebase("a\nb\nc\nd\n", "a\nmine\nc\nd\ne\n", "a\ntheirs\nc\nd\n")
    assert (made.text, made.clashes) == (f"a\ntheirs\n{MARK}mine\nc\nd\ne\n", 1)


def ruling(category: str | None, lead: str, *words: str) -> Draft:
    return Draft(UUID(int=1), 2600000011, datetime(2026, 6, 15, tzinfo=UTC), None, category, lead, ("ZJ",), words)


def test_a_ruling_is_drafted_as_far_as_it_can_be() -> None:
    _documents, reference, known = demo()
    text = (DEMO / "duties.yaml").read_text("utf-8")

    def duty(code: str, draft: Draft, what: str) -> dict[str, Any]:
        made = drafted(text, draft, reference)
        assert made.what == what
        rows = {row["code"]: row for row in read("duties", made.text, known)["duties"]}
        return dict(rows[code])

    new = duty("R1", ruling(None, "JD-130403011", "天沟"), "new")
    assert (new["lead"], new["assist"], new["words"], new["basis"]) == ("JD", ["ZJ"], ["天沟"], "调度台裁定 2600000011")
    assert new["outcome"] == "self", "a street's own squad is not sent for"
    bare = duty("R1", ruling(None, "MZ"), "new")
    assert (bare["lead"], bare["words"], bare["name"]) == ("MZ", [], "裁定 2600000011")
    assert bare["outcome"] == "dispatch"
    assert "# R1 还没有词" in drafted(text, ruling(None, "MZ"), reference).text
    picked = drafted(text, ruling(None, "MZ"), reference, ("鸽子",)).text
    assert "words: [鸽子]" in picked
    assert "# R1 的词是从 2600000011 的标题里挑的" in picked
    assert "# R1 的时限没有人定过" in picked
    assert duty("110", ruling("110", "CG", "天沟"), "words")["words"][:2] == ["天沟", "路灯不亮"]
    led = duty("301", ruling("301", "ZJ"), "leads")
    assert (led["lead"], led["assist"]) == ("ZJ", ["XF", "JD"])
    assert duty("301", ruling("301", "XF", "消防门"), "by-hand")["lead"] == "XF"
