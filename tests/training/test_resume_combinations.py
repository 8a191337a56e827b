"""A paused run ends with the bits of one that was not, whatever techniques are combined."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_random_combinations_of_techniques_are_resumed_bit_by_bit(tmp_path: Path) -> None:
    words = [sys.executable, str(ROOT / "tests/helpers/resumed_combinations.py"), str(tmp_path), "8", "18"]
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests/helpers'}"}
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert len(told) == 8
    used = [" ".join(f"{k}={v}" for k, v in each["settings"].items()) for each in told]
    for technique in (
        "ema",
        "resizing",
        "progressive__dropout",
        "accumulation",
        "mixup",
        "bfloat16",
        "flip_consistency",
        "stages",
    ):
        assert any(technique in words for words in used), f"{technique} is in none of them: take another seed"
    assert not [each for each in told if each["apart"]]
