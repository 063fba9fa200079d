"""Places as a path: 东柳街道 › 广泰社区 › 广泰小区 › 3号楼."""

from dispatch.domain.reference import Node, Reference
from dispatch.web.i18n import _


def path_of(code: str | None, reference: Reference) -> str:
    """The path of a place below its district, general nodes left out; 地点不明 where it is unknown."""
    if not code:
        return _("地点不明")
    nodes = [node for node in reversed(reference.tree.ancestors(code)) if node.level < 5 and not node.general]
    return " › ".join(node.name for node in nodes) or reference.tree.label(code)


def short_name(code: str, reference: Reference) -> str:
    """A place's own name, with the compound or lane before a building: 广泰小区 3号楼."""
    node = reference.tree.get(code)
    if node is None:
        return code
    above = reference.tree.get(node.parent) if node.level == 1 and node.parent else None
    return f"{above.name} {node.name}" if above and not above.general else node.name


def head_of(node: Node, position: str) -> str:
    """A node and who is in charge of it, no word twice: 广泰社区书记 · 东柳街道党工委书记 · 3号楼楼栋长."""
    for word in ("街道", "社区", "小区", "网格", "村"):
        if node.name.endswith(word) and position.startswith(word) and len(position) > len(word) + 1:
            return node.name + position.removeprefix(word)
    return node.name + position.removeprefix("乡镇")
