"""The server: what is written in one turn of the loop leaves together, in order, and nothing stays behind."""

import asyncio
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.bootstrap.addresses import NotSetUp
from dispatch.bootstrap.serving import SMALL, Joining, serve
from dispatch.bus.embedded import free_port, listening


class Recorder:
    """A transport that remembers what was sent, and when it was closed."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.closed_after: int | None = None

    def write(self, data: bytes) -> None:
        self.sent.append(data)

    def close(self) -> None:
        self.closed_after = len(self.sent)

    def is_closing(self) -> bool:
        return self.closed_after is not None


async def joining() -> tuple[Recorder, Any]:
    recorder = Recorder()
    return recorder, Joining(recorder, asyncio.get_running_loop())  # type: ignore[arg-type]


async def test_head_and_body_of_an_answer_leave_together() -> None:
    recorder, transport = await joining()
    transport.write(b"head")
    transport.write(b"body")
    assert recorder.sent == [b"headbody"]
    await asyncio.sleep(0)
    assert recorder.sent == [b"headbody"]


async def test_a_head_alone_leaves_at_the_end_of_the_turn_and_before_a_close() -> None:
    recorder, transport = await joining()
    transport.write(b"head")
    assert recorder.sent == []
    await asyncio.sleep(0)
    assert recorder.sent == [b"head"]
    transport.write(b"last")
    transport.close()
    assert (recorder.sent, recorder.closed_after, transport.is_closing()) == ([b"head", b"last"], 2, True)


@given(pieces=st.lists(st.tuples(st.sampled_from((1, 3, SMALL, SMALL + 1)), st.booleans()), max_size=12))
def test_every_byte_leaves_once_in_order_and_at_most_one_piece_waits(pieces: list[tuple[int, bool]]) -> None:
    async def write() -> None:
        recorder, transport = await joining()
        written = b""
        for i, (size, turn) in enumerate(pieces):
            piece = bytes([i]) * size
            written += piece
            transport.write(piece)
            assert len(written) - len(b"".join(recorder.sent)) in (0, size)
            if turn:
                await asyncio.sleep(0)
                assert b"".join(recorder.sent) == written
        transport.close()
        assert b"".join(recorder.sent) == written

    asyncio.run(write())


async def app(scope: Any, receive: Any, send: Any) -> None:
    """`/slow` sends its second half when the first one has been read; `/empty` has no body."""
    if scope["path"] == "/empty":
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    if scope["path"] == "/slow":
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        await FIRST_READ.wait()
    await send({"type": "http.response.body", "body": b"x" * (3 * SMALL)})


FIRST_READ = asyncio.Event()


async def test_over_a_real_socket_streams_stream_and_kept_connections_are_kept() -> None:
    port, stopping = free_port(), asyncio.Event()
    FIRST_READ.clear()
    server = asyncio.create_task(serve(app, "127.0.0.1", port, stopping, grace=1))
    await listening(f"127.0.0.1:{port}", 10)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        assert (await client.get("/empty")).status_code == 204
        async with client.stream("GET", "/slow") as answer:
            pieces = answer.aiter_raw()
            assert await anext(pieces) == b"first"
            FIRST_READ.set()
            assert len(b"".join([piece async for piece in pieces])) == 3 * SMALL
        assert len((await client.get("/")).content) == 3 * SMALL
        head = await client.head("/")
        assert (head.status_code, head.content) == (200, b"")
    stopping.set()
    await server


async def test_a_port_that_is_taken_is_said_with_the_remedy() -> None:
    taken = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    with pytest.raises(NotSetUp, match=f"127.0.0.1:{port} cannot be listened on"):
        await serve(app, "127.0.0.1", port, asyncio.Event(), grace=1)
    taken.close()
