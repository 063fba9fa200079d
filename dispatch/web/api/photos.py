"""Photos: uploaded first, then named in an act; shown to whoever may see the whistle."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.datastructures import UploadFile
from starlette.responses import Response

from dispatch.domain.refusals import Invalid
from dispatch.steps import pictures
from dispatch.web.api.answers import refusals, send, shown
from dispatch.web.auth import Doer, Reader
from dispatch.web.deps import deps_of

router = APIRouter(prefix="/api/v1", tags=["photos"])
_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}


@router.post(
    "/photos",
    status_code=201,
    openapi_extra=_FORM,
    responses=refusals(400, 403, 413, ok={201: shown("Photo", dict[str, Any], "Kept")}),
)
async def upload(request: Request, visit: Doer) -> Response:
    """A JPEG, PNG or WebP of at most 10 MB, in the field `file`. It is re-encoded; EXIF and place are dropped."""
    form = await request.form(max_files=1, max_fields=5)
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise Invalid("请在 file 里放一张照片（multipart/form-data）", field="file", value=None)
    row = await pictures.keep(deps_of(request).service, visit.actor, await file.read())
    return send({"id": row.id, "url": f"/api/v1/photos/{row.id}", "width": row.width, "height": row.height}, 201)


@router.get(
    "/photos/{id}",
    response_class=Response,  # of no type of its own: what is shown is no JSON
    responses=refusals(404, ok={200: {"description": "The photo", "content": {"image/jpeg": {}}}}),
)
async def show(
    request: Request, visit: Reader, id: str, whistle: Annotated[str | None, Query(max_length=64)] = None
) -> Response:
    """A photo: to its uploader, or with `whistle` (id or number) to whoever may see that one."""
    row = await pictures.show(deps_of(request).service, visit.actor, id, whistle)
    headers = {
        "Cache-Control": "private, max-age=86400, immutable",
        "Content-Disposition": f'inline; filename="{row.id}.jpg"',
        "ETag": f'"{row.sha256.hex()[:32]}"',
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(row.content, 200, headers, row.media_type)
