"""The labels hold codes and our own words only, and belong to the sample they claim."""

import csv
import random
import re
from pathlib import Path

import pytest
import yaml

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MESSAGES = ROOT.parent / "shared" / "data" / "messages-4326.xlsx"
AREAS = ROOT / "deploy" / "demo" / "import" / "messages-areas.yaml"
OUTCOMES = {"dispatch", "self", "answer", "relay", "statutory", "unmatched"}
TOWNSHIPS = (1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 101, 200, 205, 206, 207)
STREETS = {f"130403{code:03}" for code in TOWNSHIPS}


def labels() -> list[dict[str, str]]:
    with (HERE / "messages-200.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_no_text_of_a_message_is_kept() -> None:
    text = (HERE / "messages-200.csv").read_text(encoding="utf-8")
    assert text.isascii()
    assert all(len(row["note"]) <= 100 for row in labels())


def test_rows_are_the_sample_of_seed_7() -> None:
    drawn = sorted(random.Random(7).sample(range(4326), 200))
    assert [int(row["row"]) for row in labels()] == drawn


def test_every_label_is_complete() -> None:
    for row in labels():
        assert row["outcome"] in OUTCOMES
        assert set(row["also_outcome"].split()) <= OUTCOMES - {row["outcome"]}
        assert (row["duty"] == "") == (row["outcome"] == "unmatched"), row["number"]
        assert re.fullmatch("[A-Z]{2}", row["lead"])
        others = row["assist"].split() + row["also_right"].split()
        assert all(re.fullmatch("[A-Z]{2}", unit) for unit in others)
        assert row["lead"] not in others
        assert {row["danger"], row["avoid"], row["place_named"]} <= {"0", "1"}
        assert int(row["problems"]) >= 1


def test_every_area_leads_to_a_street_of_the_demo() -> None:
    areas = yaml.safe_load(AREAS.read_text(encoding="utf-8"))
    tokens = [area["token"] for area in areas["areas"]]
    assert len(set(tokens)) == len(tokens)
    assert {area["street"] for area in areas["areas"]} == STREETS
    assert {area["within"] for area in areas["areas"] if "within" in area} <= set(tokens)
    assert all(re.compile(pattern) for pattern in areas["cut"])
    assert areas["example"] is True


@pytest.mark.data
def test_numbers_are_those_of_the_file() -> None:
    if not MESSAGES.exists():
        pytest.skip("needs ../shared/data/messages-4326.xlsx")
    import openpyxl

    sheet = openpyxl.load_workbook(MESSAGES, read_only=True).worksheets[0]
    numbers = [str(row[0]) for row in sheet.iter_rows(min_row=2, max_col=1, values_only=True)]
    assert all(numbers[int(row["row"])] == row["number"] for row in labels())
