"""Photos that come with a form below the street: stored while it was written, or sent with it."""

from uuid import UUID

from starlette.datastructures import FormData, UploadFile

from dispatch.domain.case import Actor
from dispatch.domain.refusals import Invalid, Refusal
from dispatch.steps import pictures
from dispatch.steps.service import Service
from dispatch.web import problems
from dispatch.web.api.doing import own_photos
from dispatch.web.i18n import _

#: of one form
MOST_PHOTOS = 6


async def photos_of(service: Service, actor: Actor, form: FormData, photos: list[UUID]) -> None:
    """Add to `photos` those kept before and those that came with the form, stored now. Raises `Invalid`, of a file with
    its name as `value`: those before it are in `photos` by then."""
    named = [_id(one) for one in form.getlist("kept") if isinstance(one, str)]
    files = [one for one in form.getlist("photo") if isinstance(one, UploadFile) and one.size]
    await own_photos(service, actor, {"photos": named})
    photos += named[:MOST_PHOTOS]
    for one in files[: MOST_PHOTOS - len(photos)]:
        try:
            photos.append((await pictures.keep(service, actor, await one.read())).id)
        except Invalid as refusal:
            raise Invalid(
                refusal.message, **{**refusal.params, "field": "photo", "value": one.filename or ""}
            ) from refusal
    if (count := len(named) + len(files)) > MOST_PHOTOS:
        raise Invalid(
            "照片最多 {most} 张，这次有 {count} 张，前 {most} 张留下了；请看过再交",
            field="photo", value=count, most=MOST_PHOTOS, count=count,
        )  # fmt: skip


def said(refusal: Refusal) -> str:
    """The refusal's sentence, of a photo with its file's name before it."""
    words = problems.said(refusal)
    if refusal.field == "photo" and refusal.value and isinstance(refusal.value, str):
        return _("照片「%(name)s」：%(why)s", name=problems.shorten(refusal.value), why=words)
    return words


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Invalid("没有您上传的这张照片，请先上传", field="photo", value=text) from error
