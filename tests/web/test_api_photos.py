"""Photos over HTTP: what is taken, what is made of it, who may use it."""

import io
from uuid import uuid4

import pytest
from PIL import Image

from dispatch.steps import pictures
from tests.factories import (
    AUDITOR,
    CLERK,
    FIRE_DOOR,
    OTHER_CLERK,
    XF,
    ZJ,
    World,
)
from tests.web.calling import ok, picture, upload


async def test_a_photo_loses_what_it_knows_of_its_place(world: World) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Telephone"
    exif[0x0112] = 6  # to be turned upright
    exif.get_ifd(0x8825)[1] = "N"
    photo = await upload(world, XF, picture(exif=exif.tobytes(), comment=b"secret"))
    shown = await (await world.as_(XF)).get(f"/api/v1/photos/{photo}")
    assert shown.headers["content-type"] == "image/jpeg"
    kept = Image.open(io.BytesIO(shown.content))
    assert not kept.getexif()
    assert b"secret" not in shown.content
    assert b"Telephone" not in shown.content
    assert kept.size == (30, 40)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_the_usual_formats_become_one(world: World, kind: str) -> None:
    photo = await upload(world, XF, picture((3000, 10), kind))
    shown = await (await world.as_(XF)).get(f"/api/v1/photos/{photo}")
    assert Image.open(io.BytesIO(shown.content)).size[0] == pictures.SIDE


def bomb() -> bytes:
    """A small PNG that would be 400 million pixels."""
    made = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(made, "PNG")
    return made.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a picture",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"GIF89a" + b"\x00" * 100,
        picture()[:200],
        b"\xff\xd8\xff\xe0" + b"\x00" * 1000,
        bomb(),
    ],
    ids=["empty", "text", "svg", "gif", "cut off", "only a head", "bomb"],
)
async def test_what_is_no_photo_is_refused(world: World, content: bytes) -> None:
    client = await world.as_(XF)
    answer = await client.post("/api/v1/photos", files={"file": ("a.jpg", content, "image/jpeg")})
    assert answer.status_code == 422, answer.text
    assert answer.json()["field"] == "file"
    assert await world.count("photo") == 0


async def test_an_upload_out_of_shape_is_refused(world: World) -> None:
    client = await world.as_(XF)
    boundary = {"Content-Type": "multipart/form-data; boundary=x"}
    assert (await client.post("/api/v1/photos", data={"file": "text"})).status_code == 422
    assert (await client.post("/api/v1/photos", content=b"junk", headers=boundary)).status_code in (400, 422)
    assert (await client.post("/api/v1/photos", content=b"x" * 13_000_000)).status_code == 413
    assert (await (await world.as_(AUDITOR)).post("/api/v1/photos", files={"file": picture()})).status_code == 403


async def test_a_photo_is_shown_with_its_whistle(world: World) -> None:
    number = (await world.whistle(FIRE_DOOR))["number"]
    other = (await world.whistle(FIRE_DOOR))["number"]
    photo = await upload(world, XF)
    client = await world.as_(CLERK)
    assert (await client.get(f"/api/v1/photos/{photo}")).status_code == 404
    assert (await client.get(f"/api/v1/photos/{photo}?whistle={number}")).status_code == 404
    view = ok(await world.act(number, "arrive", seat=XF, photo=photo))
    url = view["photos"][0]["url"]
    assert (await client.get(url)).status_code == 200
    assert (
        await client.get(url, headers={"If-None-Match": (await client.get(url)).headers["etag"]})
    ).status_code == 304
    assert (await client.get(f"/api/v1/photos/{photo}?whistle={other}")).status_code == 404
    assert (await (await world.as_(OTHER_CLERK)).get(url)).status_code == 404
    for id in (str(uuid4()), "x", "%00"):
        assert (await client.get(f"/api/v1/photos/{id}")).status_code == 404


async def test_only_one_s_own_photos_go_into_an_act(world: World) -> None:
    number = (await world.whistle(FIRE_DOOR))["number"]
    answer = await world.act(number, "arrive", seat=ZJ, photo=await upload(world, XF))
    assert (answer.status_code, answer.json()["field"]) == (422, "photo")
    raised = await (await world.as_(CLERK)).post(
        "/api/v1/whistles", json={"body": "a", "photos": [await upload(world, CLERK)]}
    )
    assert raised.status_code == 201
    seen = await world.get(raised.json()["number"])
    assert [one["event"] for one in seen["photos"]] == ["raised"]
