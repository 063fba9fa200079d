"""Filters kept under a name, by somebody without JavaScript: the link is the filter and nothing but the filter."""

from urllib.parse import quote

import pytest

from tests.factories import CLERK, DESK, OTHER_CLERK, STREET, XF, World
from tests.web.browsing import Page, Person, somebody

PAGE = "/account/filters"


async def keep(person: Person, path: str, name: str) -> Page:
    """Open a list and keep its filter."""
    page = await person.get(path)
    return await person.send(page.form(PAGE), name=name)


def address(page: Page) -> str:
    return page.answer.url.raw_path.decode()


async def test_a_filter_is_kept_used_renamed_and_deleted(world: World) -> None:
    await world.whistle()
    fire = await somebody(world, XF)
    plain = await fire.get("/queue")
    assert "常用筛选" not in plain.text, "nothing filtered, nothing kept"
    page = await keep(fire, "/queue?lamp=green&role=lead&cursor=&select=1", "绿的主办")
    assert (page.status, address(page)) == (200, "/queue?role=lead&lamp=green")
    assert 'aria-current="page">绿的主办' in page.html
    assert [form for form in page.forms if form.action == PAGE] == [], "kept already"
    assert (await fire.get("/queue")).links("role=lead&amp;lamp=green")[0] == "/queue?role=lead&lamp=green"
    page = await fire.get(PAGE)
    page = await fire.get(page.links("rename=")[0])
    page = await fire.send(page.form(f"{PAGE}/rename"), name="")
    assert page.status == 422
    assert "名字要 1 到 20 个字，没有填写；请换一个" in page.text
    page = await fire.send(page.form(f"{PAGE}/rename"), name="先办这些")
    assert (page.path, "先办这些" in page.text, "绿的主办" in page.text) == (PAGE, True, False)
    page = await fire.send(page.form(f"{PAGE}/delete"))
    assert "还没有存过常用筛选" in page.text
    assert "先办这些" not in (await fire.get("/queue")).text
    assert await world.count("administration_log") == 0, "a preference is in no log"


async def test_each_list_has_its_own(world: World) -> None:
    clerk, desk = await somebody(world, CLERK), await somebody(world, DESK)
    page = await keep(clerk, f"/street?status=open&place={STREET}-D01&q=%20%20门%20%20锁", "门锁")
    assert address(page) == f"/street?place={STREET}-D01&status=open&q=" + quote("门") + "+" + quote("锁")
    assert "门锁" in page.text
    assert "门锁" not in (await clerk.get("/all?lamp=red")).text
    page = await keep(desk, f"/all?street={STREET}&due=week", "东柳七天")
    assert "东柳七天" in page.text
    page = await keep(desk, "/queue?unit=XF&rework=yes", "消防返工")
    assert address(page) == "/queue?unit=XF&rework=1"
    page = await desk.get(PAGE)
    assert [part in page.text for part in ("东柳七天", "消防返工", "门锁")] == [True, True, False]


@pytest.mark.parametrize(
    ("onward", "said"),
    [
        ("/queue?part=<script>", "没有「<script>」这个筛选"),
        ("/queue?role=secret", "没有「secret」这个筛选"),
        ("/queue?lamp=blue", "没有「blue」这种灯"),
        ("/queue?due=never", "没有「never」这种到期"),
        ("/queue?q=" + "长" * 61, "要找的词太长"),
        ("/queue?note=secret&cursor=x&changed=1", "什么也没筛"),
        ("/desk?lamp=red", "不是能存筛选的列表"),
        ("//evil.example/queue?lamp=red", "不是能存筛选的列表"),
    ],
)
async def test_nothing_but_a_filter_is_kept(world: World, onward: str, said: str) -> None:
    fire = await somebody(world, XF)
    form = (await fire.get("/queue?lamp=red")).form(PAGE)
    page = await fire.send(form, name="红的", next=onward)
    assert page.status == 422
    assert said in page.text
    assert page.form(PAGE).value("name") == "红的", "what was typed stays"
    assert await world.count("saved_filter") == 0


async def test_a_list_that_one_may_not_open_cannot_be_kept(world: World) -> None:
    fire = await somebody(world, XF)
    form = (await fire.get("/queue?lamp=red")).form(PAGE)
    for onward in ("/queue?unit=ZJ&lamp=red", "/street?status=closed"):
        assert (await fire.send(form, name="红的", next=onward)).status == 403
    assert (await fire.send(form, name="红的", next="/queue?unit=none&lamp=red")).status == 404
    assert (await fire.send(form, name="红的", csrf="")).status == 403
    assert await world.count("saved_filter") == 0


async def test_another_ones_answers_as_none(world: World) -> None:
    one, other = await somebody(world, CLERK), await somebody(world, OTHER_CLERK)
    await keep(one, "/street?status=closed", "办完的")
    form = (await one.get(PAGE)).form(f"{PAGE}/delete")
    token = (await other.get(PAGE)).forms[-1].value("csrf")
    id, none = form.value("id"), "01978f3c-8a40-7c31-9d5e-2f60d9c7ab01"
    answers = [
        [
            (await other.get(f"{PAGE}?rename={of}")).status,
            (await other.client.post(f"{PAGE}/rename", data={"csrf": token, "id": of, "name": "我的"})).status_code,
            (await other.client.post(f"{PAGE}/delete", data={"csrf": token, "id": of})).status_code,
        ]
        for of in (id, none)
    ]
    assert answers == [[404, 404, 404]] * 2
    assert "办完的" in (await one.get("/street")).text
    assert "办完的" not in (await other.get("/street?status=closed")).text


async def test_the_refusals_are_said_in_english_too(world: World) -> None:
    fire = await somebody(world, XF)
    await keep(fire, "/queue?lamp=red", "red")
    fire.client.cookies.set("lang", "en")
    await fire.get("/language?to=en&next=/queue")
    page = await fire.send((await fire.get("/queue?lamp=green")).form(PAGE), name="RED")
    assert page.status == 422
    assert "This list already has “red”; please choose another name" in page.text
