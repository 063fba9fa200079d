"""A duty list derived from a register: half of it must tell the other half."""

import csv
from pathlib import Path

import pytest

from dispatch.domain.derive import as_duties, derive, unit_codes

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "baltimore-311.csv"
CASES = [
    {"type": "ST-Pothole", "agency": "Streets", "road": "county"},
    {"type": "ST-Pothole", "agency": "Streets", "road": "city"},
    {"type": "ST-Sign", "agency": "Streets", "road": "city"},
    {"type": "OD-Odd", "agency": "Water", "road": "city"},
    {"type": "OD-Odd", "agency": "Parks", "road": "wood"},
    {"type": "OD-Odd", "agency": "Parks", "road": "wood"},
    {"type": "OD-Odd", "agency": "Water", "road": "city"},
    {"type": "OD-Odd", "agency": "Water", "road": "city"},
]


def test_a_type_goes_where_most_of_its_cases_went() -> None:
    derived = derive(CASES, type_column="type", agency_column="agency")
    assert derived.agency({"type": "ST-Pothole"}) == "Streets"
    assert derived.agency({"type": "OD-Odd"}) == "Water"
    assert derived.seen["OD-Odd"] == (5, 3)


def test_an_unseen_type_goes_with_its_group_only_if_the_group_is_sure() -> None:
    derived = derive(CASES, type_column="type", agency_column="agency")
    assert derived.agency({"type": "ST-Kerb"}) == "Streets"
    assert derived.agency({"type": "OD-Other"}) is None
    assert derived.agency({"type": "Nothing"}) is None


def test_an_unsure_type_is_refined_by_a_column_that_tells() -> None:
    derived = derive(CASES, type_column="type", agency_column="agency", refine_by=["road"], least=2)
    assert derived.agency({"type": "OD-Odd", "road": "wood"}) == "Parks"
    assert derived.agency({"type": "OD-Odd", "road": "lake"}) == "Water"


def test_units_get_codes_that_a_units_file_takes() -> None:
    codes = unit_codes(["Solid Waste", "Street Works", "Health", "Housing", "He", "街"])
    assert len(set(codes.values())) == len(codes)
    assert all(2 <= len(code) <= 6 and code.isupper() for code in codes.values())


def test_duties_of_a_register_name_their_basis() -> None:
    units, duties = as_duties(derive(CASES, type_column="type", agency_column="agency"))
    assert {unit["name"] for unit in units} == {"Streets", "Water"}
    odd = next(duty for duty in duties if duty["name"] == "OD-Odd")
    assert odd["basis"] == "derived from 5 cases, 3 of them by this unit"


@pytest.mark.data
@pytest.mark.parametrize("learn", [0, 1])
def test_half_of_baltimore_tells_the_other_half(learn: int) -> None:
    if not DATA.exists():
        pytest.skip("no ../shared/data here")
    with DATA.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    derived = derive(rows[learn::2], type_column="SRType", agency_column="Agency")
    unseen = rows[1 - learn :: 2]
    right = sum(derived.agency(row) == row["Agency"] for row in unseen) / len(unseen)
    assert len(unseen) == 5000
    assert right >= 0.985, f"{right:.4f}"
