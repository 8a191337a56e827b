"""What the files of a run hold, as typed dictionaries: they are read and written as JSON.

Files of older versions lack keys that came later; a record that can is `total=False`.
"""

from __future__ import annotations

from typing import Literal, TypedDict

RunState = Literal[
    "queued", "starting", "running", "stopping", "pausing", "paused", "stopped", "finished", "failed", "lost"
]


class StartRecord(TypedDict):
    """What a run's network began with.

    Attributes:
        name: `shipped`, the id of a run, or an imported model or a file.
        digest: of its file.
        classes: it answers with; the same, and the head was taken over too.
        judged, seen: images of every split but train, and how many of them it has learned from, or copies of them; None: unknown.
    """

    name: str
    digest: str
    classes: list[str]
    judged: int
    seen: int | None


class JudgedFile(TypedDict):
    """Where the answers of a run come from whose model was not trained here."""

    file: str
    digest: str
    classes: list[str]
    other: dict[str, int]


class RunInfo(TypedDict, total=False):
    """`run.json`.

    Attributes:
        id, recipe, dataset, version, version_number, seed: what is trained, by what, on what.
        state, reason: the state as it was last written, and why.
        created, launched, started, ended, resumed: UTC, ISO 8601.
        planned_epochs: by the recipe.
        seconds: that it trained.
        settings: changes of the recipe, as they were asked for.
        differs: what sets it apart, by `naming.describe_difference`; absent in runs of an older version.
        experiment, member: id of the first of several runs, and what this one is among them.
        forked_from, forked_at, changed: the run and epoch it goes on from, and the fields that differ.
        parameters, trainable_parameters, classes, images: of the model and of the splits, once they are known.
        pid, backend, device, code, packages, launcher: where it was trained, and with which versions.
        submitted: when a launcher took it (UTC, ISO 8601); "" once it waits again.
        test_time_augmentation: whether its predictions are means over shifted images.
        start: what its network began with; absent where that was random or published.
        ablation: the two runs it explains and the one change it tries.
        search, trial, fresh: the search it is part of, and its number there among the trials, or the winner's fresh seeds.
        judged: of a model file that was not trained here: its `file`, `digest` (also of what is said of it), `classes`, and by
            split how many images of `other` classes are left out.
        pause_after: epochs after which it pauses by itself, None for never.
    """

    id: str
    state: RunState
    reason: str
    recipe: str
    dataset: str
    version: str
    version_number: int | None
    seed: int
    created: str
    launched: str
    started: str
    ended: str
    resumed: str
    planned_epochs: int
    seconds: float | None
    settings: dict[str, str]
    differs: str
    experiment: str
    member: str
    forked_from: str
    forked_at: int
    changed: list[str]
    parameters: int
    trainable_parameters: int
    classes: list[str]
    judged: JudgedFile
    images: dict[str, int]
    pid: int
    backend: str
    device: str
    code: str
    packages: dict[str, str]
    launcher: str
    submitted: str
    test_time_augmentation: bool
    start: StartRecord
    ablation: dict[str, str]
    search: str
    trial: int
    fresh: int
    pause_after: int | None


class Epoch(TypedDict, total=False):
    """A line of `metrics.jsonl`; `runs.run.EPOCH_COLUMNS` tells what it counts."""

    epoch: int
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float
    val_macro_f1: float
    best_by: Literal["val_accuracy", "val_macro_f1"]
    learning_rate: float
    seconds: float
    images_per_second: float
    eta_seconds: float
    val_recall: dict[str, float | None]
    doubted: float
    cpu_percent: float
    rss_mb: float
    gpu_memory_mb: float
    partial: bool


class WrongImage(TypedDict):
    """An image of val got wrong: its label, the class said, and with which probability."""

    image_id: str
    label: str
    said: str
    probability: float


class RunSummary(TypedDict):
    """One row of the table of runs; values that are not known yet are None. `seconds` count the training."""

    run: str
    state: RunState
    recipe: str | None
    dataset: str | None
    version: str | None
    parameters: int | None
    trainable_parameters: int | None
    epochs: int
    planned_epochs: int | None
    best_epoch: int | None
    val_accuracy: float | None
    train_accuracy: float | None
    seconds: float
    images_per_second: float | None
    created: str | None
    started: str | None
    ended: str | None
    device: str | None
    backend: str | None
    seed: int | None
    reason: str


class Marks(TypedDict):
    """`marks.json`: what people say about a run; of `hypothesis` and `expected` (validation accuracy, 0..1) before it is made."""

    star: bool
    tags: list[str]
    note: str
    archived: bool
    hypothesis: str
    expected: float | None


class ClassScores(TypedDict):
    """Of one class: precision, recall and F1 (0..1; 0 where undefined), and images that carry its label."""

    precision: float
    recall: float
    f1: float
    support: int


class ConfusionCounts(TypedDict):
    """Images by label (row) and answer (column)."""

    classes: list[str]
    counts: list[list[int]]


class ClassAreas(TypedDict):
    """Area under the ROC curve and average precision; None where the class or all others are missing."""

    auc: float | None
    average_precision: float | None


class VoteAgreement(TypedDict):
    """How a model agrees with human votes.

    Attributes:
        images: with votes.
        majority: of these, with one class voted most.
        agreement, label_agreement: share of these that model and label answer as the majority; None without.
        cross_entropy: nats, of the answers to the distribution of votes.
        entropy: nats, of the votes: the least that `cross_entropy` can be.
    """

    images: int
    majority: int
    agreement: float | None
    label_agreement: float | None
    cross_entropy: float
    entropy: float


class Scores(TypedDict, total=False):
    """All scores of one split. Averages run over the classes that occur as label or prediction.

    Attributes:
        accuracy_interval: 95 %.
        log_loss: nats. `brier` 0..2. `ece` the calibration error.
        intervals: 95 %, of each measure the confusion matrix determines.
        areas: by class.
        votes: None without.
        seen: images left out, for the run has learned from them.
        copies: images that are a copy of another one.
    """

    images: int
    classes: list[str]
    accuracy: float
    accuracy_interval: list[float]
    balanced_accuracy: float
    macro_precision: float
    weighted_precision: float
    macro_recall: float
    weighted_recall: float
    macro_f1: float
    weighted_f1: float
    top2: float
    kappa: float
    log_loss: float
    brier: float
    ece: float
    per_class: dict[str, ClassScores]
    confusion: ConfusionCounts
    intervals: dict[str, list[float]]
    votes: VoteAgreement | None
    areas: dict[str, ClassAreas]
    seen: int
    copies: int


class Evaluation(TypedDict, total=False):
    """`evaluation.json`: the scores of each split, and of which run and version they are. `code` is the library's."""

    schema: int
    run: str
    dataset: str
    version: str
    code: str
    time: str
    splits: dict[str, Scores]
