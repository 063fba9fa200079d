"""Administration: who may, one-time links, authenticators, sessions, tokens; each change is written down."""

import re
from urllib.parse import urlsplit

import pytest

from dispatch.steps import sign_in
from tests.factories import ADMIN, AUDITOR, CLERK, DESK, World, open_world
from tests.web.browsing import HTML, Page, Person, somebody

PASSWORD = "correct horse battery"


async def done(world: World) -> list[tuple[str, str, str]]:
    """The log: who did what to whom."""
    async with world.database.acquire() as connection:
        rows = await connection.fetch("SELECT person, action, subject FROM administration_log ORDER BY at, id")
    return [tuple(row) for row in rows]


def once(page: Page) -> str:
    """What a page shows this once."""
    found = re.findall(r"<code>([^<]+)</code>", page.html)
    assert len(found) == 1, page.text
    return str(found[0])


async def link(admin: Person, person: str = CLERK) -> str:
    """A one-time link as the administrator reads it: its path."""
    page = await admin.get(f"/admin/people/{person}")
    return urlsplit(once(await admin.send(page.form(f"/admin/people/{person}/link")))).path


def stranger(world: World) -> Person:
    return Person(world, world.client())


async def test_people_are_found_by_name_account_and_seat(world: World) -> None:
    admin = await somebody(world, ADMIN)
    assert (await admin.get("/all")).links("/admin") == ["/admin", "/admin"]
    page = await admin.get("/admin")
    assert "下一页" in page.text
    first, second = page.links("/admin/people/"), (await admin.get(page.links("after=")[0])).links("/admin/people/")
    assert len(first) == len(second) == 50
    assert not set(first) & set(second)
    for given in ("130403011.clerk", CLERK, "XF:liaison"):
        found = await admin.get(f"/admin?q={given}")
        assert len(found.links("/admin/people/")) >= 1, given
    assert "没有找到" in (await admin.get("/admin?q=nobody")).text
    person = await admin.get(f"/admin/people/{CLERK}")
    assert "街道经办" in person.text
    assert (await admin.get("/admin/people/nobody")).status == 404


@pytest.mark.parametrize("seat", [CLERK, DESK, AUDITOR])
async def test_nobody_else_administers(world: World, seat: str) -> None:
    other = await somebody(world, seat)
    csrf = (await other.get("/display")).forms[-1].value("csrf")
    for path in ("/admin", f"/admin/people/{CLERK}", "/admin/tokens", "/admin/sessions"):
        assert (await other.get(path)).status == 403, path
    for path in (f"/admin/people/{CLERK}/link", f"/admin/people/{CLERK}/second-factor", "/admin/sessions/end",
                 "/admin/tokens", "/admin/tokens/revoke"):  # fmt: skip
        answer = await other.client.post(path, data={"csrf": csrf, "person": CLERK}, headers=HTML)
        assert answer.status_code == 403, path
    assert (await other.get("/admin/log")).status == (200 if seat == AUDITOR else 403)
    assert await done(world) == []


async def test_a_link_is_used_by_the_press_and_not_by_looking(world: World) -> None:
    admin, person = await somebody(world, ADMIN), stranger(world)
    path = await link(admin)
    for _ in range(3):  # scanners of mail and chat
        scanner = stranger(world)
        assert (await scanner.client.head(path)).status_code in (200, 405)
        assert (await scanner.get(path)).status == 200
    page = await person.get(path)
    page = await person.send(page.form(path))
    assert page.path == "/password"
    assert 'name="old"' not in page.html
    assert (await person.get("/street")).path == "/password", "a password comes before anything else"
    refused = await person.send(page.form("/password"), new="Password2024!", again="Password2024!")
    assert "太好猜" in refused.text
    await person.send(page.form("/password"), new=PASSWORD, again=PASSWORD)
    assert (await person.client.get("/api/v1/me")).json()["person"] == CLERK
    page = await person.get("/password")
    assert 'name="old"' in page.html, "from now on the old one is asked for"
    assert (await person.send(page.form("/password"), new=PASSWORD + "x", again=PASSWORD + "x")).status == 422
    assert isinstance(
        await sign_in.sign_in(world.database, world.deps.sealer, "130403011.clerk", PASSWORD), sign_in.Session
    )
    again = await stranger(world).get(path)
    assert (again.status, "用过了或者过期了" in again.text) == (404, True)
    administrator = (await admin.client.get("/api/v1/me")).json()["person"]
    assert await done(world) == [
        (administrator, "link-made", CLERK),
        (CLERK, "link-used", CLERK),
        (CLERK, "password-changed", CLERK),
    ]


async def test_reloading_the_page_of_a_new_link_leaves_the_one_that_was_copied(world: World) -> None:
    admin = await somebody(world, ADMIN)
    form = (await admin.get(f"/admin/people/{CLERK}")).form(f"/admin/people/{CLERK}/link")
    url = once(await admin.send(form))
    again = await admin.send(form)
    assert (again.status, "已经开好、显示过了" in again.text, url in again.html) == (409, True, False), again.text
    assert [action for _who, action, _whom in await done(world)] == ["link-made"]
    assert "用过了或者过期了" not in (await stranger(world).get(urlsplit(url).path)).text
    assert await link(admin) != urlsplit(url).path, "the page opened anew makes another"
    async with world.database.acquire() as connection:
        assert form.value("form") not in str(await connection.fetch("SELECT * FROM ticket"))


async def test_a_link_ends_with_time_with_the_next_and_with_signing_out(world: World) -> None:
    admin = await somebody(world, ADMIN)
    paths = [await link(admin), await link(admin)]
    assert [(await stranger(world).get(path)).status for path in paths] == [404, 200]
    async with world.database.acquire() as connection:
        kept = await connection.fetch("SELECT sha256 FROM ticket WHERE kind = 'link'")
    assert [row["sha256"] for row in kept] == [sign_in.digest(paths[1].rsplit("/", 1)[-1])]
    await sign_in.sign_out_everywhere(world.database, CLERK)
    assert (await stranger(world).get(paths[1])).status == 404
    path = await link(admin)
    person = stranger(world)
    page = await person.get(path)
    async with world.database.transaction() as uow:
        await uow.connection.execute("UPDATE ticket SET expires_at = $1", await uow.now())
    assert (await person.send(page.form(path))).status == 404
    assert (await person.client.post(path, data={})).status_code == 403


async def test_another_ones_session_is_ended(world: World) -> None:
    admin, clerk, desk = [await somebody(world, seat) for seat in (ADMIN, CLERK, DESK)]
    page = await admin.get("/admin/sessions")
    ends = {form.value("person"): form for form in page.forms if form.action == "/admin/sessions/end"}
    assert CLERK in ends
    assert ADMIN not in ends, "not this one"
    await admin.send(ends[CLERK])
    assert (await clerk.client.get("/api/v1/me")).status_code == 401
    assert (await admin.send(ends[CLERK])).status == 404
    person = next(person for person in ends if person != CLERK)
    page = await admin.get(f"/admin/people/{person}")
    await admin.send(next(form for form in page.forms if not form.value("session") and form.value("person")))
    assert (await desk.client.get("/api/v1/me")).status_code == 401
    assert [action for _who, action, _whom in await done(world)] == ["session-ended", "sessions-ended"]
    assert "退出了一处登录" in (await (await somebody(world, AUDITOR)).get("/admin/log")).text


async def test_a_token_is_shown_once_works_and_is_revoked(world: World) -> None:
    admin = await somebody(world, ADMIN)
    page = await admin.get("/admin/tokens?account=130403011.clerk")
    form = next(one for one in page.forms if one.value("person"))
    page = await admin.send(form, name="12345 系统", scopes=["read"], days="30", reason="对接 12345")
    token = once(page)
    assert token not in (await admin.get("/admin/tokens")).html
    program = world.client(headers={"Authorization": f"Bearer {token}"})
    assert (await program.get("/api/v1/me")).json()["seat"] == CLERK
    assert (await program.post("/api/v1/whistles", json={"body": "a"})).status_code == 403
    page = await admin.get("/admin/tokens")
    assert "12345 系统" in page.text
    revoke = page.form("/admin/tokens/revoke")
    await admin.send(revoke)
    assert (await program.get("/api/v1/me")).status_code == 401
    assert (await admin.send(revoke)).status == 404
    assert [action for _who, action, _whom in await done(world)] == ["token-made", "token-revoked"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": ""}, "1 到 60"),
        ({"name": "x" * 61}, "1 到 60"),
        ({"seat": DESK}, "不是这个人的岗位"),
        ({"scopes": ["everything"]}, "没有「everything」这种权限"),
        ({"scopes": []}, "至少勾一项"),
        ({"scopes": ["read", "act"]}, "只能由本人"),
        ({"reason": " "}, "本人看得到"),
        ({"days": "365"}, "有效期"),
        ({"days": "100000"}, "有效期"),
        ({"days": "²"}, "有效期"),
    ],
)
async def test_what_is_wrong_with_a_token_is_said(world: World, given: dict[str, str], said: str) -> None:
    admin = await somebody(world, ADMIN)
    page = await admin.get("/admin/tokens?account=130403011.clerk")
    form = next(one for one in page.forms if one.value("person"))
    page = await admin.send(form, **{"name": "接口", "days": "30", "scopes": ["read"], "reason": "对接", **given})
    assert (page.status, said in page.text) == (422, True), page.text
    assert "没有「nobody」" in (await admin.get("/admin/tokens?account=nobody")).text
    assert await done(world) == []


async def test_whoever_holds_the_seat_hears_of_a_token_and_ends_it(world: World) -> None:
    admin, clerk, desk = [await somebody(world, seat) for seat in (ADMIN, CLERK, DESK)]
    assert "令牌" not in (await clerk.get("/street")).text
    page = await admin.get("/admin/tokens?account=130403011.clerk")
    form = next(one for one in page.forms if one.value("person"))
    token = once(await admin.send(form, name="大屏", scopes=["read"], days="30", reason="街道大屏要看"))
    world.deps.principals.sessions.clear()
    page = await clerk.get("/street")
    assert "管理员替您的岗位开了一个令牌" in page.text
    assert "管理员替" not in (await desk.get("/desk")).text
    page = await clerk.get(page.links("/account/tokens")[0])
    assert "管理员代开：街道大屏要看" in page.text
    assert "管理员替" not in (await clerk.get("/street")).text, "it was seen"
    program = world.client(headers={"Authorization": f"Bearer {token}"})
    assert (await program.get("/api/v1/me")).status_code == 200
    end = page.form("/account/tokens/end")
    assert (await desk.client.post(end.action, data={"csrf": (await desk.get("/account/tokens")).forms[0].value("csrf"),
                                                     "token": end.value("token")})).status_code == 404  # fmt: skip
    await clerk.send(end)
    assert (await program.get("/api/v1/me")).status_code == 401
    assert "大屏，街道大屏要看" in (await admin.get("/admin/log")).text


async def test_a_token_that_acts_is_made_by_whoever_holds_the_seat(world: World) -> None:
    clerk = await somebody(world, CLERK)
    form = (await clerk.get("/account/tokens")).form("/account/tokens")
    for wrong, said in (
        ({"scopes": []}, "至少勾一项"),
        ({"seat": DESK}, "不是这个人的岗位"),
        ({"name": ""}, "1 到 60"),
    ):
        page = await clerk.send(form, **{"name": "我的脚本", "scopes": ["act"], "days": "365", **wrong})
        assert (page.status, said in page.text) == (422, True), page.text
    page = await clerk.send(form, name="我的脚本", scopes=["read", "act"], days="365")
    program = world.client(headers={"Authorization": f"Bearer {once(page)}"})
    me = (await program.get("/api/v1/me")).json()
    assert me["seat"] == CLERK
    page = await clerk.get("/account/tokens")
    assert "我的脚本" in page.text
    assert await done(world) == [(CLERK, "token-made", CLERK)]


async def test_reloading_the_page_of_a_new_token_makes_no_second_one(world: World) -> None:
    admin, clerk = await somebody(world, ADMIN), await somebody(world, CLERK)
    page = await admin.get("/admin/tokens?account=130403011.clerk")
    form = next(one for one in page.forms if one.value("person"))
    own = (await clerk.get("/account/tokens")).form("/account/tokens")
    assert own.value("id") != form.value("id") != ""
    for who, sent, given in (
        (admin, form, {"name": "大屏", "scopes": ["read"], "days": "30", "reason": "街道大屏要看"}),
        (clerk, own, {"name": "我的脚本", "scopes": ["read"], "days": "30"}),
    ):
        token = once(await who.send(sent, **given))
        again = await who.send(sent, **given)
        assert (again.status, "已经开好、显示过了" in again.text, token in again.html) == (409, True, False), again.text
    assert [action for _who, action, _whom in await done(world)] == ["token-made", "token-made"]
    async with world.database.acquire() as connection:
        names = await connection.fetch("SELECT name FROM api_token WHERE name IN ('大屏', '我的脚本')")
        assert len(names) == 2


async def test_an_administrator_of_another_district_sees_nobody(demo_url: str) -> None:
    world = await open_world(demo_url)
    try:
        admin = await somebody(world, ADMIN)
        async with world.database.transaction() as uow:
            await uow.connection.execute(
                "INSERT INTO person (code, district, name, active) VALUES ('other', '130404', '外区', true)"
            )
            await uow.connection.execute(
                "INSERT INTO account (person, sign_in, must_change, failures) VALUES ('other', 'other', false, 0)"
            )
        assert (await admin.get("/admin/people/other")).status == 404
        assert "没有找到" in (await admin.get("/admin?q=other")).text
        assert "没有「other」" in (await admin.get("/admin/tokens?account=other")).text
        csrf = (await admin.get("/admin")).forms[0].value("csrf")
        for path in ("/admin/people/other/link", "/admin/people/other/second-factor", "/admin/sessions/end"):
            answer = await admin.client.post(path, data={"csrf": csrf, "person": "other"}, headers=HTML)
            assert answer.status_code == 404, path
    finally:
        await world.close()


@pytest.mark.parametrize("query", ["before=x", "before=2026-01-01", "after=%00", "q=%00", "before=99999999999"])
async def test_what_nobody_types_is_refused_clearly(world: World, query: str) -> None:
    admin = await somebody(world, ADMIN)
    for path in ("/admin", "/admin/log", "/admin/sessions", "/admin/tokens"):
        assert (await admin.get(f"{path}?{query}")).status < 500
    assert (await admin.get("/admin/tokens?account=%00")).status < 500
    assert (await admin.get("/admin/people/%00")).status < 500


async def test_whose_account_it_is_hears_of_a_link_until_they_say_so_from_another_way_in(world: World) -> None:
    admin, clerk, thief = await somebody(world, ADMIN), await somebody(world, CLERK), stranger(world)
    path = await link(admin)
    world.deps.principals.sessions.clear()
    assert "管理员替您的账号开了一次性登录链接" in (await clerk.get("/street")).text
    page = await clerk.get("/account")
    assert "示例管理员甲" in page.text
    assert "管理员替" not in (await admin.get("/admin")).text
    await clerk.send(page.form("/account/news"))
    page = await clerk.get("/account")
    assert "/account/news" not in [form.action for form in page.forms]
    assert "管理员替您的账号开了一次性登录链接" in page.text, "what happened stays to be seen"
    assert "管理员替" not in (await clerk.get("/street")).text
    await thief.send((await thief.get(path)).form(path))
    password = await thief.get("/password")
    await thief.send(password.form("/password"), new=PASSWORD, again=PASSWORD)
    page = await thief.get("/account")
    assert "/account/news" not in [form.action for form in page.forms], (
        "whoever came by the link cannot say it for them"
    )
    csrf = page.forms[-1].value("csrf")
    assert (await thief.client.post("/account/news", data={"csrf": csrf}, headers=HTML)).status_code == 303
    owner = stranger(world)
    page = await owner.get("/sign-in")
    await owner.send(page.form("/sign-in"), name="130403011.clerk", password=PASSWORD)
    assert "您的密码改过了" in (await owner.get("/street")).text
    assert "有人用一次性链接登录了您的账号" in (await owner.get("/account")).text


async def test_letting_others_in_takes_the_password_or_the_code_again(world: World) -> None:
    await sign_in.set_password(world.database, world.deps.sealer, ADMIN, PASSWORD, must_change=False)
    admin = stranger(world)
    page = await admin.get("/sign-in")
    await admin.send(page.form("/sign-in"), name="130403.administrator", password=PASSWORD)
    url = f"/admin/people/{CLERK}"
    form = (await admin.get(url)).form(f"{url}/link")
    for given, said in (("", "先证明是您本人"), ("wrong", "现在的密码不对")):
        page = await admin.send(form, **{"proof-link": given})
        assert (page.status, said in page.text) == (422, True), page.text
    page = await admin.get("/admin/tokens?account=130403011.clerk")
    wanted = next(one for one in page.forms if one.value("person"))
    page = await admin.send(wanted, name="大屏", scopes=["read"], days="30", reason="街道大屏要看")
    assert (page.status, "先证明是您本人" in page.text) == (422, True)
    assert await done(world) == []
    assert once(await admin.send(form, **{"proof-link": PASSWORD}))
    async with world.database.transaction() as uow:
        await uow.connection.execute("UPDATE account SET password_hash = NULL WHERE person = $1", ADMIN)
        await uow.connection.execute("UPDATE web_session SET created_at = created_at - interval '11 minutes'")
    page = await admin.send((await admin.get(url)).form(f"{url}/link"))
    assert (page.status, "请退出再登录" in page.text) == (422, True), "came another way, and long ago"
