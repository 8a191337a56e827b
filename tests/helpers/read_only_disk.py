"""Everything that only looks, in a workspace on a disk that cannot be written: told as JSON by a process of its own.

unshare -m sh -c 'mount --bind H H && mount -o remount,ro,bind H && FER_HOME=H python tests/helpers/read_only_disk.py ARGS'
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from fer_core.base.errors import DecisionError
from fer_core.cli import run
from fer_core.review.journal import Journal

ROOT = Path(__file__).resolve().parents[2]


def page(path: str, dataset: str) -> dict[str, Any]:
    """Draw a page; what it could not do."""
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=120)
    app.query_params["dataset"] = dataset
    app.switch_page(path)
    app.run()
    return {
        "faults": [str(each.value) for each in app.exception],
        "errors": [each.value for each in app.error],
    }


def decide(journal: Path) -> str:
    """What somebody is told who decides."""
    try:
        Journal(journal).add("keep", image_id="a")
    except DecisionError as error:
        return str(error)
    return ""


def main(dataset: str) -> None:
    """Print {page: faults and errors}, and what verbs and the journal say."""
    home = Path(os.environ["FER_HOME"])
    told: dict[str, Any] = {}
    verbs = ["status", "next", "next --who Ben"]
    for verb in [f"review {dataset} {each}" for each in verbs] + [
        f"status {dataset}",
        f"versions {dataset}",
        "compare",
        "doctor",
    ]:
        told.setdefault("verbs", {})[verb] = run(verb.split())
    journal = home / "data" / dataset / "journal.sqlite"
    told["held"], told["decide"] = len(Journal(journal).decisions()), decide(journal)
    pages = sorted(each.relative_to(ROOT).as_posix() for each in ROOT.glob("pages/*/*.py"))
    sys.stdout.write(json.dumps(told | {each: page(each, dataset) for each in pages}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
