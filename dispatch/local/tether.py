"""Run a command that dies with its parent: `python -I -S tether.py PARENT SIGNAL UID:GID|- FOLDER COMMAND…`.

Run by path, before anything of ours is imported. It drops root where an account is named, asks the kernel (Linux)
for SIGNAL when the parent dies, and becomes the command: same process, same id.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Become the command of the arguments; exits 125 when the parent is already gone."""
    parent, signal_number, account, folder, *command = sys.argv[1:]
    # loaded while still allowed to read the interpreter's own folder, which the account may not be
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    if account != "-":
        uid, gid = (int(part) for part in account.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    os.chdir(folder)
    if libc is not None:
        # after setuid, which would clear it
        if libc.prctl(PR_SET_PDEATHSIG, int(signal_number), 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl")
        if os.getppid() != int(parent):
            sys.exit(125)
    os.execvp(command[0], command)  # nosec B606  # noqa: S606 — becoming the command is what this file is for


if __name__ == "__main__":
    main()
