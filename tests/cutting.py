"""A way to PostgreSQL that is cut at any moment: also right after a COMMIT got there, before its answer came back."""

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import TracebackType
from urllib.parse import parse_qs, urlsplit


@dataclass
class Cuts:
    """What was cut: before the server got it, and after it did and had answered (the client never knows which)."""

    before: int = 0
    after: int = 0


class Cutting:
    """A proxy before the server of `url`; `self.url` leads through it. `share` of what clients send is cut while
    `cutting` is set."""

    def __init__(self, url: str, folder: Path, seed: int, share: float = 0.04) -> None:
        parts = urlsplit(url)
        query = parse_qs(parts.query)
        self._socket = f"{query['host'][0]}/.s.PGSQL.{query.get('port', ['5432'])[0]}"
        self._here = folder / ".s.PGSQL.5432"
        self.url = parts._replace(query=f"host={folder}&port=5432").geturl()
        self._dice = Random(seed)
        self._share = share
        self.cutting = False
        self.cuts = Cuts()

    async def __aenter__(self) -> "Cutting":
        self._server = await asyncio.start_unix_server(self._serve, self._here)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()

    async def _serve(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        answers, server = await asyncio.open_unix_connection(self._socket)
        pumping = asyncio.create_task(self._back(answers, back))
        try:
            while data := await client.read(65536):
                if self.cutting and self._dice.random() < self._share:
                    if self._dice.random() < 0.3:
                        self.cuts.before += 1
                        return
                    pumping.cancel()
                    await asyncio.wait({pumping})
                    server.write(data)
                    await server.drain()
                    with contextlib.suppress(TimeoutError):  # half a message has no answer
                        async with asyncio.timeout(1):
                            await answers.read(1)  # the server has done it
                            self.cuts.after += 1
                    return
                server.write(data)
                await server.drain()
        except OSError:
            pass
        finally:
            pumping.cancel()
            for end in (server, back):
                end.close()

    async def _back(self, answers: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        try:
            while data := await answers.read(65536):
                back.write(data)
                await back.drain()
        except OSError:
            pass
        back.close()
