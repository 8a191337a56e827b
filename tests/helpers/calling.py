"""The command line as tests call it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from fer_core.cli import run

ROOT = Path(__file__).parents[2]
IMAGES = 240


@dataclass(frozen=True)
class Outcome:
    """What one call left: exit status, standard output and error."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Fer = Callable[..., Outcome]


def call(home: Path, *args: object) -> Outcome:
    """Call a verb in this process, as the fixture `fer` does, where a fixture for many tests needs it."""
    out, err = io.StringIO(), io.StringIO()
    with patch.dict(os.environ, FER_HOME=str(home)), redirect_stdout(out), redirect_stderr(err):
        status = run([str(arg) for arg in args])
    return Outcome(status, out.getvalue(), err.getvalue())


def shell(home: Path, *args: object, **options: Any) -> Outcome:
    """Call a verb as a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "fer_core", *map(str, args)],
        cwd=ROOT, env=os.environ | {"FER_HOME": str(home)}, capture_output=True, text=True, timeout=120, **options,
    )  # fmt: skip
    return Outcome(done.returncode, done.stdout, done.stderr)
