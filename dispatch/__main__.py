"""`dispatch …` and `python -m dispatch …`."""

import dispatch.local.early  # noqa: F401 - what it does is done when it is imported

# isort: split

import typer

from dispatch.local.commands import (
    access,
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
    outbox,
    policies,
    restored,
    serve,
    simulate,
    topics,
)

app = typer.Typer(
    help="街乡吹哨、部门报到: a street whistles, the departments report in, what is late climbs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)

for group in (
    serve, listing, load, access, imports, duties, audit, clock, policies, leave, letters, doctor, restored, simulate,
    topics, check, outbox,
):  # fmt: skip
    group.register(app)

if __name__ == "__main__":
    app(prog_name="dispatch")
