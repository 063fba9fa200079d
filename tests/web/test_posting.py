"""Bytes that are no text are refused under the field's name, and never kept as something else."""

from __future__ import annotations

import pytest

from tests.factories import CLERK, World
from tests.web.browsing import HTML, Page, somebody

EDGE = "----edge"


def _parts(fields: dict[str, bytes]) -> bytes:
    made = [
        f'--{EDGE}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value + b"\r\n"
        for name, value in fields.items()
    ]
    return b"".join(made) + f"--{EDGE}--\r\n".encode()


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("application/x-www-form-urlencoded", b"%ff%fe"),
        ("application/x-www-form-urlencoded", b"%ED%A0%80"),
        (f"multipart/form-data; boundary={EDGE}", b"\xb9\xe3\xcc\xa9"),
    ],
)
async def test_what_is_no_text_is_refused_by_its_field(world: World, kind: str, wrong: bytes) -> None:
    clerk = await somebody(world, CLERK)
    token = (await clerk.get("/whistle")).form("/whistle").value("csrf").encode()
    before = await world.count("whistle")
    fields = {"csrf": token, "body": wrong, "danger": b"no", "step": b"send"}
    content = _parts(fields) if "boundary" in kind else b"&".join(b"%s=%s" % (k.encode(), v) for k, v in fields.items())
    page = Page(await clerk.client.post("/whistle", content=content, headers=HTML | {"content-type": kind}))
    assert (page.status, "「body」里有读不出来的字" in page.text) == (422, True), page.text
    assert await world.count("whistle") == before


async def test_another_encoding_that_is_named_and_signs_beyond_ascii_are_read(world: World) -> None:
    clerk = await somebody(world, CLERK)
    token = (await clerk.get("/whistle")).form("/whistle").value("csrf").encode()
    said = "广泰小区5号楼路灯不亮"
    for charset, text in (("gb18030", said), ("utf-8", said + "é\ufffd")):
        fields = {"csrf": token, "body": text.encode(charset), "danger": b"no", "step": b"send"}
        headers = HTML | {"content-type": f"multipart/form-data; boundary={EDGE}; charset={charset}"}
        answer = await clerk.client.post("/whistle", content=_parts(fields), headers=headers)
        assert answer.status_code == 303, answer.text
        async with world.database.acquire() as connection:
            assert await connection.fetchval("SELECT body FROM whistle ORDER BY id DESC LIMIT 1") == text


async def test_what_is_no_form_at_all_is_said(world: World) -> None:
    clerk = await somebody(world, CLERK)
    headers = HTML | {"content-type": "multipart/form-data"}
    assert (await clerk.client.post("/whistle", content=b"x", headers=headers)).status_code == 400
