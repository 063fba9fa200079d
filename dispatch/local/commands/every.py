"""All commands that run no role."""

import typer

from dispatch.local.commands import (
    access,
    archive,
    audit,
    check,
    clock,
    doctor,
    duties,
    imports,
    leave,
    letters,
    listing,
    load,
    notices,
    outbox,
    policies,
    restored,
    simulate,
    topics,
)


def register(app: typer.Typer) -> None:
    """Add them to the command line."""
    for group in (
        listing, load, access, imports, duties, audit, clock, policies, leave, letters, doctor, restored, simulate,
        topics, check, outbox, notices, archive,
    ):  # fmt: skip
        group.register(app)
