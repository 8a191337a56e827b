"""Files of every format with bytes changed, cut, repeated or put in, and odd words, through the command line: no fault, nothing
written outside."""

from __future__ import annotations

import contextlib
import faulthandler
import io
import os
import random
import shutil
import signal
import time
import warnings
from collections.abc import Callable
from pathlib import Path

from bench.soak.figures import Figures
from bench.soak.seeds import ADDRESSES, SETTINGS, SLOW, Seed, files
from fer_core import cli
from fer_core.base.errors import FerError
from fer_core.base.workspace import Workspace
from fer_core.data.sample.make import make_sample
from fer_core.recipes import recipe
from fer_core.ui.shell import server_paths

_MOST = 60  # seconds that an input may take
_NASTY = (
    b"\0", b"\n", b",", b'"', b"\xff\xfe", b"[" * 3000, b"-1", b"9" * 400, b"PK\x03\x04", b"../", b"{}", b"nan", b"\x89PNG",
)  # fmt: skip


class _TooLongError(BaseException):
    """Not an Exception: nobody on the way takes it for a fault of the input."""


def _stop(*_: object) -> None:
    raise _TooLongError


def inputs(figures: Figures, folder: Path, until: float) -> None:
    """Many in one process, which a watchdog looks after; a fault is kept with the file that made it.

    Nothing is synced to the disk: that costs more than all the rest, and what it is good for is tried by other parts.
    """
    os.fsync = lambda _: None  # type: ignore[assignment]
    folder = folder / "up" / "and-up"  # for paths that lead out
    warnings.simplefilter("ignore")
    shutil.rmtree(folder / "home", ignore_errors=True)
    workspace = Workspace(folder / "home")
    dataset = make_sample(workspace, "faces", count=120)
    os.environ["FER_HOME"], os.environ["FER_ROOTS"] = str(workspace.root), str(folder)
    chance, number = random.Random(int(time.time())), 0
    os.environ["TMPDIR"] = str(folder / "tmp")  # others have files in the machine's
    for name in ("in", "faults", "tmp"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGALRM, _stop)
    seeds, outside = files(dataset), _outside(folder)
    while figures.goes_on("mutated", until):
        number += 1
        faulthandler.dump_traceback_later(
            5 * _MOST, exit=True
        )  # where a library does not come back to Python
        kind = chance.choices(("file", "setting", "address"), (8, 1, 1))[0]
        if kind == "file":
            _file(figures, chance, seeds, folder, f"d{number}")
            shutil.rmtree(workspace.data / f"d{number}", ignore_errors=True)
        elif fault := _words(chance, kind):
            figures.broke("mutated", fault)
            figures.add("mutated", faults=1)
        figures.add("mutated", inputs=1, faults=0, outside=0, **{f"of_them_{kind}": 1})
        if number % 100 == 0 and (now := _outside(folder)) != outside:
            figures.broke("mutated", f"written outside: {sorted(now - outside)[:5]}")
            figures.add("mutated", outside=len(now - outside))
            outside = now
    faulthandler.cancel_dump_traceback_later()


def _file(figures: Figures, chance: random.Random, seeds: dict[str, Seed], folder: Path, name: str) -> None:
    """One file, through its verb."""
    kind = chance.choices(list(seeds), [0.02 if each.endswith(SLOW) else 1.0 for each in seeds])[0]
    words, data = seeds[kind]
    path = folder / "in" / f"{int(name[1:]) % 50}-{kind}"
    path.write_bytes(_mutated(data, chance))
    given = [
        each.format(file=path, name=name, source=folder / "home" / "data" / "faces" / "source")
        for each in words
    ]
    if fault := _fault(lambda: cli.run(given)):
        kept = folder / "faults" / f"{len(figures.broken)}-{kind}"
        shutil.copy(path, kept)
        figures.broke("mutated", f"{' '.join(given)}: {fault} (kept as {kept})")
        figures.add("mutated", faults=1)


def _words(chance: random.Random, kind: str) -> str:
    """A setting of a recipe, or a path of an address, odd as they come."""
    setting, path = chance.choice(SETTINGS), chance.choice(ADDRESSES)
    value = "".join(
        chance.choice((setting, path, "[", "\0", "é", "9", "=", '"')) for _ in range(chance.randint(1, 4))
    )
    key = setting.partition("=")[0]
    if kind == "setting":
        return _in_words(lambda: recipe.override(recipe.load("compact"), {key: value}))
    return _in_words(lambda: server_paths.allowed(path + value))


def _in_words(do: Callable[[], object]) -> str:
    try:
        do()
    except FerError:
        return ""
    except Exception as error:
        return f"{type(error).__name__}: {error}"[:300]
    return ""


def _fault(do: Callable[[], int]) -> str:
    said = io.StringIO()
    signal.setitimer(signal.ITIMER_REAL, _MOST)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
            do()
    except _TooLongError:
        return f"It took more than {_MOST} s"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return said.getvalue()[:400] if "A fault in the program" in said.getvalue() else ""


def _mutated(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(0, 6)):
        at = chance.randrange(len(changed) + 1)
        end = min(len(changed), at + chance.choice((1, 2, 16, 300)))
        how = chance.randrange(6)
        if how == 0 and at < len(changed):
            changed[at] = chance.randrange(256)
        elif how == 1:
            del changed[at:end]
        elif how == 2:
            changed[at:at] = changed[at:end] * chance.choice((1, 3))
        elif how == 3:
            changed[at:at] = chance.choice(_NASTY)
        elif how == 4 and chance.random() < 0.2:
            del changed[at:]
        elif changed:
            changed[at % len(changed)] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _outside(folder: Path) -> set[str]:
    """What lies where a path that leads out would be written."""
    places = (Path.home(), folder.parents[1], folder.parent, folder, folder / "tmp")
    return {str(each) for place in places for each in place.glob("*")}
