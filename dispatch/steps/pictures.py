"""Photos: sniffed, checked, re-encoded. What is kept was written by us: no EXIF, no place, nothing hidden behind it."""

import asyncio
import hashlib
import io
import warnings
from dataclasses import dataclass
from uuid import UUID

import puremagic
from PIL import Image, ImageOps, UnidentifiedImageError

from dispatch.domain.case import Actor
from dispatch.domain.permissions import may_ever
from dispatch.domain.refusals import Forbidden, Invalid, NotFound
from dispatch.steps import disclose
from dispatch.steps.readable import readable
from dispatch.steps.service import Service
from dispatch.store import timeline
from dispatch.store.timeline import PhotoRow

#: of an upload, in bytes
LARGEST = 10 * 1024 * 1024
#: of an upload, in pixels: more is a bomb, or nothing that a telephone makes
MOST_PIXELS = 60_000_000
#: the longer side of what is kept
SIDE = 2048
QUALITY = 82
FORMATS = {"JPEG": (".jpg", ".jpeg", ".jfif"), "PNG": (".png",), "WEBP": (".webp",)}


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo as it is kept: a JPEG."""

    content: bytes
    width: int
    height: int
    media_type: str = "image/jpeg"


def reencode(content: bytes) -> Picture:
    """A clean JPEG of an upload, upright, at most `SIDE` long. Raises `Invalid` naming what is wrong."""
    if not content:
        raise Invalid("照片是空的，请重新选一张", field="file", value=None)
    if len(content) > LARGEST:
        raise Invalid("照片太大，最多 {most} MB，请缩小再传", field="file", value=len(content), most=LARGEST // 1024**2)
    kind = _sniff(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=[kind]) as opened:
                width, height = opened.size
                if width * height > MOST_PIXELS or min(width, height) < 1:
                    raise _too_many(width, height)
                opened.draft("RGB", (SIDE, SIDE))
                upright = ImageOps.exif_transpose(opened)
                upright.thumbnail((SIDE, SIDE))
                return _write(upright)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many(0, 0) from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, MemoryError) as error:
        raise Invalid("这张照片读不出来，请重新拍一张", field="file", value=None) from error


def _too_many(width: int, height: int) -> Invalid:
    return Invalid(
        "照片的像素太多，最多 {most} 万像素，请缩小再传",
        field="file",
        value=f"{width}×{height}",
        most=MOST_PIXELS // 10_000,
    )


def _sniff(content: bytes) -> str:
    """The format by the bytes themselves; what the sender calls it plays no part."""
    try:
        found = {match.extension.lower() for match in puremagic.magic_string(content[:4096])}
    except puremagic.PureError:
        found = set()
    for name, endings in FORMATS.items():
        if found & set(endings):
            return name
    raise Invalid("只收 JPEG、PNG、WebP 照片，请换一张", field="file", value=", ".join(sorted(found)) or None)


def _write(image: Image.Image) -> Picture:
    if image.mode in ("RGBA", "LA", "P"):
        with_alpha = image.convert("RGBA")
        flat = Image.new("RGB", with_alpha.size, "white")
        flat.paste(with_alpha, mask=with_alpha.getchannel("A"))
    else:
        flat = image.convert("RGB")
    clean = Image.new("RGB", flat.size)
    clean.paste(flat)
    written = io.BytesIO()
    clean.save(written, "JPEG", quality=QUALITY, optimize=True)
    return Picture(written.getvalue(), *clean.size)


async def keep(service: Service, actor: Actor, content: bytes) -> PhotoRow:
    """Re-encode an upload and store it. Raises `Invalid`, `Forbidden`, `Unavailable`."""
    if actor.person is None or not may_ever(actor, "photo"):
        raise Forbidden("您的岗位不上传照片", field="role", value=actor.role)
    made = await asyncio.to_thread(reencode, content)
    async with service.database.transaction() as uow:
        row = PhotoRow(
            service.new_id(),
            hashlib.sha256(made.content).digest(),
            made.media_type,
            made.width,
            made.height,
            made.content,
            actor.person,
            await uow.now(),
        )
        await timeline.add_photo(uow, row)
    return row


async def show(service: Service, actor: Actor, id_text: str, whistle: str | None) -> PhotoRow:
    """A photo, for whoever uploaded it or may read the whistle named, which shows it. Raises `NotFound`."""
    try:
        id = UUID(id_text)
    except ValueError as error:
        raise _gone(id_text) from error
    async with service.database.acquire() as connection:
        found = await timeline.photo(connection, id)
    if found is None:
        raise _gone(id_text)
    if found.person is not None and found.person == actor.person:
        return found
    if whistle is None:
        raise _gone(id_text)
    try:
        case, _turn = await readable(service, actor, whistle)
    except NotFound as error:
        raise _gone(id_text) from error
    async with service.database.acquire() as connection:
        if not await timeline.shows_photo(connection, case.id, id):
            raise _gone(id_text)
    if case.facts.sealed:
        await disclose.opened(service, actor, case)
    return found


def _gone(id_text: str) -> NotFound:
    return NotFound("没有这张照片，或不归您看", field="id", value=id_text)
