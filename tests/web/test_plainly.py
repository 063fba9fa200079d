"""What people read on pages names nothing that only programs send; the API keeps its names."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest

from dispatch.domain.refusals import Invalid
from dispatch.steps.reading.marked import FileError
from dispatch.web import catalog, i18n, plainly, problems
from tests.factories import CLERK, COMMUNITY_HEAD, FIRE_DOOR, SLOW, XF, World
from tests.web.listening import browse

#: names of headers, parameters, files and interfaces
TECHNICAL = re.compile(r"Idempotency-Key|Authorization|cursor|\.yaml|接口文档|openapi|在 words|（[a-z_]+）")
#: said where only programs or whoever looks after the system read
ELSEWHERE = {"写在 calendars.yaml 里，在那里改", "他在统一身份里的标识（sub）；留空就是解除"}
PLACES = re.compile(r"\{\w+\}")
LONG = "很" * 10_001


def test_every_sentence_with_a_technical_name_has_another_for_pages() -> None:
    api = {*problems._FAULTS.values(), problems._REMEDIES[401], *ELSEWHERE}
    api |= {problems._REMEDIES[status] for status in plainly.REMEDIES}
    named = {one for one in catalog.messages() if TECHNICAL.search(one)} - api
    assert named - plainly.SENTENCES.keys() == set()


def test_sentences_for_pages_are_of_sentences_that_there_are() -> None:
    assert plainly.SENTENCES.keys() <= set(catalog.messages())
    for api, page in plainly.SENTENCES.items():
        assert set(PLACES.findall(page)) <= set(PLACES.findall(api)), page
        assert not TECHNICAL.search(page)
    assert not [one for one in plainly.REMEDIES.values() if TECHNICAL.search(one)]


@pytest.mark.parametrize(("lang", "unfilled"), [("zh", "没有填写"), ("en", "othing is filled in")])
def test_no_refusal_quotes_what_is_empty(lang: str, unfilled: str) -> None:
    for sentence in (one for one in catalog.messages() if "「{value}」" in one):
        others = dict.fromkeys({name[1:-1] for name in PLACES.findall(sentence)} - {"value"}, "几")
        for empty in ("", " ", None):
            refusal = Invalid(sentence, field="f", value=empty, **others)
            with i18n.speaking(lang):
                assert unfilled in problems.said(refusal), sentence
            assert "「」" not in str(refusal)


def test_what_is_to_be_filled_in_is_still_said() -> None:
    place = Invalid("没有「{value}」这个地点，请从地点列表里选", field="place", value="")
    assert (str(place), problems.said(place)) == ("没有填写，请从地点列表里选",) * 2
    name = Invalid("名字要 1 到 {most} 个字，「{value}」有 {n} 个；请换一个", field="name", value="", most=20, n=0)
    assert problems.said(name) == "名字要 1 到 20 个字，没有填写；请换一个"
    line = Invalid("第 {n} 行没有「{value}」这个人；请写工号，用空格隔开", field="rota", value="", n=3)
    assert problems.said(line) == "第 3 行没有填写；请写工号，用空格隔开"
    with i18n.speaking("en"):
        assert problems.said(place) == "Nothing is filled in; choose one from the list of places"
        assert problems.said(line).startswith("Line 3")
    assert problems.of_refusal(place)["value"] == ""
    fault = FileError("duties.yaml", 3, "words", "", "缺少这一项，请补上")
    assert str(fault) == "duties.yaml:3 words:缺少这一项，请补上"


async def test_an_act_s_form_that_was_used_is_said_and_goes_with_another_key(world: World) -> None:
    number = (await world.whistle(FIRE_DOOR))["number"]
    fire = await browse(world, XF)
    page = f"/w/{number}/do/note"
    key = str(uuid4())
    await fire.get(page)
    await fire.post(page, {"text": "到了楼下", "key": key})
    again = (await fire.post(page, {"text": "门打开了", "key": key}, 409)).text
    assert "这张表上次已经办过了" in again
    assert "Idempotency-Key" not in again
    assert "门打开了" in again, "what was typed stays"
    fresh = re.search(r'name="key" value="([^"]+)"', again)
    assert fresh
    assert fresh[1] != key
    await fire.post(page, {"text": "门打开了", "key": fresh[1]})
    seen = await fire.get(f"/w/{number}")
    assert "到了楼下" in seen
    assert "门打开了" in seen


async def test_a_field_is_called_as_the_page_calls_it(world: World) -> None:
    number = (await world.whistle(FIRE_DOOR))["number"]
    fire, clerk = await browse(world, XF), await browse(world, CLERK)
    await fire.get(f"/w/{number}/do/note")
    page = (await fire.post(f"/w/{number}/do/note", {"text": LONG}, 422)).text
    assert "「进展」太长，最多 10000 个字" in page
    await clerk.get("/whistle")
    sent = {
        "body": "路灯不亮",
        "danger": "no",
        "step": "send",
        "source_channel": "12345 热线",
        "source_number": "1" * 300,
    }
    page = (await clerk.post("/whistle", sent, 422)).text
    assert "「来源编号」太长" in page
    assert 'href="#f-source_number"' in page


async def test_below_the_street_a_form_that_was_used_goes_with_another_key(world: World) -> None:
    head = await browse(world, COMMUNITY_HEAD)
    await head.get("/chain/raise")
    sent = {"body": SLOW, "danger": "0", "first": "here", "key": "once"}
    await head.post("/chain/raise", sent)
    page = (await head.post("/chain/raise", {**sent, "body": SLOW + "，第二天"}, 409)).text
    assert "这张表已经报过一件（" in page
    assert 'href="#f-body"' in page
    assert 'name="key" value="once"' not in page


async def test_an_error_page_tells_a_person_what_to_do_and_a_program_its_own(world: World) -> None:
    clerk = await browse(world, CLERK)
    page = await clerk.get("/whistle/preview", 405)
    assert "请从页面上的链接和按钮进" in page
    assert "openapi" not in page
    told = (await clerk.client.get("/whistle/preview")).json()
    assert "/openapi.json" in told["remedy"]
    page = await clerk.get("/street?status=nonsense", 422)
    assert "没有「nonsense」这个状态，请从页面上列出的选" in page
    assert "请看接口文档" in (await clerk.client.get("/street?status=nonsense")).json()["detail"]
