"""The tasks of background jobs, one class per kind.

    task = RankLabels(dataset="faces", version="a91f...", method="quick")
    task.kind                            # 'mislabels', also the verb that does it
    task.command(Path("/job"))           # ['mislabels', '--job=/job', '--version=a91f...', ..., '--', 'faces']
    Task.read("mislabels", task.parameters) == task

`tests/cli/test_tasks.py` checks that the command line accepts every task.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fer_core.jobs.task import Task, argument, option


@dataclass(frozen=True)
class AddSample(Task, kind="sample", title="Adding {dataset}"):
    dataset: str = option("--name")


@dataclass(frozen=True)
class Import(Task, kind="import", title="Adding {dataset}"):
    """Add a dataset; `labels`, `votes` and the rest as `data.importing.options.Options` says.

    Attributes:
        mapping: `THEIRS=OURS`, or what numbers mean.
        own: the source is an upload in this workspace, and the import may move it.
    """

    path: str = argument()
    dataset: str = option("--name")
    labels: tuple[str, ...] = option("--labels", ())
    votes: str = option("--votes", "")
    mapping: tuple[str, ...] = option("--map", ())
    skip: tuple[str, ...] = option("--skip", ())
    classes: str = option("--classes", "all")
    own: bool = option("--own", False)
    no_labels: bool = option("--no-labels", False)
    delivery: str = option("--as", "auto")
    accept_classes: bool = option("--accept-classes", False)


@dataclass(frozen=True)
class Refresh(Task, kind="refresh", title="Looking for new files of {dataset}"):
    dataset: str = argument()


@dataclass(frozen=True)
class Check(Task, kind="check", title="Checking {dataset}"):
    dataset: str = argument()
    version: str = option("--version")


@dataclass(frozen=True)
class MakeMap(Task, kind="map", title="Map of {dataset}"):
    dataset: str = argument()
    version: str = option("--version")
    features: str = option("--features")
    method: str = option("--method")


@dataclass(frozen=True)
class FindCopies(Task, kind="duplicates"):
    """Compare all pictures.

    Attributes:
        kinds: separated by commas, such as `exact,near,mirrored`.
        distance: largest Hamming distance of two hashes, bits.
        against: another dataset whose pictures they are compared with.
    """

    dataset: str = argument()
    version: str = option("--version")
    kinds: str = option("--kind")
    distance: int = option("--distance")
    against: str | None = option("--against", None)

    @property
    def title(self) -> str:
        if self.against:
            return f"Comparing {self.dataset} with {self.against}"
        return f"Looking for near copies in {self.dataset}"


@dataclass(frozen=True)
class RankLabels(Task, kind="mislabels", title="Ranking the labels of {dataset}"):
    """Rank the labels.

    Attributes:
        method: quick, folds, `run:<id>` or `file:<path>`.
        recipe, folds, epochs: of the method `folds`.
        anew: compute it even if a ranking is kept.
    """

    dataset: str = argument()
    version: str = option("--version")
    method: str = option("--method", "quick")
    recipe: str | None = option("--recipe", None)
    folds: int | None = option("--folds", None)
    epochs: int | None = option("--epochs", None)
    anew: bool = option("--anew", False)

    @property
    def ranking(self) -> str:
        """The name the ranking is stored under, see `mislabels.store`."""
        kind, _, path = self.method.partition(":")
        return f"file:{Path(path).name}" if kind == "file" else self.method


@dataclass(frozen=True)
class Stratify(Task, kind="stratify", title="New splits of {dataset}"):
    """Make new splits; the fields as `splits.propose.propose` has them, a column of "none" for none."""

    dataset: str = argument()
    version: str = option("--version")
    distance: int = option("--distance")
    ratios: str = option("--ratios", "80/10/10")
    folds: int | None = option("--folds", None)
    seed: int = option("--seed", 42)
    balance: str = option("--balance", "class")
    together: str = option("--together", "mirrored")
    subject_column: str = option("--subject-column", "auto")
    subject_pattern: str | None = option("--subject-pattern", None)
    keep_test: bool = option("--keep-test", False)
    cap: int | None = option("--cap", None)


@dataclass(frozen=True)
class Separate(Task, kind="separate", title="Dropping the leaks of {dataset}"):
    dataset: str = argument()
    version: str = option("--version")
    certify: bool = option("--certify", False)


@dataclass(frozen=True)
class Merge(Task, kind="merge", title="Filling gaps of {dataset} from {other}"):
    """Add images of another dataset; the fields as `splits.merge.propose.propose` has them, written for the command line."""

    dataset: str = argument()
    other: str = argument()
    version: str = option("--version")
    other_version: str = option("--other-version")
    fill: str = option("--fill", "balanced")
    into: str = option("--into", "all")
    mapping: tuple[str, ...] = option("--map", ())
    seed: int = option("--seed", 42)
    certify: bool = option("--certify", False)


@dataclass(frozen=True)
class Certify(Task, kind="certify", title="Checking pairs across splits of {dataset}"):
    dataset: str = argument()
    version: str = option("--version")


@dataclass(frozen=True)
class Export(Task, kind="export"):
    dataset: str = argument()
    version: str = option("--version")
    form: str = option("--format")
    target: str = option("--to")

    @property
    def file(self) -> str:
        return self.target

    @property
    def title(self) -> str:
        return f"Exporting {Path(self.target).name}"


@dataclass(frozen=True)
class WriteReport(Task, kind="report", title="Report of {dataset}"):
    """Write one of the documents about a dataset: the one whose path is given."""

    dataset: str = argument()
    version: str = option("--version")
    target: str | None = option("--out", None)
    story: str | None = option("--story", None)
    datasheet: str | None = option("--datasheet", None)
    no_faces: bool = option("--no-faces", False)

    @property
    def file(self) -> str:
        return self.target or self.story or self.datasheet or ""


@dataclass(frozen=True)
class Estimate(Task, kind="estimate", title="Estimating {recipe}"):
    """Measure the time and memory a run would take.

    Attributes:
        settings: changes of the recipe, each `KEY=VALUE`.
    """

    dataset: str = option("--dataset")
    version: str = option("--version")
    recipe: str = option("--recipe")
    settings: tuple[str, ...] = option("--set", ())


@dataclass(frozen=True)
class FindRate(Task, kind="find-rate", title="Looking for a rate of {recipe}"):
    """Search for a learning rate; fields as in `Estimate`."""

    dataset: str = option("--dataset")
    version: str = option("--version")
    recipe: str = option("--recipe")
    settings: tuple[str, ...] = option("--set", ())


@dataclass(frozen=True)
class Evaluate(Task, kind="evaluate", title="Evaluating {run}"):
    run: str = argument()
    version: str = option("--version")


@dataclass(frozen=True)
class EvaluateAcross(Task, kind="across"):
    """Evaluate runs on other datasets, see `evaluation.across`."""

    runs: tuple[str, ...] = argument()
    datasets: tuple[str, ...] = option("--on", ())
    split: str = option("--split", "val")

    @property
    def title(self) -> str:
        return f"Asking {', '.join(self.runs)} about {', '.join(self.datasets) or 'all datasets'}"


@dataclass(frozen=True)
class JudgeFile(Task, kind="judge", title="Judging {model} on {dataset}"):
    """Evaluate an added model file for the leaderboard, see `evaluation.across.judged_file`."""

    model: str = argument()
    dataset: str = argument()
    version: str = option("--version")


@dataclass(frozen=True)
class MeasureCost(Task, kind="cost"):
    runs: tuple[str, ...] = argument()

    @property
    def title(self) -> str:
        return f"Measuring {', '.join(self.runs)}"


@dataclass(frozen=True)
class Convert(Task, kind="convert", title="Converting {run}"):
    """Write a run's model in another format, see `inference.conversion`."""

    run: str = argument()
    to: str = option("--to")
    quantize: str = option("--quantize", "none")
    target: str | None = option("--out", None)


@dataclass(frozen=True)
class Doctor(Task, kind="doctor", title="Looking at every file"):
    """Compare every file with its checksum; `mend` repairs what can be repaired."""

    mend: bool = option("--repair", False)


@dataclass(frozen=True)
class Tune(Task, kind="tune", title="Search {search}"):
    """Continue a search."""

    search: str = option("--resume")
