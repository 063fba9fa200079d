"""`duties derive`: a first district from a register of who got which cases; `duties text`: the list in force."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from dispatch.local.commands.place import mapping_named, trouble_of
from dispatch.local.commands.plain import plainly
from dispatch.local.commands.rule_text import print_text
from dispatch.steps.import_files import WrongFile, rows

Half = Literal["all", "even", "odd"]


def register(app: typer.Typer) -> None:
    """Add the command group to `app`."""
    group = typer.Typer(help="The duty list (权责清单).", no_args_is_help=True)
    group.command("derive")(derive)
    group.command("text")(text)
    app.add_typer(group, name="duties")


def derive(
    file: Annotated[Path, typer.Argument(help="The register: CSV or xlsx, as the mapping says.")],
    mapping: Annotated[str, typer.Option("--mapping", help="Name of a mapping with a `derive` part, or a YAML file.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the district's files; then `dispatch load` it.")],
    learn: Annotated[Half, typer.Option("--rows", help="Learn from all rows, or from every second one.")] = "all",
) -> None:
    """Derive tree, units and duty list from a register. Nothing is loaded."""
    from dispatch.local import derived_district

    with plainly():
        found = mapping_named(mapping)
        try:
            everything = list(rows(file, found))
            chosen = everything[{"all": slice(None), "even": slice(0, None, 2), "odd": slice(1, None, 2)}[learn]]
            made = derived_district.write(found, chosen, everything, out)
        except WrongFile as error:
            raise trouble_of(error) from None
    typer.echo(
        f"{out}: 街道 {made['streets']}，社区 {made['communities']}，单位 {made['units']}，事项 {made['duties']}"
        f"（由 {len(chosen)} 行推出；示例，用前请人核定）"
    )


def text(
    district: Annotated[str, typer.Argument(help="The district's code.")],
    words: Annotated[bool, typer.Option("--words", help="The danger words and words of avoidance instead.")] = False,
) -> None:
    """The duty list in force as text, for duties.yaml."""
    print_text(district, "words" if words else "duties")
