"""API tokens: refused, over, revoked, and what their scopes say."""

from datetime import timedelta

import pytest

from tests.factories import CLERK, DESK, World, open_world


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Bearer wrong", "Basic eDp5", "Bearer \xe9\xff", "bearer " + "x" * 5000]
)
async def test_a_wrong_token_is_a_clear_refusal(world: World, header: str) -> None:
    answer = await world.client().get("/api/v1/me", headers=[(b"authorization", header.encode("latin-1"))])  # type: ignore[arg-type]
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_token_ends(world: World) -> None:
    past = await world.as_(CLERK, lasts=timedelta(seconds=-1), fresh=True)
    assert (await past.get("/api/v1/me")).status_code == 401
    client = await world.as_(DESK)
    assert (await client.get("/api/v1/me")).status_code == 200
    async with world.database.transaction() as uow:
        await uow.connection.execute("UPDATE api_token SET revoked_at = $1", await uow.now())
    world.deps.principals.tokens.clear()
    assert (await client.get("/api/v1/me")).status_code == 401


async def test_a_revoked_token_is_forgotten_without_being_told(demo_url: str) -> None:
    world = await open_world(demo_url, remembered=0.0)
    try:
        client = await world.as_(DESK)
        assert (await client.get("/api/v1/me")).status_code == 200
        async with world.database.transaction() as uow:
            await uow.connection.execute("UPDATE api_token SET revoked_at = $1", await uow.now())
        assert (await client.get("/api/v1/me")).status_code == 401
    finally:
        await world.close()


async def test_a_token_does_what_its_scopes_say(world: World) -> None:
    reader = await world.as_(CLERK, scopes=("read",), fresh=True)
    assert (await reader.get("/api/v1/whistles")).status_code == 200
    for seat, said in (("zh", "这个令牌没有「吹哨」的权限；请换一个令牌"), ("en", "does not allow “Whistle”")):
        refused = await reader.post("/api/v1/whistles", json={"body": "a"}, headers={"accept-language": seat})
        assert refused.status_code == 403
        assert said in refused.json()["detail"]
        assert refused.json()["value"] == "raise", "for programs"
    receipt = await world.raised()
    url = f"/api/v1/whistles/{receipt['number']}/actions/urge"
    refused = await reader.post(url, json={})
    assert (refused.status_code, refused.json()["detail"]) == (403, "这个令牌没有「办理」的权限；请换一个令牌")
    raiser = await world.as_(CLERK, scopes=("raise",), fresh=True)
    assert (await raiser.post("/api/v1/whistles", json={"body": "a"})).status_code == 201
    assert (await raiser.get("/api/v1/whistles")).status_code == 403
