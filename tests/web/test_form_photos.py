"""Photos of a form: kept while it is written, one's own, so many at most."""

from __future__ import annotations

from dispatch.web.examples import EXAMPLES
from dispatch.web.render import render
from tests.factories import (
    CLERK,
    COMMUNITY_HEAD,
    FIRE_DOOR,
    World,
)
from tests.web.browsing import somebody
from tests.web.whistling import number_on, photo


async def test_a_double_tap_with_a_photo_is_one_whistle(world: World) -> None:
    clerk = await somebody(world, CLERK)
    form = (await clerk.get("/whistle")).form("/whistle")
    file = photo()
    first = await clerk.send(form, {"photo": file}, body=FIRE_DOOR, step="send", danger="no")
    second = await clerk.send(form, {"photo": file}, body=FIRE_DOOR, step="send", danger="no")
    assert number_on(first) == number_on(second)


async def test_too_many_photos_are_said_and_the_first_kept(world: World) -> None:
    clerk = await somebody(world, CLERK)
    form = (await clerk.get("/whistle")).form("/whistle")
    before = await world.count("whistle")
    files = [("photo", photo()) for _ in range(11)]
    page = await clerk.send(form, files, body=FIRE_DOOR, danger="no", step="check")
    assert (page.status, "照片最多 9 张" in page.text) == (422, True)
    assert len(page.form("/whistle").choices["kept"]) == 9
    assert await world.count("whistle") == before
    assert (await clerk.send(page.form("/whistle"), step="send")).path.endswith("/receipt")


async def test_a_photo_is_kept_while_the_form_is_written(world: World) -> None:
    clerk = await somebody(world, CLERK)
    form = (await clerk.get("/whistle")).form("/whistle")
    kept = await clerk.client.post("/whistle/photo", data={"csrf": form.value("csrf")}, files={"photo": photo()})
    assert kept.status_code == 201
    shown = await clerk.send(form, body=FIRE_DOOR, kept=kept.json()["id"], danger="no", step="check")
    assert "1 张" in shown.text
    back = await clerk.send(shown.form("/whistle"), step="edit")
    assert kept.json()["id"] in back.html


async def test_only_photos_of_ones_own_go_with_a_form(world: World) -> None:
    """Whoever whistles with a photo may look at it for ever: it must be theirs."""
    other = await somebody(world, COMMUNITY_HEAD)
    page = await other.get("/chain/raise")
    data = {"csrf": page.form("/chain/raise").value("csrf")}
    theirs = (await other.client.post("/whistle/photo", data=data, files={"photo": photo()})).json()["id"]
    clerk = await somebody(world, CLERK)
    form = (await clerk.get("/whistle")).form("/whistle")
    page = await clerk.send(form, body=FIRE_DOOR, kept=theirs, danger="no", step="send")
    assert (page.status, "没有您上传的这张照片" in page.text) == (422, True)
    # below the street likewise; and there one's own goes with it
    form = (await other.get("/chain/raise")).form("/chain/raise")
    page = await other.send(form, body=FIRE_DOOR, danger="0", first="here", kept="no-id")
    assert (page.status, "没有您上传的这张照片" in page.text) == (422, True)
    page = await other.send(form, body=FIRE_DOOR, danger="0", first="here", kept=theirs)
    assert page.path.startswith("/w/"), page.text
    assert theirs in page.html


async def test_pages_ask_for_photos_that_are_taken_and_leave_the_choice_of_camera_or_album(world: World) -> None:
    clerk, head = await somebody(world, CLERK), await somebody(world, COMMUNITY_HEAD)
    pages = [(await clerk.get("/whistle")).html, (await head.get("/chain/raise")).html]
    for html in (*pages, render(*EXAMPLES["building"], "zh")):
        assert 'accept="image/jpeg,image/png,image/webp"' in html
        assert "capture=" not in html
