"""The command line as a process: quick to start, well-behaved in pipes, clean when it is ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from calling import ROOT, shell
from reference import verbs

COMMAND = [sys.executable, "-m", "fer_core"]


def test_help_reads_in_the_order_of_the_journey(home: Path) -> None:
    text = shell(home, "--help").out
    names = {verb.split()[0] for verb in verbs()}
    found = [
        line.split()[0] for line in text.splitlines() if line.startswith("  ") and line.split()[0] in names
    ]
    steps = [
        "sample inspect import refresh datasets describe status passport notes report",
        "versions diff annotate revert remove",
        "check map duplicates mislabels review agreement relabel separate stratify certify merge export",
        "recipes train runs stop tune find-rate estimate queue pause cancel logs",
        "compare evaluate ledger calibrate promote card",
        "paired ablate noise ensemble cost slices across journey weights predict models add-model judge convert bench-predict",
        "doctor backup restore",
    ]
    assert found == " ".join(steps).split()
    assert max(map(len, text.splitlines())) <= 80
    assert shell(home).out == text
    assert all(
        ".." not in line for line in text.splitlines() if line.split()[:1] and line.split()[0] in names
    )


def test_help_comes_at_once_since_the_library_is_not_loaded(home: Path) -> None:
    heavy = {
        "numpy",
        "pandas",
        "PIL",
        "cv2",
        "onnxruntime",
        "pydantic",
        "keras",
        "tensorflow",
        "streamlit",
        "psutil",
    }
    code = (
        "import sys; from fer_core.cli import run; run(['--help']); run(['train', '--help']);"
        f"print('loaded', sorted({heavy!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "loaded []"
    seconds = [1.0]
    while min(seconds) >= 0.5 and len(seconds) <= 8:  # a busy machine may need more than one try
        began = time.perf_counter()
        shell(home, "--help")
        seconds.append(time.perf_counter() - began)
    assert min(seconds) < 0.5


@pytest.mark.parametrize("verb", verbs())
def test_every_verb_has_help_that_fits(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    from fer_core.cli import run

    words = verb.split()
    assert run([*words[:1], *(["faces"] if words[0] == "review" else []), *words[1:], "--help"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("Usage: fer ")
    assert "--json" in text
    assert "--job" not in text


def test_versions_and_statuses_leave_the_process(home: Path) -> None:
    assert shell(home, "--version").out.startswith("fer")
    assert shell(home, "describe", "faces").status == 0
    wrong = shell(home, "describe", "nope")
    assert (wrong.status, wrong.out) == (2, "")
    assert shell(home, "certify", "faces").status == 1


def test_a_reader_that_leaves_early_is_no_fault(home: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "mislabels", "faces", "--top", "9999", "--json"],
        cwd=ROOT, env=os.environ | {"FER_HOME": str(home)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=60) in (0, 1)


def test_closed_streams_and_full_disks(home: Path) -> None:
    call = f"{sys.executable} -m fer_core describe faces"
    env = os.environ | {"FER_HOME": str(home)}
    for rest, status, words in ((">&-", 0, ""), ("--json >&-", 0, ""), (">/dev/full", 1, "The disk is full")):
        done = subprocess.run(
            ["sh", "-c", f"{call} {rest}"], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == status
        assert words in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("sample")  # leaves its faces drawn: what is ended is writing and importing them
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ended_in_the_middle_it_leaves_nothing_behind(
    drawn: Path, tmp_path: Path, number: signal.Signals
) -> None:
    fresh = tmp_path / "fresh"
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests" / "helpers")])
    process = subprocess.Popen(
        [sys.executable, "-m", "drawn_faces", str(drawn), "sample", "--json"],
        cwd=ROOT, env=os.environ | {"FER_HOME": str(fresh), "PYTHONPATH": paths},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not list(fresh.glob("data/.faces.*.tmp")) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err.strip()) == (1, "", "fer: Stopped")
    assert list((fresh / "data").iterdir()) == []


def test_an_interrupt_while_python_builds_a_class_ends_with_our_status(tmp_path: Path) -> None:
    (tmp_path / "late.py").write_text(
        "import sys\nfrom fer_core.cli.report import _stoppable\ntry:\n    with _stoppable():\n"
        "        exec('import os, signal, time; os.kill(os.getpid(), signal.SIGINT); time.sleep(5)')\n"
        "except KeyboardInterrupt:\n    sys.exit(1)\n"
    )
    place = {"env": os.environ | {"PYTHONPATH": str(ROOT)}, "cwd": tmp_path, "timeout": 60}
    assert subprocess.run([sys.executable, "-m", "late"], **place).returncode == 1
