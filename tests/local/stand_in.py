"""A role for tests of the supervisor: `web` and `worker` say they are fine, `prepare` ends well, the scheduler waits.

`python -m tests.local.stand_in up FOLDER [--kafka]` runs a whole stack of them and says READY with its process ids.
"""

import asyncio
import http.server
import json
import os
import signal
import sys
from pathlib import Path


class _Fine(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def command(role: str) -> tuple[str, ...]:
    """How the stack starts a stand-in for `role`."""
    return (sys.executable, str(Path(__file__).resolve()), role)


async def up(folder: Path, real_kafka: bool) -> None:
    """A stack as `dispatch up` runs it, but for the roles."""
    from dispatch.local.stack import Stack
    from dispatch.settings import Settings

    settings = Settings(data=folder, port=0)
    stack = Stack(settings, lambda line: print(line, flush=True), command=command, real_kafka=real_kafka)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await stack.start()
    broker = stack._kafka.child if stack._kafka else stack._broker
    assert broker is not None
    assert stack._postgres is not None
    assert stack._postgres.child is not None
    pids = {name: keeper.child.pid for name, keeper in stack.roles.items() if keeper.child}
    pids |= {"broker": broker.pid, "postgres": stack._postgres.child.pid}
    database = stack.settings.database_url
    assert database is not None
    told = {"pids": pids, "port": stack.settings.port, "database": database.get_secret_value()}
    told["kafka"] = stack.settings.kafka
    print("READY " + json.dumps(told), flush=True)
    await stopping.wait()
    await stack.stop()


if __name__ == "__main__":
    if sys.argv[1] == "up":
        asyncio.run(up(Path(sys.argv[2]), "--kafka" in sys.argv))
    elif sys.argv[1] != "prepare":
        print(f"kafka {os.environ['DISPATCH_KAFKA']}", flush=True)
        if sys.argv[1] == "scheduler":
            signal.pause()
        address = ("127.0.0.1", int(os.environ["DISPATCH_PORT" if sys.argv[1] == "web" else "DISPATCH_WORKER_PORT"]))
        http.server.ThreadingHTTPServer(address, _Fine).serve_forever()
