"""What is installed: one version number, locks that fit the requirements, one name for the command."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from fer_core import __version__

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = {
    "requirements.lock": ["requirements.txt"],
    "requirements-dev.lock": ["requirements.txt", "requirements-dev.txt"],
}


def requirements(name: str) -> list[Requirement]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and line[0] not in "#-"]


def pins(lock: str) -> dict[str, list[Requirement]]:
    """The versions a lock names, by package; some have one per version of Python."""
    found: dict[str, list[Requirement]] = {}
    for line in re.findall(r"^[a-z0-9].*(?= \\$)", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE):
        pin = Requirement(line)
        if pin.marker is None or pin.marker.evaluate({"python_full_version": "3.11.7"}):
            found.setdefault(pin.name, []).append(pin)
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_fits_the_requirements(lock: str) -> None:
    locked = pins(lock)
    for wanted in (one for name in LOCKS[lock] for one in requirements(name)):
        key = wanted.name.lower().replace("_", "-")
        assert key in locked, f"{wanted.name} is not in {lock}: run make lock"
        (version,) = {str(next(iter(pin.specifier)).version) for pin in locked[key]}
        assert wanted.specifier.contains(version), f"{lock} has {key} {version}: run make lock"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_hashes_and_no_lock_names_a_host(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    blocks = re.split(r"\n(?=[a-z0-9])", text)
    assert all("--hash=sha256:" in block for block in blocks if "==" in block)
    assert "/" not in text


def test_both_locks_install_the_same_app() -> None:
    assert pins("requirements.lock").items() <= pins("requirements-dev.lock").items()


def test_one_version_number_and_the_same_command_everywhere() -> None:
    assert {"version", "optional-dependencies"} < set(PROJECT["project"]["dynamic"])
    assert PROJECT["project"]["scripts"] == {"fer": "fer_core.cli:main"}
    assert f"\n## {__version__} " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    for page in [ROOT / "README.md", ROOT / "Makefile", *ROOT.glob("docs/*.md")]:
        assert not re.search(r"python -m fer_core(?!\.)", page.read_text(encoding="utf-8")), page.name


def test_every_extra_has_its_file() -> None:
    extras = PROJECT["tool"]["setuptools"]["dynamic"]["optional-dependencies"]
    assert set(extras) == {"live", "extras", "tensorboard"}
    for extra in extras.values():
        assert requirements(*extra["file"])


def test_files_that_are_no_code_are_packed() -> None:
    packed = PROJECT["tool"]["setuptools"]["package-data"]["fer_core"]
    endings = {Path(pattern).suffix or pattern for pattern in packed}
    found = {path.suffix for path in ROOT.glob("fer_core/**/*.*") if "__pycache__" not in path.parts}
    assert found - {".py", ".typed"} <= endings


def test_the_files_that_architecture_names_exist() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = re.findall(r"`([a-z_]+/[a-z_./]*)`", page.partition("## Where do I change")[2])
    assert len(named) >= 30
    for path in named:
        assert (ROOT / path).exists() or (ROOT / "fer_core" / path).exists(), path
