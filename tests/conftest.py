"""What all tests share: slow files first, files kept in memory, faces of samples drawn once, the real sets imported and
compared once, and nothing that goes on after a test."""

from __future__ import annotations

import fcntl
import functools
import gc
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import drawn_faces
import hypothesis
import pytest
from warm import WarmStart

from fer_core.base.workspace import Workspace
from fer_core.data.datasets import Dataset, import_dataset, list_datasets, open_dataset
from fer_core.data.sample.make import make_sample, truth
from fer_core.data.sample.truth import SampleTruth
from fer_core.data.save_version import save_version
from fer_core.duplicates.scan_store import compared_pairs
from fer_core.jobs import process

os.environ.setdefault("FER_ROOTS", "/")  # tests read from folders beside home and workspace

# How long one example takes says nothing on a busy machine.
hypothesis.settings.register_profile("fer", deadline=None)
hypothesis.settings.load_profile("fer")

# A shell starts what runs in the background deaf to Ctrl-C, and children inherit that: tests of interrupts would wait in vain.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

_ARCHIVES = {"capstone4": "capstone4/Facial_emotion_images.zip", "fer2013": "fer2013/fer2013.zip"}


_FAST = {"base", "charts", "recipes", "runs", "test_architecture.py", "test_packaging.py"}
"""Rooms and files whose tests need half a minute of processor time together (measured in one process, 866 tests);
`make fast` shares them among two workers, beside lint and types."""


_LONGEST = (
    "training/test_resume.py",
    "duplicates/test_real_duplicates.py",
    "workers/test_train.py",
    "scheduling/test_crossval.py",
    "training/test_compact.py",
)
"""Files that need half a minute each or more, the longest first, after those that give the server of workers time to be ready."""
_MANY = 1000
"""Tests among which there are workers enough to begin their server at once."""


_MEMORY = Path("/dev/shm")
_MEMORY_BYTES = 8 << 30
"""Free there: several times what the tests write at most, a gigabyte and a half, beside what they need themselves."""


def pytest_configure() -> None:
    """Temporary files live in memory where it has room: every workspace waits for the disk many times."""
    if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _MEMORY_BYTES:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With `-m fast`, other rooms are not even imported: that takes longer than the tests."""
    parts = collection_path.relative_to(Path(__file__).parent).parts
    return True if config.option.markexpr == "fast" and parts and parts[0] not in _FAST else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest files first, then those with slow tests, lest one is begun when all is done; the fast rooms are marked.
    Exhaustive tests run where they are asked for."""
    here = Path(__file__).parent
    if "exhaustive" not in config.option.markexpr:
        items[:] = [item for item in items if not item.get_closest_marker("exhaustive")]
    for item in items:
        if item.path.relative_to(here).parts[0] in _FAST and not any(
            item.get_closest_marker(name) for name in ("slow", "real", "browser")
        ):
            item.add_marker(pytest.mark.fast)
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    longest = {here / name: place for place, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: (longest.get(item.path, len(longest)), item.path not in slow))


def pytest_collection_finish() -> None:
    """Streamlit collects garbage after each drawing of a page, which would look at all the modules of all tests each time, and
    before each drawing its test harness reads what all installed packages say of themselves."""
    if "streamlit" in sys.modules:
        from streamlit.components.v2 import manifest_scanner

        manifest_scanner.scan_component_manifests = functools.cache(manifest_scanner.scan_component_manifests)
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the faces of samples lie: those of one seed and size are drawn once for all workers."""
    folder = _shared(tmp_path_factory, "drawn-faces")
    drawn_faces.keep(folder)
    return folder


@pytest.fixture(scope="session", autouse=True)
def warm_start(request: pytest.FixtureRequest) -> None:
    """Workers and verbs begin with all that they import; under `coverage`, which follows each from its start, they do not."""
    if "COVERAGE_PROCESS_START" not in os.environ and "COVERAGE_PROCESS_CONFIG" not in os.environ:
        warm = WarmStart()
        process.spawn = warm.spawn
        if len(request.session.items) > _MANY:
            warm.begin()


@pytest.fixture
def cold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes are started as the product starts them."""
    monkeypatch.setattr(WarmStart, "on", False)


@pytest.fixture(autouse=True)
def same_priority(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker gives way to the page; the process of the tests must not, and five steps more with each run."""
    monkeypatch.setattr(os, "nice", lambda _: 0)


@pytest.fixture(autouse=True)
def nothing_goes_on(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Runs and jobs outlive whoever started them; those of a test end with it, also where it fails."""
    spawn, started = process.spawn, list[subprocess.Popen[bytes]]()

    def remembered(*args: Any, **options: Any) -> subprocess.Popen[bytes]:
        started.append(spawn(*args, **options))
        return started[-1]

    monkeypatch.setattr(process, "spawn", remembered)
    yield
    for child in started:
        if child.poll() is None:
            process.signal_group(child.pid, signal.SIGKILL)
            child.kill()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """An empty workspace."""
    return Workspace(tmp_path / "home")


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """The sample, not to be changed."""
    return make_sample(Workspace(tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="session")
def planted(sample: Dataset) -> SampleTruth:
    """What is wrong with the sample, as it was planted."""
    return truth(sample)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of the real sets."""
    home = os.environ.get("FER_TEST_DATA")
    if not home or not Path(home).is_dir():
        pytest.skip("FER_TEST_DATA does not name the folder of the real sets")
    return Path(home)


@pytest.fixture(scope="session")
def capstone(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """The four-class set as people have it; not to be changed."""
    return _imported("capstone4", real_data, tmp_path_factory)


@pytest.fixture(scope="session")
def fer2013(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """FER2013, seven classes; not to be changed."""
    return _imported("fer2013", real_data, tmp_path_factory)


@pytest.fixture(scope="session")
def compared_capstone(capstone: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """The four-class set with the comparison of its pictures; not to be changed."""
    return _compared(capstone, tmp_path_factory)


@pytest.fixture(scope="session")
def compared_surprise(capstone: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """The surprised faces of the four-class set, a sixth of it, with their comparison; not to be changed."""
    return _compared(capstone, tmp_path_factory, only="surprise")


@pytest.fixture(scope="session")
def compared_fer2013(fer2013: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """FER2013 with the comparison of its pictures; not to be changed."""
    return _compared(fer2013, tmp_path_factory)


def _compared(dataset: Dataset, factory: pytest.TempPathFactory, only: str = "") -> Dataset:
    root = _shared(factory, f"compared-{only or 'sets'}")
    workspace = Workspace(root)
    with open(root / f"{dataset.name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if dataset.name not in {found.name for found in list_datasets(workspace)}:
            shutil.copytree(dataset.folder, workspace.data / dataset.name)
        found = open_dataset(workspace, dataset.name)
        if only and len(found.versions()) == 1:
            table = found.manifest()
            save_version(found, table[table["label"] == only], parent=found.head, operation="test")
        compared_pairs(found, found.head)
    return found


def _imported(name: str, real_data: Path, factory: pytest.TempPathFactory) -> Dataset:
    archive = real_data / _ARCHIVES[name]
    if not archive.is_file():
        pytest.skip(f"{_ARCHIVES[name]} is not in FER_TEST_DATA")
    root = _shared(factory, "real-sets")
    workspace = Workspace(root)
    with open(root / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if name not in {found.name for found in list_datasets(workspace)}:
            import_dataset(workspace, archive, name)
    return open_dataset(workspace, name)


def _shared(factory: pytest.TempPathFactory, name: str) -> Path:
    """A folder that all workers of this run of the tests share."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    folder.mkdir(exist_ok=True)
    return folder
