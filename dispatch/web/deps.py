"""What the root hands to the web: means and plain values, nothing that reads settings."""

from dataclasses import dataclass, field
from typing import Any

from fastapi import Request

from dispatch.steps import pictures
from dispatch.steps.intake import Intake
from dispatch.steps.provider import Provider
from dispatch.steps.sealing import Sealer
from dispatch.steps.service import Service
from dispatch.web.api.fields import PHOTOS
from dispatch.web.limits import Limits
from dispatch.web.lists.stills import Stills
from dispatch.web.principals import TTL, Principals
from dispatch.web.security import Metrics, NoMetrics

Application = Any  # an ASGI application


@dataclass(slots=True)
class WebDeps:
    """One web process's means. Sizes in bytes, times in seconds.

    `secret` signs what people carry without a session and seals their second factors, which `factor_roles` must have;
    `probe` is the application for health and metrics, mounted where nothing else answers; `asyncapi` the document of
    the topics, as bytes; `provider` is another one that people may sign in by;
    `limits` hold back whoever goes on far too fast; `earlier_secrets` still read what `secret` made when it was one.
    """

    service: Service
    intake: Intake
    secret: str
    base_url: str = "http://127.0.0.1:8000"
    https: bool = False
    demo: bool = False
    asyncapi: bytes = b"{}"
    probe: Application | None = None
    metrics: Metrics = field(default_factory=NoMetrics)
    body_limit: int = 256 * 1024
    upload_limit: int = 12 * 1024 * 1024
    form_limit: int = PHOTOS * pictures.LARGEST + 1024 * 1024
    remembered: float = TTL
    factor_roles: frozenset[str] = frozenset()
    provider: Provider | None = None
    earlier_secrets: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    principals: Principals = field(init=False)
    sealer: Sealer = field(init=False)
    stills: Stills = field(default_factory=Stills, init=False)

    def __post_init__(self) -> None:
        database = self.service.database
        self.principals = Principals(database, self.cookie, ttl=self.remembered, factor_roles=self.factor_roles)
        self.sealer = Sealer(self.secret, *self.earlier_secrets)

    @property
    def cookie(self) -> str:
        """The session cookie's name; the prefix makes browsers insist on Secure and this host."""
        return "__Host-dispatch" if self.https else "dispatch_session"


def deps_of(request: Request) -> WebDeps:
    """The means of the application that serves this request."""
    found = request.app.state.deps
    assert isinstance(found, WebDeps)
    return found
