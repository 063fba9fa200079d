"""`/design` shows every component: each macro of the templates is called on it, by itself or within another one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from jinja2 import nodes

from dispatch import web
from dispatch.web.examples import desk
from dispatch.web.render import environment

TEMPLATES = Path(web.__file__).parent / "templates"
#: a file and a macro in it
Component = tuple[str, str]


def read(name: str) -> nodes.Template:
    env = environment()
    assert env.loader is not None
    return env.parse(env.loader.get_source(env, name)[0])


def imported(tree: nodes.Template) -> dict[str, str]:
    """The names that a template gives to others."""
    return {
        one.target: one.template.value for one in tree.find_all(nodes.Import) if isinstance(one.template, nodes.Const)
    }


def called(within: nodes.Node, file: str, names: dict[str, str]) -> Iterator[Component]:
    """`clock.lamp(…)`, `drawn("clock", "lamp", …)`, and the file's own `row(…)`."""
    for call in within.find_all(nodes.Call):
        what = call.node
        if isinstance(what, nodes.Getattr) and isinstance(what.node, nodes.Name) and what.node.name in names:
            yield names[what.node.name], what.attr
        elif isinstance(what, nodes.Name) and what.name == "drawn":
            part, macro = (one.value for one in call.args[:2] if isinstance(one, nodes.Const))
            yield f"parts/{part}.html", macro
        elif isinstance(what, nodes.Name):
            yield file, what.name


def shown() -> Iterator[Component]:
    """What `/design` calls, with its frame and the fragments that it includes."""
    frame = imported(read("base.html"))
    for name in ("base.html", "design.html"):
        tree = read(name)
        yield from called(tree, name, frame | imported(tree))
        for one in tree.find_all(nodes.Include):
            if isinstance(one.template, nodes.Const):
                part = read(one.template.value)
                yield from called(part, one.template.value, imported(part))


def test_the_design_page_shows_every_component() -> None:
    known: dict[Component, Iterator[Component]] = {}
    for path in TEMPLATES.rglob("*.html"):
        name = path.relative_to(TEMPLATES).as_posix()
        tree = read(name)
        names = imported(tree)
        known |= {(name, one.name): called(one, name, names) for one in tree.find_all(nodes.Macro)}
    assert len(known) > 40
    missing, waiting = dict(known), list(shown())
    while waiting:
        waiting += missing.pop(waiting.pop(), ())
    assert sorted(missing) == []


def test_the_desks_example_opens_the_first_suspected_emergency() -> None:
    first, *others = desk.UNMATCHED.items
    assert (first.badge, first.open, first.candidates is not None) == ("疑似紧急", True, True)
    assert not [one.title for one in others if one.open or one.badge]
