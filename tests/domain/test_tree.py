"""The tree: five levels under every spot, finding by typing, finding in free text."""

from dispatch.domain.tree import UNKNOWN, Node, Tree


def tree() -> Tree:
    rows = [
        ("R", None, 5, "district", "丛台区", "ctq"),
        ("S1", "R", 4, "street", "东柳街道", "dljd"),
        ("S2", "R", 4, "street", "中华街道", "zhjd"),
        ("C1", "S1", 3, "community", "广泰社区", "gtsq"),
        ("C2", "S2", 3, "community", "东门外社区", "dmwsq"),
        ("X1", "C1", 2, "compound", "广泰小区", "gtxq"),
        ("X2", "C1", 2, "compound", "和平家园", "hpjy"),
        ("X3", "C2", 2, "compound", "和平家园", "hpjy"),
        ("B3", "X1", 1, "building", "3号楼", "3hl"),
        ("B13", "X1", 1, "building", "13号楼", "13hl"),
        ("B4", "X3", 1, "building", "4号楼", "4hl"),
        ("G1", "C2", 2, "grid", "东门外一网格", "dmwywg"),
        ("L1", "G1", 1, "lane", "火神庙街", "hsmj"),
    ]
    nodes = [Node(c, p, n, k, name, False, i) for c, p, n, k, name, i in rows]  # type: ignore[arg-type]
    general = [
        Node("C1-G0", "C1", 2, "grid", "公共网格", True),
        Node("C1-G0-P0", "C1-G0", 1, "point", "公共点位", True),
        Node("X1-P0", "X1", 1, "point", "公共点位", True),
    ]
    return Tree.of([*nodes, *general])


TREE = tree()


def codes(chain: tuple[Node | None, ...]) -> list[str | None]:
    return [node.code if node else None for node in chain]


def test_the_chain_is_five_long_and_falls_to_the_general_nodes_below_a_community() -> None:
    assert codes(TREE.chain("B3")) == ["B3", "X1", "C1", "S1", "R"]
    assert codes(TREE.chain("X1")) == ["X1-P0", "X1", "C1", "S1", "R"]
    assert codes(TREE.chain("C1")) == ["C1-G0-P0", "C1-G0", "C1", "S1", "R"]
    assert codes(TREE.chain("L1")) == ["L1", "G1", "C2", "S2", "R"]


def test_a_place_known_only_to_its_street_has_nothing_below() -> None:
    assert codes(TREE.chain("S1")) == [None, None, None, "S1", "R"]
    assert codes(TREE.chain("R")) == [None, None, None, None, "R"]
    assert TREE.chain(None) == TREE.chain("nowhere") == UNKNOWN


def test_looking_up() -> None:
    street = TREE.street_of("B3")
    assert street is not None
    assert street.code == "S1"
    assert TREE.street_of("R") is None
    assert TREE.label("B3") == "东柳街道广泰社区广泰小区3号楼"
    assert TREE.covers("S1", "B3")
    assert not TREE.covers("S2", "B3")
    assert [node.code for node in TREE.roots()] == ["R"]


def found(text: str, **more: object) -> list[str]:
    return [node.code for node in TREE.find(text, 10, **more)]  # type: ignore[arg-type]


def test_typing_finds_names_initials_codes_and_several_words() -> None:
    assert found("东门外")[0] == "C2"
    assert found("dmw")[0] == "C2"
    assert found("DMS")[0] == "C2"
    assert found("广泰 3号") == ["B3", "B13"]
    assert found("和平", under="S2") == ["X3", "B4"]
    assert found("S1")[0] == "S1"
    assert found("zz") == []
    assert found("  ") == []
    assert TREE.find("广泰", 0) == []


def test_general_nodes_are_never_offered() -> None:
    assert found("公共") == []


def located(text: str, street: str | None = None) -> str | None:
    node = TREE.locate(text, street)
    return node.code if node else None


def test_the_deepest_place_in_a_text_is_found_with_its_building() -> None:
    assert located("广泰小区3号楼楼道消防门被锁") == "B3"
    assert located("广泰小区13栋") == "B13"
    assert located("广泰小区十三号楼") == "B13"
    assert located("广泰小区 3 号楼") == "B3"
    assert located("广泰小区9号楼") == "X1"
    assert located("东柳街道广泰社区有人摆摊") == "C1"
    assert located("火神庙街路灯不亮") == "L1"
    assert located("3号楼漏水") is None
    assert located("") is None


def test_a_name_that_two_places_share_needs_something_to_tell_them_apart() -> None:
    assert located("和平家园4号楼") is None
    assert located("和平家园4号楼", "S2") == "B4"
    assert located("中华街道和平家园4号楼") == "B4"
    assert located("东柳街道和平家园") == "X2"


def test_a_place_elsewhere_is_not_found_within_a_street() -> None:
    assert located("广泰小区3号楼", "S2") is None
