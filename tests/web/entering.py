"""Somebody who signs in by name and password."""

import re

import httpx

from dispatch.steps import sign_in
from tests.factories import CLERK, World

PASSWORD = "correct horse battery"
NAME = "130403011.clerk"
PERSON = CLERK


async def csrf(client: httpx.AsyncClient, page: str = "/sign-in") -> str:
    """The token of a page's form."""
    text = (await client.get(page, headers={"Accept": "text/html"})).text
    found = re.search(r'name="csrf" value="([^"]+)"', text)
    assert found, text[:500]
    return found[1]


async def enter(world: World, password: str = PASSWORD, name: str = NAME) -> httpx.AsyncClient:
    """A browser signed in by name and password."""
    client = world.client()
    token = await csrf(client)
    answer = await client.post("/sign-in", data={"csrf": token, "name": name, "password": password})
    assert answer.status_code == 303, answer.text
    return client


async def with_password(world: World, *, must_change: bool = False) -> None:
    await sign_in.set_password(world.database, world.deps.sealer, PERSON, PASSWORD, must_change=must_change)


async def me(client: httpx.AsyncClient) -> dict[str, object]:
    answer = await client.get("/api/v1/me")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())
