"""SIGTERM before a role has anything to finish: it leaves at once, with 0. To be imported before anything heavy.

While the modules load nothing is held, nothing is open, and nobody could be told; the default would end the process
by the signal, which a supervisor shows as a failure. Once the event loop runs, `plain.run_role` takes over. Commands
that do a piece of work are left alone: cut short they have failed.
"""

import os
import signal
import sys

ROLES = ("up", "web", "worker", "scheduler")

if sys.argv[1:2] and sys.argv[1] in ROLES:
    signal.signal(signal.SIGTERM, lambda _number, _frame: os._exit(0))
