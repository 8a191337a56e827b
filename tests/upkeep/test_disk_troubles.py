"""A disk that is full or read-only, and a file that is damaged: told apart, and what is there stays to be read.

Where this user may not mount anything, the tests of disks are skipped.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from fer_core.base.errors import DecisionError
from fer_core.base.workspace import Workspace
from fer_core.cli import run
from fer_core.data.datasets import open_dataset
from fer_core.mislabels import judges
from fer_core.review.decisions import Decision
from fer_core.review.journal import Journal

ROOT = Path(__file__).parents[2]
_ALLOWED = ["unshare", "-m", "sh", "-c", "mount -t tmpfs none /mnt"]
MOUNTS = (
    bool(shutil.which("unshare"))
    and not subprocess.run(_ALLOWED, capture_output=True, check=False).returncode
)
mounts = pytest.mark.skipif(not MOUNTS, reason="this user may not mount disks")


def on_a_disk(prepare: str, home: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a program where the workspace is a disk as `prepare` makes it, which nobody else sees."""
    script = f"set -e; cd {ROOT}; {prepare}; exec " + " ".join(command)
    return subprocess.run(
        ["unshare", "-m", "sh", "-c", script],
        env=os.environ | {"FER_HOME": str(home), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def read_only(home: Path) -> str:
    return f"mount --bind {home} {home}; mount -o remount,ro,bind {home}"


def full(home: Path) -> str:
    """The workspace on a disk of its own, filled up."""
    return (
        f"cp -r {home} {home}.copy; mount -t tmpfs -o size=8m full {home}; cp -r {home}.copy/. {home}; "
        f"cat /dev/zero > {home}/fill 2>/dev/null || true"
    )


@mounts
def test_every_page_and_the_looking_verbs_work_on_a_read_only_disk(home: Workspace) -> None:
    faces = open_dataset(home, "faces")
    judges.ranked(faces, faces.head, "quick")
    journal = faces.journal_path
    code = (
        "import sys, os, pathlib; from fer_core.review.journal import Journal\n"
        "import sqlite3\n"
        "held = sqlite3.connect(sys.argv[1]); held.execute('SELECT COUNT(*) FROM entries').fetchone()\n"
        "Journal(pathlib.Path(sys.argv[1])).add('keep', image_id='last', who='Ada'); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, str(journal)], cwd=ROOT, check=False)
    assert journal.with_name("journal.sqlite-wal").stat().st_size
    done = on_a_disk(
        read_only(home.root), home.root, sys.executable, "tests/helpers/read_only_disk.py", "faces"
    )
    told = json.loads(done.stdout.splitlines()[-1])
    assert told.pop("verbs") == {
        "review faces status": 0, "review faces next": 0, "review faces next --who Ben": 0, "status faces": 0,
        "versions faces": 0, "compare": 0, "doctor": 0,
    }  # fmt: skip
    assert told.pop("held") == 32  # decisions, those in the log of the writer that was killed too
    assert "cannot be written" in told.pop("decide")
    told["pages/demo/predict.py"]["errors"].clear()  # the model of this workspace is none
    assert len(told) >= 8
    assert {name: each for name, each in told.items() if each["faults"] or each["errors"]} == {}


@pytest.mark.parametrize("disk", [read_only, full])
@mounts
def test_on_such_a_disk_a_decision_is_refused_for_its_reason(home: Workspace, disk: object) -> None:
    place = disk(home.root)  # type: ignore[operator]
    done = on_a_disk(place, home.root, sys.executable, "-m", "fer_core", "review", "faces", "status")
    assert "decisions that hold" in done.stdout, done.stderr
    code = (
        "import sys; from pathlib import Path; from fer_core.review.journal import Journal; "
        "Journal(Path(sys.argv[1])).add('keep', image_id='a')"
    )
    journal = open_dataset(home, "faces").journal_path
    done = on_a_disk(place, home.root, sys.executable, "-c", f'"{code}"', str(journal))
    said = done.stderr.splitlines()[-1]
    assert ("The disk is full" if disk is full else "cannot be written by this user") in said


@mounts
def test_a_backup_needs_no_room_elsewhere_and_says_where_it_lacks_some(
    home: Workspace, tmp_path: Path
) -> None:
    journal = Journal(open_dataset(home, "faces").journal_path)
    journal.add_many([Decision("keep", image_id=f"i{n}", reason="x" * 300) for n in range(2000)])
    (small := tmp_path / "small").mkdir()
    place = f"mount -t tmpfs -o size=256k small {small}; export TMPDIR={small}"
    fer = [sys.executable, "-m", "fer_core", "backup"]
    done = on_a_disk(place, home.root, *fer, str(tmp_path / "copy"))
    assert done.returncode == 0, done.stderr
    copied = Journal(tmp_path / "copy" / "data" / "faces" / "journal.sqlite")
    assert copied.decisions(active_only=False).equals(journal.decisions(active_only=False))
    done = on_a_disk(place, home.root, *fer, str(small / "copy"))
    assert "A journal could not be copied" in done.stderr or "could not be written" in done.stderr
    assert ("fault in the program" in done.stderr, done.returncode == 0) == (False, False)


def test_a_damaged_journal_is_told_apart_and_the_advice_works(
    home: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = Journal(open_dataset(home, "faces").journal_path)
    before = journal.decisions()
    with sqlite3.connect(journal.path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(journal.path.read_bytes())
    page = data.find(b"relabel", len(data) // 2) // 4096 * 4096  # one of entries
    data[page : page + 8] = b"\xff" * 8
    journal.path.write_bytes(data)
    with pytest.raises(DecisionError, match="The file is damaged"):
        journal.decisions()
    assert run(["doctor", "--repair"]) == 0
    kept = journal.decisions()
    assert 0 < len(kept) <= len(before)
    journal.add("keep", image_id="x")
