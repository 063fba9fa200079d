"""Calls of the API: an answer that was given, a photo that is sent up."""

import io
from typing import Any

import httpx
from PIL import Image

from tests.factories import World


def ok(answer: httpx.Response) -> dict[str, Any]:
    """What was answered."""
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def picture(size: tuple[int, int] = (40, 30), kind: str = "JPEG", **more: Any) -> bytes:
    """A photo as somebody takes it."""
    made = io.BytesIO()
    Image.new("RGB", size, "teal").save(made, kind, **more)
    return made.getvalue()


async def upload(world: World, seat: str, content: bytes | None = None) -> str:
    """Sends a photo up; its id."""
    client = await world.as_(seat)
    answer = await client.post("/api/v1/photos", files={"file": ("a.jpg", content or picture(), "image/jpeg")})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])
