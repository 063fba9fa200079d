"""The shipped duty list on 200 labelled messages of residents: few wrong, a useful share automatic."""

import csv
import os
from collections import Counter
from pathlib import Path

import openpyxl
import pytest

from dispatch.domain.duties import decide, match
from dispatch.steps.read_files import build_reference, read_district

ROOT = Path(__file__).resolve().parents[2]
MESSAGES = Path(os.environ.get("DISPATCH_TEST_DATA", ROOT.parent / "shared" / "data")) / "messages-4326.xlsx"
LABELS = ROOT / "tests" / "labels" / "messages-200.csv"


def texts() -> dict[str, tuple[str, str]]:
    sheet = openpyxl.load_workbook(MESSAGES, read_only=True).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))[1:]
    return {str(row[0]): (str(row[2] or "").strip(), str(row[4] or "").strip()) for row in rows}


@pytest.mark.data
def test_rates_on_the_labelled_messages() -> None:
    if not MESSAGES.exists():
        pytest.skip("no ../shared/data here")
    reference = build_reference(read_district(ROOT / "deploy" / "demo"), {})
    somewhere = reference.tree.chain("130403011-D01")
    message, count = texts(), Counter[str]()
    with LABELS.open(encoding="utf-8") as file:
        labels = list(csv.DictReader(file))
    for label in labels:
        found = match(reference.duties, *message[label["number"]])
        got = decide(reference.duties, found, chain=somewhere, units=reference.units)
        count["avoided"] += label["avoid"] == "1" and got.sealed
        if got.reason.code != "rule" or got.duty is None:
            continue
        lead = (got.lead or reference.duties.by_code[got.duty].lead).split("-")[0]
        count["automatic"] += 1
        count["strict"] += lead == label["lead"]
        count["lenient"] += lead in (label["lead"], *label["also_right"].split())
        count["outcome"] += got.outcome in (label["outcome"], *label["also_outcome"].split())
    print(dict(count))
    assert count["automatic"] >= 0.45 * len(labels)
    assert count["lenient"] >= 0.9 * count["automatic"]
    assert count["strict"] >= 0.8 * count["automatic"]
    assert count["outcome"] >= 0.9 * count["automatic"]
    assert count["avoided"] >= 4
