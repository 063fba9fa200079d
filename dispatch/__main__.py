"""`dispatch …` and `python -m dispatch …`."""

import dispatch.local.early  # noqa: F401 - what it does is done when it is imported

# isort: split

import sys

import typer

from dispatch.local.commands import serve

app = typer.Typer(
    help="街乡吹哨、部门报到: a street whistles, the departments report in, what is late climbs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)

serve.register(app)
# what runs a role imports no other command: they cost every process a second of its start
if not set(sys.argv[1:2]) & set(serve.NAMES):
    from dispatch.local.commands import every

    every.register(app)

if __name__ == "__main__":
    app(prog_name="dispatch")
