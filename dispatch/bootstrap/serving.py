"""An ASGI app on a port, until it is told to stop."""

import asyncio
import contextlib
import gc
from collections.abc import Awaitable, Callable
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from dispatch.bootstrap.addresses import NotSetUp

#: bytes that are cheaper to copy than to send alone
SMALL = 65_536


class Joining:
    """A transport that sends two pieces written in one turn of the loop together: of an answer, head and body.

    Each piece alone costs a system call and wakes the peer, a sixteenth of what a whistle costs this process. At most
    one piece is held, and no longer than this turn.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._held = b""

    def write(self, data: bytes) -> None:
        """Send, or hold until the next piece or the end of the turn."""
        if self._held and len(data) <= SMALL:
            held, self._held = self._held, b""
            self._transport.write(held + data)
        elif self._held or len(data) > SMALL:
            self._flush()
            self._transport.write(data)
        else:
            self._held = data
            self._loop.call_soon(self._flush)

    def close(self) -> None:
        """Send what is held, and close."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class _Protocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1, one write for each answer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(cast(asyncio.Transport, Joining(transport, self.loop)))


class _Server(uvicorn.Server):
    """uvicorn without signal handlers of its own: the role decides when to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


def settle() -> None:
    """Call once when everything is loaded: what lives now lives for ever, and is not looked at again.

    With fewer full collections the slowest answers take half as long, and a sweep climbs by a third more.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


async def serve(
    app: Any,
    host: str,
    port: int,
    stopping: asyncio.Event,
    *,
    grace: float,
    ready: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Serve `app` until `stopping`; answers what is under way within `grace` seconds. Raises `NotSetUp`."""
    server = _Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            http=_Protocol,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=int(grace),
            server_header=False,
            date_header=True,
            timeout_keep_alive=30,
            # nothing here asks who or how: limits are by account, links come from the settings
            proxy_headers=False,
        )
    )
    running = asyncio.create_task(_serving(server, host, port))
    waiting = asyncio.create_task(stopping.wait())
    if ready is not None:
        await ready()
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    server.should_exit = True
    await running


async def _serving(server: uvicorn.Server, host: str, port: int) -> None:
    try:
        await server.serve()
    except SystemExit as error:  # uvicorn's way of saying that it could not bind
        raise NotSetUp(
            f"{host}:{port} cannot be listened on: something else uses it. Stop that, or set another port."
        ) from error
