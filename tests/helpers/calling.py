"""The command line as tests call it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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


def shell(home: Path, *args: object, **options: Any) -> Outcome:
    """Call a verb as a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "fer_core", *map(str, args)],
        cwd=ROOT, env=os.environ | {"FER_HOME": str(home)}, capture_output=True, text=True, timeout=120, **options,
    )  # fmt: skip
    return Outcome(done.returncode, done.stdout, done.stderr)
