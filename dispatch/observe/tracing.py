"""Traces (OpenTelemetry): one line through form, topic and handler, by the W3C context in the records' headers.

Off unless asked for: then `ON` is None, and looking at it is all that a hot path does. The SDK is an extra.
"""

import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import Any

from opentelemetry import context as current_context
from opentelemetry import trace
from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_W3C = TraceContextTextMapPropagator()
#: the batch at work: key of a record → the traceparent that what follows from it carries on
_OF_KEY: ContextVar[Mapping[str, str] | None] = ContextVar("traceparent of a key", default=None)

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Any, Any], Awaitable[None]]


class NoTracing(Exception):
    """The SDK is not installed; `str()` is one line with the remedy."""


class Tracing:
    """Spans of one process, and the context that they hand on."""

    def __init__(self, provider: Any) -> None:
        """`provider`: an OpenTelemetry TracerProvider."""
        self._provider = provider
        self._tracer: trace.Tracer = provider.get_tracer("dispatch")

    def current(self) -> str | None:
        """The traceparent of the span at work; None outside of any."""
        carrier: dict[str, str] = {}
        _W3C.inject(carrier)
        return carrier.get("traceparent")

    def of(self, key: str) -> str | None:
        """The traceparent for what follows from the record of this key; outside a batch, that of the span at work."""
        return (_OF_KEY.get() or {}).get(key) or self.current()

    @contextmanager
    def batch(self, topic: str, records: Sequence[tuple[str, str | None]]) -> Iterator[None]:
        """A span for each record (key, traceparent) of a batch that is handled in one block; all end with it."""
        with ExitStack() as spans:
            carried: dict[str, str] = {}
            for key, parent in records:
                if parent is not None:
                    span = self._tracer.start_span(
                        f"process {topic}",
                        _W3C.extract({"traceparent": parent}),
                        SpanKind.CONSUMER,
                        {"messaging.system": "kafka", "messaging.destination.name": topic, "dispatch.whistle": key},
                    )
                    spans.callback(span.end)
                    carrier: dict[str, str] = {}
                    _W3C.inject(carrier, trace.set_span_in_context(span))
                    carried[key] = carrier["traceparent"]
            token = _OF_KEY.set(carried)
            try:
                yield
            finally:
                _OF_KEY.reset(token)

    def sent(self, topic: str, records: Sequence[tuple[str, str | None]]) -> None:
        """A span for each record (key, traceparent) that a broker has taken."""
        for key, parent in records:
            if parent is not None:
                self._tracer.start_span(
                    f"send {topic}",
                    _W3C.extract({"traceparent": parent}),
                    SpanKind.PRODUCER,
                    {"messaging.system": "kafka", "messaging.destination.name": topic, "dispatch.whistle": key},
                ).end()

    def around(self, app: App) -> App:
        """A web application with a span for each request, under the caller's where it sends a traceparent."""

        async def traced(scope: Scope, receive: Any, send: Any) -> None:
            if scope["type"] != "http":
                return await app(scope, receive, send)
            given = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            token = current_context.attach(_W3C.extract(given))
            try:
                with self._tracer.start_as_current_span(scope["method"], kind=SpanKind.SERVER) as span:
                    await app(scope, receive, send)
                    # the route is known only now; the path itself may hold what somebody looked for
                    route = getattr(scope.get("route"), "path", None) or scope.get("dispatch.route")
                    span.update_name(f"{scope['method']} {route}" if route else scope["method"])
            finally:
                current_context.detach(token)

        return traced

    def stop(self) -> None:
        """Hand over what is still held."""
        self._provider.shutdown()


def _line(span: Any) -> str:
    """One JSON object a line, like the log."""
    return f"{span.to_json(indent=None)}\n"


#: None: off
ON: Tracing | None = None


def start(kind: str, role: str) -> Tracing:
    """Trace this process: to the terminal (`console`), or by OTLP over HTTP to where OTEL_EXPORTER_OTLP_… say.

    Raises `NoTracing` where the SDK is not installed.
    """
    global ON
    try:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SimpleSpanProcessor

        provider = TracerProvider(resource=Resource.create({"service.name": f"dispatch-{role}"}))
        if kind == "console":
            provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(out=sys.stdout, formatter=_line)))
        else:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

            provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    except ImportError as error:
        packages = "opentelemetry-sdk opentelemetry-exporter-otlp-proto-http"
        raise NoTracing(f"DISPATCH_TRACES={kind} needs {error.name}: .venv/bin/pip install {packages}.") from None
    ON = Tracing(provider)
    return ON


def stop() -> None:
    """Off again."""
    global ON
    if ON is not None:
        ON.stop()
    ON = None
