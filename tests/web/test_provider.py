"""Signing in by another provider: against a certified one, run by node; and what a false one might send."""

import base64
import json
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from dispatch.steps.provider import Provider
from tests.factories import ADMIN, CLERK, World, open_world
from tests.web.browsing import HTML, Person, somebody

HERE = Path(__file__).parent / "provider"
BUILT = Path(__file__).parents[2] / ".build" / "provider"
CLIENT, SECRET, BACK = "dispatch", "a secret / with + signs and more", "http://test/sign-in/provider/back"


def _install() -> None:
    """What package-lock.json names, once."""
    BUILT.mkdir(parents=True, exist_ok=True)
    done, lock = BUILT / "installed", (HERE / "package-lock.json").read_text()
    for name in ("package.json", "package-lock.json", "provider.mjs"):
        shutil.copy(HERE / name, BUILT / name)
    if not done.exists() or done.read_text() != lock:
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=BUILT, check=True, capture_output=True, timeout=180)
        done.write_text(lock)


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node or npm is lacking: a certified OpenID provider cannot run here")
    _install()
    command = ["node", "provider.mjs", CLIENT, SECRET, BACK]
    quiet = {**os.environ, "NODE_ENV": "test"}
    with subprocess.Popen(
        command, cwd=BUILT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=quiet
    ) as process:
        assert process.stdout
        said = process.stdout.readline().strip()
        try:
            assert said.startswith("http://127.0.0.1:"), process.stderr.read() if process.stderr else said
            yield said
        finally:
            process.kill()


@pytest.fixture
async def joined(demo_url: str, issuer: str) -> AsyncIterator[World]:
    made = await open_world(demo_url, provider=Provider(issuer, CLIENT, SECRET, BACK, "统一身份登录"))
    yield made
    await made.close()


async def at_the_provider(url: str, name: str) -> str:
    """Sign in there as somebody and agree; returns where the provider sends the browser back to."""
    async with httpx.AsyncClient() as browser:
        answer = await browser.get(url)
        for _ in range(8):
            while answer.is_redirect:
                onward = str(answer.next_request.url) if answer.next_request else ""
                if onward.startswith(BACK):
                    return onward
                answer = await browser.get(onward)
            action = re.search(r'action="([^"]+)"', answer.text)
            prompt = re.search(r'name="prompt" value="([^"]+)"', answer.text)
            assert action, answer.text[:500]
            assert prompt, answer.text[:500]
            form = {"prompt": prompt[1], "login": name, "password": "x"}
            answer = await browser.post(str(answer.url.join(action[1])), data=form)
    raise AssertionError("the provider goes round in circles")


async def begin(person: Person, onward: str = "/street") -> str:
    """The link on the sign-in page; returns the provider's address."""
    page = await person.get(f"/sign-in?next={onward}")
    answer = await person.client.get(page.links("/sign-in/provider")[0].replace("&amp;", "&"), headers=HTML)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def test_a_certified_provider_signs_somebody_in(joined: World) -> None:
    person, admin = Person(joined, joined.client()), await somebody(joined, ADMIN)
    there = await begin(person)
    asked = parse_qs(urlsplit(there).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert {"state", "nonce", "code_challenge"} <= set(asked)
    back = await at_the_provider(there, "zhang.san")
    unknown = await person.get(back.removeprefix("http://test"))
    assert "统一身份「zhang.san」在这里还没有对应的人" in unknown.text
    page = await admin.get(f"/admin/people/{CLERK}")
    await admin.send(page.form(f"/admin/people/{CLERK}/identity"), subject="zhang.san")
    back = (await at_the_provider(await begin(person), "zhang.san")).removeprefix("http://test")
    page = await person.get(back)
    assert page.path == "/street", page.text
    assert (await person.client.get("/api/v1/me")).json()["person"] == CLERK
    assert "统一身份登录" in (await person.get("/account")).text
    again = await Person(joined, joined.client(cookies=dict(person.client.cookies))).get(back)
    assert again.status == 403, "a state is good once"
    other = await admin.get(f"/admin/people/{ADMIN}")
    if other.status == 200:
        taken = await admin.send(other.form(f"/admin/people/{ADMIN}/identity"), subject="zhang.san")
        assert "已经是别人的" in taken.text
    await admin.send((await admin.get(f"/admin/people/{CLERK}")).form(f"/admin/people/{CLERK}/identity"), subject="")
    back = await at_the_provider(await begin(person), "zhang.san")
    assert "还没有对应的人" in (await person.get(back.removeprefix("http://test"))).text


async def test_nobody_is_signed_in_by_a_link_of_somebody_else(joined: World) -> None:
    mine, victim = Person(joined, joined.client()), Person(joined, joined.client())
    back = (await at_the_provider(await begin(mine), "mallory")).removeprefix("http://test")
    await begin(victim)
    assert (await victim.get(back)).status == 403
    assert (await victim.get("/sign-in/provider/back")).status == 403
    assert (await mine.get(back.replace("code=", "code=x"))).status == 403


async def test_without_a_provider_there_is_none(world: World) -> None:
    person = Person(world, world.client())
    assert (await person.get("/sign-in")).links("/sign-in/provider") == []
    assert (await person.get("/sign-in/provider")).status == 404
    assert (await person.get("/sign-in/provider/back?state=a&code=b")).status == 404


KEY, OTHER_KEY = RSAKey.generate_key(2048, {"kid": "1"}), RSAKey.generate_key(2048, {"kid": "1"})


class False_:  # noqa: N801
    """A provider that sends what a test wants."""

    def __init__(self, **claims: Any) -> None:
        self.claims, self.key, self.header = claims, KEY, {"alg": "RS256", "kid": "1"}
        self.nonce = ""
        self.raw: str | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("openid-configuration"):
            base = "https://id.example"
            ends = {"authorization_endpoint": "auth", "token_endpoint": "token", "jwks_uri": "keys"}
            return httpx.Response(200, json={"issuer": base, **{name: f"{base}/{end}" for name, end in ends.items()}})
        if request.url.path == "/keys":
            return httpx.Response(200, json={"keys": [KEY.as_dict(private=False)]})
        claims = {"iss": "https://id.example", "aud": CLIENT, "sub": "li.si", "nonce": self.nonce, "iat": 1,
                  "exp": 4_000_000_000}  # fmt: skip
        token = self.raw or jwt.encode(self.header, claims | self.claims, self.key)
        return httpx.Response(200, json={"access_token": "a", "token_type": "Bearer", "id_token": token})


def unsigned(nonce: str) -> str:
    """A token with `alg: none`."""
    parts = ({"alg": "none"}, {"iss": "https://id.example", "aud": CLIENT, "sub": "li.si", "nonce": nonce,
                               "iat": 1, "exp": 4_000_000_000})  # fmt: skip
    return ".".join(base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in parts) + "."


@pytest.mark.parametrize(
    ("what", "claims"),
    [
        ("good", {}),
        ("bad", {"iss": "https://other.example"}),
        ("bad", {"aud": "another"}),
        ("bad", {"nonce": "another"}),
        ("bad", {"exp": 1}),
        ("bad", {"sub": ""}),
        ("other key", {}),
        ("unsigned", {}),
        ("garbage", {}),
    ],
)
async def test_what_a_false_provider_sends_opens_nothing(demo_url: str, what: str, claims: dict[str, Any]) -> None:
    false = False_(**claims)
    known = Provider("https://id.example", CLIENT, SECRET, BACK, "x", httpx.MockTransport(false))
    world = await open_world(demo_url, provider=known)
    try:
        async with world.database.transaction() as uow:
            await uow.connection.execute(
                "INSERT INTO provider_identity (issuer, subject, person) VALUES ('https://id.example', 'li.si', $1)",
                CLERK,
            )
        person = Person(world, world.client())
        asked = parse_qs(urlsplit(await begin(person)).query)
        false.nonce = asked["nonce"][0]
        false.key = OTHER_KEY if what == "other key" else KEY
        false.raw = {"unsigned": unsigned(false.nonce), "garbage": "a.b"}.get(what)
        page = await person.get(f"/sign-in/provider/back?state={asked['state'][0]}&code=c")
        assert (await person.client.get("/api/v1/me")).status_code == (200 if what == "good" else 401), page.text
        assert page.status == (200 if what == "good" else 403)
    finally:
        await world.close()
