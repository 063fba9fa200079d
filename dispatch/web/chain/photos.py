"""Photos that come with a form below the street: stored while it was written, or sent with it."""

from uuid import UUID

from starlette.datastructures import FormData, UploadFile

from dispatch.domain.case import Actor
from dispatch.domain.refusals import Invalid
from dispatch.steps import pictures
from dispatch.steps.service import Service
from dispatch.web.api.doing import own_photos

#: of one form
MOST_PHOTOS = 6


async def photos_of(service: Service, actor: Actor, form: FormData) -> list[UUID]:
    """Their ids; those that came with the form are stored now. Raises `Invalid`."""
    files = [one for one in form.getlist("photo") if isinstance(one, UploadFile) and one.size]
    named = [one for one in form.getlist("kept") if isinstance(one, str)]
    if len(files) + len(named) > MOST_PHOTOS:
        raise Invalid("一次最多 {most} 张照片", field="photo", value=len(files) + len(named), most=MOST_PHOTOS)
    kept = [_id(one) for one in named]
    await own_photos(service, actor, {"photos": kept})
    return kept + [(await pictures.keep(service, actor, await one.read())).id for one in files]


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Invalid("没有您上传的这张照片，请先上传", field="photo", value=text) from error
