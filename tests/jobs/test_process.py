"""A process is told alive from dead by its number and its start, whatever the clock says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from waiting import until

from fer_core.jobs import process
from fer_core.jobs.process import Process


def test_a_process_is_told_by_its_start_since_the_machine_started_not_by_the_clock() -> None:
    mine = Process.of(os.getpid())
    assert mine.alive
    assert Process.read(json.loads(json.dumps(mine.record()))) == mine
    assert replace(mine, create_time=mine.create_time - 2).alive  # the clock was set
    assert not replace(mine, ticks=(mine.ticks or 0) + 1).alive  # the number was given again
    assert not replace(mine, boot="of yesterday").alive
    assert replace(mine, ticks=None, boot="").alive  # a record of the version before
    assert not replace(mine, ticks=None, create_time=mine.create_time - 1).alive
    assert Process.read({"create_time": 1.0}) is None


def test_ticks_are_those_of_another_program(tmp_path: Path) -> None:
    """`ps` reads the same start; also of a program whose name has brackets and spaces in it."""
    odd = tmp_path / "a) S (b 1"
    odd.write_text("#!/bin/sh\nread x\n")
    odd.chmod(0o755)
    child = subprocess.Popen([odd], stdin=subprocess.PIPE)
    try:
        began = psutil.Process(child.pid).create_time() - psutil.boot_time()
        assert (Process.of(child.pid).ticks or 0) / os.sysconf("SC_CLK_TCK") == pytest.approx(began, abs=0.02)
    finally:
        child.communicate()


def test_a_zombie_is_dead() -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    found = Process.of(child.pid)
    until(lambda: psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE)
    assert not found.alive
    child.wait()
    assert not found.alive
    assert not Process.of(child.pid).alive


def test_what_could_not_be_noted_is_not_at_work_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(process, "record_process", full)
    with pytest.raises(OSError, match="No space"):
        process.launch([sys.executable, "-c", ""], tmp_path, ended=lambda _: None)
    assert not process.is_ending(tmp_path)
