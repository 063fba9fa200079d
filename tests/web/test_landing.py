"""The landing page: who one may be, the one minute, language and display, files."""

from __future__ import annotations

import re

import pytest

from tests.factories import (
    BUILDING_HEAD,
    CLERK,
    COMMUNITY_HEAD,
    DESK,
    XF,
    World,
)
from tests.web.browsing import Page, Person, somebody


async def test_landing_switch_display_language_and_files(world: World) -> None:
    person = Person(world, world.client())
    landing = await person.get("/")
    assert "你是哪一位" in landing.text
    for role in ("街道经办", "部门联络员", "社区书记", "区调度台"):
        assert role in landing.text
    assert "每级 15 秒" in landing.text
    await _minute_opens(world, person, landing)
    fragment = await person.client.get("/demo/ladder")
    assert 'class="ladder' in fragment.text
    assert "没人来签收" in fragment.text
    await _minute_ends(world, person, landing)
    english = await person.get("/language?to=en&next=/")
    assert 'lang="en"' in english.html
    assert "Who are you" in english.text or "Which" in english.text
    settings = await person.get("/display?next=/")
    shown = await person.send(settings.form("/display"), theme="dark", contrast="more", text="larger")
    assert 'data-theme="dark" data-contrast="more" data-text="larger"' in shown.html
    file = next(href for href in re.findall(r'href="(/static/[^"]+)"', landing.html) if "tokens" in href)
    assert "immutable" in (await person.client.get(file)).headers["cache-control"]
    assert "immutable" not in (await person.client.get(file.split("?")[0])).headers["cache-control"]
    assert (await person.client.get("/static/../app.py")).status_code == 404
    assert (await person.get("/design")).status == 200
    assert (await person.get("/design/whistle")).status == 200


async def _minute_ends(world: World, stranger: Person, landing: Page) -> None:
    """Once somebody has done something about it, an open page says what, and no longer that nobody came."""
    number = re.search(r"打开这条哨 (\d{10})", landing.text)
    assert number
    clerk = await somebody(world, CLERK)
    await clerk.act(number[1], "cancel", reason="看完了")
    fragment = await stranger.client.get("/demo/ladder")
    assert "已撤哨" in fragment.text
    assert "没人来签收" not in fragment.text


async def _minute_opens(world: World, stranger: Person, landing: Page) -> None:
    """The whistle that climbs is there for the cards that lead to it; who may not see it is told who may."""
    number = re.search(r"打开这条哨 (\d{10})", landing.text)
    assert number
    url = f"/w/{number[1]}"
    assert f'href="/?next={url}"' in landing.html
    assert "先选街道经办" in landing.text
    onward = await stranger.get(f"/?next={url}")
    cards = onward.html.split('<ul class="cards">')[1].split("</ul>")[0]
    assert re.findall(r'name="next" value="([^"]+)"', cards) == [url, "/queue", url, url]
    for seat in (CLERK, COMMUNITY_HEAD, BUILDING_HEAD, DESK):
        one = await somebody(world, seat)
        assert (await one.get(url)).status == 200
        assert f'href="{url}"' in (await one.get("/")).html
    fire = await somebody(world, XF)
    assert (await fire.get(url)).status == 404
    assert f'href="/?next={url}"' in (await fire.get("/")).html


@pytest.mark.parametrize(
    ("wanted", "words", "english"),
    [
        ("/street", "我街道的哨", "My street's whistles"),
        ("/street?status=resolved", "待核查", ""),
        ("/queue?lamp=red", "待办", ""),
        ("/queue/load?unit=XF", "本单位负荷", ""),
        ("/desk/hand-backs", "调度台", ""),
        ("/admin/log?of=x", "管理记录", ""),
        ("/w/2600000003/do/resolve", "哨 2600000003", "Whistle 2600000003"),
        ("/account", "刚才要看的那一页", "the page you were going to"),
    ],
)
async def test_whoever_lost_the_session_reads_in_words_where_they_were_going(
    world: World, wanted: str, words: str, english: str
) -> None:
    person = Person(world, world.client())
    landing = await person.get(wanted)
    assert landing.path == "/"
    assert re.findall(r'<a href="([^"]+)">([^<]+)</a>', landing.html.split("先选一个身份")[1])[0] == (wanted, words)
    if english:
        person.client.cookies.set("lang", "en")
        assert english in (await person.get(wanted)).text.split("then the page opens")[1]
