"""Limits of speed: one account or one token waits, nobody beside it does, whatever address they share."""

from dataclasses import replace

import pytest

from dispatch.web.limits import PEOPLE, PROGRAMS, WORDS, Limits, Rate, TooFast, kind_of
from tests.factories import CLERK, FIRE_DOOR, XF, ZJ, World, open_world
from tests.web.browsing import HTML, somebody
from tests.web.test_admission import picture

FEW = {kind: Rate(2, 0.1) for kind in PEOPLE}


class Watch:
    """A clock that is set by hand, in seconds."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def watch(world: World, monkeypatch: pytest.MonkeyPatch) -> Watch:
    """The service of `world` with limits of two at once, then one in ten seconds."""
    monkeypatch.setattr("dispatch.web.limits.PEOPLE", FEW)
    monkeypatch.setattr("dispatch.web.limits.PROGRAMS", FEW)
    watch = Watch()
    world.deps.limits = Limits(clock=watch)
    return watch


@pytest.mark.parametrize(
    ("method", "route", "searching", "kind"),
    [
        ("POST", "/api/v1/photos", False, "photo"),
        ("POST", "/whistle/photo", False, "photo"),
        ("POST", "/whistle", False, "raise"),
        ("POST", "/chain/raise", False, "raise"),
        ("GET", "/queue/export", True, "export"),
        ("GET", "/street/export", False, "export"),
        ("GET", "/api/v1/whistles", True, "search"),
        ("GET", "/api/v1/whistles", False, None),
        ("GET", "/w/{number}", False, None),
        ("POST", "/api/v1/routing/explain", False, "search"),
        ("POST", "/rules/{kind}/check", False, "search"),
        ("POST", "/api/v1/actions", False, "write"),
        ("POST", "/w/{number}/do/{token}", False, "write"),
    ],
)
def test_what_a_request_counts_as(method: str, route: str, searching: bool, kind: str | None) -> None:
    assert kind_of(method, route, searching) == kind


def test_every_kind_has_its_words_and_a_rate_for_people_and_programs() -> None:
    assert WORDS.keys() == PEOPLE.keys() == PROGRAMS.keys()


async def test_photos_of_one_account_come_to_an_end_and_others_of_its_office_go_on(world: World, watch: Watch) -> None:
    one, other = await world.as_(CLERK), await world.as_(XF)
    sent = {"files": {"file": ("a.jpg", picture())}}
    assert [(await one.post("/api/v1/photos", **sent)).status_code for _ in range(3)] == [201, 201, 429]
    assert (await other.post("/api/v1/photos", **sent)).status_code == 201, "from the same address"
    refused = await one.post("/api/v1/photos", headers={"accept-language": "en"}, **sent)
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["retry-after"] == "10"
    assert refused.json()["detail"] == "Too many photos too quickly; wait 10 s, then upload again"
    assert (refused.json()["code"], refused.json()["value"]) == ("too-fast", "photo")
    watch.now += 10
    assert [(await one.post("/api/v1/photos", **sent)).status_code for _ in range(2)] == [201, 429]


async def test_a_person_is_told_on_a_page_in_their_language(world: World, watch: Watch) -> None:
    browser = (await somebody(world, XF)).client
    for _ in range(2):
        assert (await browser.get("/queue/export?as=csv", headers=HTML)).status_code == 200
    page = await browser.get("/queue/export?as=csv", headers=HTML)
    assert (page.status_code, page.headers["retry-after"]) == (429, "10")
    assert "请等 10 秒再导出" in page.text
    assert page.headers["content-type"].startswith("text/html")
    watch.now += 3
    assert (await browser.get("/queue/export?as=csv", headers=HTML)).headers["retry-after"] == "7"


async def test_sessions_of_one_account_share_a_limit_and_its_token_has_its_own(world: World, watch: Watch) -> None:
    desk, telephone = (await somebody(world, XF)).client, (await somebody(world, XF)).client
    program = await world.as_(XF)
    asked = "/api/v1/whistles?q=x"
    said = [(await who.get(asked)).status_code for who in (desk, telephone, desk, program)]
    assert said == [200, 200, 429, 200]


async def test_no_limits_where_the_setting_says_so(demo_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dispatch.web.limits.PROGRAMS", FEW)
    world = await open_world(demo_url, limits=Limits(0))
    client = await world.as_(ZJ)
    assert {(await client.get("/api/v1/whistles?q=x")).status_code for _ in range(5)} == {200}
    await world.close()


async def test_what_has_run_out_is_forgotten(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dispatch.web.limits.MOST", 3)
    watch = Watch()
    limits = Limits(clock=watch)
    for n in range(3):
        limits._take(f"person:{n}", "write", Rate(1, 1))
    watch.now += 5
    limits._take("person:9", "write", Rate(1, 1))
    assert set(limits._used) == {("person:9", "write")}


def test_a_person_at_full_speed_does_not_meet_them() -> None:
    watch = Watch()
    limits = Limits(clock=watch)
    for _photo in range(9 * 20):  # nine for each of twenty whistles that waited for the network
        assert limits._take("person:p", "photo", PEOPLE["photo"]) == 0
    for _second in range(3600):  # a key pressed each quarter of a second, for an hour
        watch.now += 1
        assert [limits._take("person:p", "search", PEOPLE["search"]) for _ in range(4)] == [0] * 4
    narrow = replace(PEOPLE["write"], burst=1, per_second=1)
    assert limits._take("person:q", "write", narrow) == 0
    assert limits._take("person:q", "write", narrow) == pytest.approx(1)
    assert TooFast("write", 1).words() == "提交得太快了；请等 1 秒再提交"


async def test_whistles_of_a_person_are_counted_and_those_of_a_program_are_not(world: World, watch: Watch) -> None:
    person, program = await somebody(world, CLERK), await world.as_(CLERK)
    csrf = {"x-csrf-token": (await person.get("/whistle")).forms[0].value("csrf")}
    body = {"body": FIRE_DOOR}
    sent = [await person.client.post("/api/v1/whistles", json=body, headers=csrf) for _ in range(3)]
    assert [answer.status_code for answer in sent] == [201, 201, 429]
    assert (sent[2].headers["retry-after"], sent[2].json()["code"]) == ("10", "too-fast")
    assert [(await program.post("/api/v1/whistles", json=body)).status_code for _ in range(3)] == [201] * 3
