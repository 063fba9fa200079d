"""The web: pages, API, health; the outbox rows it writes are relayed by a worker."""

from typing import Any

import orjson
import structlog

from dispatch.bootstrap.addresses import NotSetUp
from dispatch.bootstrap.base import base, checks, stop_on_signals
from dispatch.bootstrap.serving import serve, settle
from dispatch.observe import tracing
from dispatch.settings import Settings
from dispatch.steps.intake import Intake
from dispatch.steps.provider import Provider
from dispatch.web.app import WebDeps, create_app
from dispatch.web.elsewhere import BACK as PROVIDER_BACK
from dispatch.web.limits import Limits
from dispatch.web.live.hub import close_when
from dispatch.web.probe import probe
from schemas import asyncapi

log = structlog.get_logger(__name__)


def _provider(settings: Settings) -> Provider | None:
    if settings.oidc_issuer is None:
        return None
    if settings.oidc_client_id is None or settings.oidc_client_secret is None:
        raise NotSetUp("DISPATCH_OIDC_ISSUER is set: set DISPATCH_OIDC_CLIENT_ID and DISPATCH_OIDC_CLIENT_SECRET too.")
    secret, back = settings.oidc_client_secret.get_secret_value(), settings.url.rstrip("/") + PROVIDER_BACK
    return Provider(settings.oidc_issuer, settings.oidc_client_id, secret, back, settings.oidc_label)


async def run_web(settings: Settings) -> None:
    """Serve until SIGTERM; then answer what is under way and stop."""
    if settings.secret_key is None:
        raise NotSetUp("DISPATCH_SECRET_KEY is not set: give 32 characters or more, the same for every web process.")
    async with base(settings, "web") as made:
        stop_on_signals(made.stopping)
        intake = Intake(made.service)
        deps = WebDeps(
            made.service,
            intake,
            settings.secret_key.get_secret_value(),
            base_url=settings.url,
            https=settings.url.startswith("https://"),
            demo=settings.demo,
            factor_roles=frozenset() if settings.demo else settings.factor_roles,
            provider=_provider(settings),
            earlier_secrets=settings.earlier_secrets,
            limits=Limits(settings.rate_limits),
            asyncapi=orjson.dumps(asyncapi.document(), option=orjson.OPT_INDENT_2),
            probe=probe(made.metrics, checks(made), [made.show_snapshot]),
            metrics=made.metrics,
        )
        app: Any = create_app(deps)
        if tracing.ON is not None:
            app = tracing.ON.around(app)
        made.run("live", close_when(made.service, made.stopping))
        settle()
        log.info("web.started")
        await serve(app, settings.host, settings.port, made.stopping, grace=settings.stop_seconds)
        await intake.drain()
        log.info("web.stopped")
    made.end()
