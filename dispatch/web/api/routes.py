"""Every router of the API."""

from fastapi import APIRouter

from dispatch.web.api import boards, desk, leave, letters, photos, reference, reporter, whistles

ROUTERS: tuple[APIRouter, ...] = (
    whistles.router,
    reference.router,
    boards.router,
    desk.router,
    letters.router,
    leave.router,
    photos.router,
    reporter.router,
)
