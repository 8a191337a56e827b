"""Finding wrong labels: the ranking of each method against cleanlab's scores on the same probabilities.

Claims: on the four-class set `quick` reaches an average precision of at least .30 in under 60 seconds on two cores, and
`folds` with the recipe `compact` at least .42 in under 12 minutes at 600 images a second. Truth is people's votes, used
for measuring alone: a label is wrong when at most a tenth of the votes and not the most of them agree with it.
Precision at k is the share of wrong labels among the first k.

With FER_TEST_DATA set the four-class set, FER2013 and 911 web photos are read, else the sample with its planted wrong
labels. Of the photos nobody knows which labels are wrong: a tenth of them is planted, another class at random, and what
was wrong before counts as right, so the figures are too low rather than too high. One trial each, seeds fixed. `--folds`
trains networks, for many minutes, and tells the images trained, for on a busy machine seconds say little. `--ablation`
leaves out one part at a time. `--emotions` measures the model that ships, on the images it has not learned, and
combinations of it with `quick`. Both tell the parts of FER2013 apart: choose on PublicTest, report PrivateTest.

    python bench/bench_mislabels.py [--sets capstone4 fer2013 photos] [--emotions] [--folds] [--ablation]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from cleanlab.rank import get_label_quality_scores
from scipy.special import softmax
from scipy.stats import rankdata
from sklearn.metrics import average_precision_score, roc_auc_score

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fer_core.base.workspace import Workspace
from fer_core.data.dataset import Dataset
from fer_core.data.datasets import import_dataset, list_datasets, open_dataset
from fer_core.data.importing.options import Options
from fer_core.data.manifest import classes, readable
from fer_core.data.sample.make import make_sample, truth
from fer_core.duplicates.near import stored_near_groups
from fer_core.explore.features import Features
from fer_core.mislabels import scores
from fer_core.mislabels.noise import label_quality
from fer_core.scheduling import crossval
from fer_core.splits.groups import given_groups, joined_groups

_VOTE = {"happy": "happiness", "sad": "sadness"}
_QUIET = 600  # images a second that `compact` trains on two quiet cores
_PEERS = ("self_confidence", "normalized_margin", "confidence_weighted_entropy")


class Clock:
    """Seconds passed, and seconds of work of this process: on a busy machine the two differ."""

    def __init__(self) -> None:
        self.wall, self.work = time.perf_counter(), time.process_time()

    def read(self) -> str:
        return f"{time.perf_counter() - self.wall:.0f} s ({time.process_time() - self.work:.0f} s CPU)"


@dataclass
class Case:
    """A labelled set and which of its labels are wrong; rows are its readable images."""

    name: str
    dataset: Dataset
    table: pd.DataFrame
    names: tuple[str, ...]
    labels: np.ndarray
    groups: np.ndarray
    wrong: np.ndarray
    usage: np.ndarray  # "Training", "PublicTest", "PrivateTest"; "" where nobody says

    @property
    def pixels(self) -> np.ndarray:
        return self.dataset.pixels()[self.table["row"].to_numpy()]


def case(name: str, dataset: Dataset, wrong: np.ndarray, usage: np.ndarray | None = None) -> Case:
    table = readable(dataset.manifest()).reset_index(drop=True)
    names = classes(table)
    labels = table["label"].map({c: i for i, c in enumerate(names)}).to_numpy(np.int64)
    near = stored_near_groups(dataset, dataset.head)
    groups = joined_groups(table, given_groups(table, [] if near is None else [near]))
    usage = np.full(len(table), "") if usage is None else usage
    return Case(name, dataset, table, names, labels, groups, wrong, usage)


def usage_of(votes: pd.DataFrame) -> np.ndarray:
    """The part of FER2013 each row is from."""
    return votes.filter(like="usage").iloc[:, 0].to_numpy(str)


def against_votes(table: pd.DataFrame, votes: pd.DataFrame) -> np.ndarray:
    """bool (n,): labels with at most a tenth of the votes that are not the majority."""
    counts = votes.filter(like="votes_")
    place = {name: i for i, name in enumerate(counts.columns)}
    column = table["label"].map(lambda label: place[f"votes_{_VOTE.get(label, label)}"]).to_numpy(np.int64)
    values = counts.to_numpy(np.float64)
    own = values[np.arange(len(values)), column]
    return np.asarray((own <= 0.1 * values.sum(axis=1)) & (own < values.max(axis=1)))


def imported(workspace: Workspace, path: Path, name: str, labels: str = "") -> Dataset:
    known = {about.name for about in list_datasets(workspace)}
    if name in known:
        return open_dataset(workspace, name)
    return import_dataset(workspace, path, name, options=Options(labels=labels) if labels else None)


def planted(found: Case, share: float = 0.1) -> Case:
    """The case with a share of its labels replaced by another class, which are then the wrong ones."""
    random = np.random.default_rng(0)
    wrong = np.zeros(len(found.labels), dtype=bool)
    wrong[random.choice(len(wrong), round(share * len(wrong)), replace=False)] = True
    others = (found.labels + random.integers(1, len(found.names), len(wrong))) % len(found.names)
    return replace(found, labels=np.where(wrong, others, found.labels), wrong=wrong)


def cases(workspace: Workspace, wanted: list[str]) -> Iterator[Case]:
    home = os.environ.get("FER_TEST_DATA")
    if not home:
        print("FER_TEST_DATA is not set: the sample is measured")
        sample = make_sample(workspace)
        known = truth(sample)
        paths = set(known["wrong_labels"]) | {pair["paths"][1] for pair in known["conflicting"]}
        yield case("sample", sample, readable(sample.manifest())["path"].isin(list(paths)).to_numpy())
        return
    data = Path(home)
    if "capstone4" in wanted:
        four = imported(workspace, data / "capstone4/Facial_emotion_images.zip", "capstone4")
        table = readable(four.manifest())
        votes = pd.read_csv(data / "capstone4/capstone4_labels.csv").set_index("file")
        votes = votes.loc[table["path"].str.split("/", n=1).str[1]]
        yield case("four-class set", four, against_votes(table, votes), usage_of(votes))
    if "fer2013" in wanted:
        seven = imported(workspace, data / "fer2013/fer2013.zip", "fer2013")
        table = readable(seven.manifest())
        votes = pd.read_csv(data / "fer2013/fer2013_labels.csv").set_index("row")
        votes = votes.loc[table["path"].str.extract(r"(\d+)\.\w+$")[0].astype(int)]
        yield case("FER2013", seven, against_votes(table, votes), usage_of(votes))
    if "photos" in wanted:
        folder = data / "external/muxspace_sample"
        photos = imported(workspace, folder / "muxspace_sample.zip", "photos", str(folder / "legend.csv"))
        found = case("web photos", photos, np.zeros(len(readable(photos.manifest())), dtype=bool))
        yield planted(found)


def report(name: str, score: np.ndarray, wrong: np.ndarray, seconds: str = "") -> float:
    """Print one line; returns the average precision."""
    order = np.argsort(score, kind="stable")
    ks = [k for k in (60, 90, 100, 500, 1000) if (k >= 100) == (len(wrong) > 1000) and k < len(wrong) / 3]
    precision = "  ".join(f"P@{k} {wrong[order[:k]].mean():.3f}" for k in ks)
    average = float(average_precision_score(wrong, -score))
    area = roc_auc_score(wrong, -score)
    print(f"  {name:46s} AP {average:.3f}  AUROC {area:.3f}  {precision}  {seconds}", flush=True)
    return average


def against_cleanlab(found: Case, name: str, known: scores.Opinions, seconds: str) -> None:
    """Our score, then cleanlab's three on the probabilities of the model alone."""
    ours = report(
        f"{name}: ours, all opinions", label_quality(found.labels, known.together), found.wrong, seconds
    )
    peers = {}
    for method in _PEERS:
        score = get_label_quality_scores(found.labels, known.model, method=method)
        peers[method] = report(f"{name}: cleanlab {method}", score, found.wrong)
    weights = ", ".join(f"{key} {value:.2f}" for key, value in known.weights.items())
    print(f"  weights: {weights}")
    print(f"  ours / cleanlab self-confidence: {ours / peers['self_confidence']:.2f} x average precision")


def opinions(found: Case, said: np.ndarray | None, sight: Features | None = None) -> scores.Opinions:
    pictures = np.unique(found.table["pixel_hash"].to_numpy(str), return_inverse=True)[1]
    return scores.opinions(
        found.pixels, found.labels, len(found.names), pictures, found.groups, given=said, sight=sight
    )


def ablation(found: Case, known: scores.Opinions) -> None:
    """The ranking without one of its parts."""
    from fer_core.mislabels.pool import logs

    other = (known.copies > 0) & (np.eye(len(found.names))[found.labels] == 0)
    logits = np.log(known.together)
    bare = softmax(logits - scores.COPY_WEIGHT * other, axis=1)
    report("  without copies", label_quality(found.labels, bare), found.wrong)
    model = softmax(logs(known.model), axis=1)
    report("  the model alone, our score", label_quality(found.labels, model), found.wrong)
    report("  all, self-confidence", get_label_quality_scores(found.labels, known.together), found.wrong)


def from_folds(found: Case, recipe: str, folds: int, epochs: int) -> tuple[np.ndarray, str]:
    """Out-of-fold probabilities of a recipe, and what they took."""
    clock = Clock()
    prepared = crossval.prepare(
        found.dataset, found.dataset.head, crossval.short_recipe(recipe, epochs), folds
    )
    new = bool(prepared.missing())
    chances = crossval.train(prepared).probabilities()
    images = len(found.labels) * (folds - 1) * epochs
    passed = clock.read() if new else "trained before"
    words = f"{passed}; {images:,} images trained, {images / _QUIET:.0f} s at {_QUIET} a second"
    return chances.loc[found.table["image_id"], list(found.names)].to_numpy(), words


def by_usage(scored: dict[str, np.ndarray], usage: np.ndarray, wrong: np.ndarray) -> None:
    """Scores on the parts of FER2013 that choices may (PublicTest) and may not (PrivateTest) be made on."""
    for part in sorted(set(usage) - {"Training"}):
        here = usage == part
        print(f" {part or 'all'}: {here.sum():,} images, {wrong[here].mean():.1%} of the labels wrong")
        for name, score in scored.items():
            report(name, score[here], wrong[here])


def with_emotions(found: Case, quick: np.ndarray) -> None:
    """The model that ships on what it has not learned, beside the quick model and with it, per part of the set."""
    from fer_core.mislabels import emotions
    from fer_core.mislabels.pool import logs

    clock = Clock()
    told = emotions.judge_images(found.dataset, found.dataset.head)
    said = told.probabilities.loc[found.table["image_id"], list(found.names)].to_numpy()
    asked = np.isfinite(said).all(axis=1)
    print(f"  emotions: {asked.sum():,} images not learned, {clock.read()}")
    labels, e, q = found.labels[asked], said[asked], quick[asked]
    own, other = label_quality(labels, e), label_quality(labels, q)
    shipped = opinions(found, said, told.sight)
    scored = {
        "the method emotions, as it ships": label_quality(labels, shipped.together[asked]),
        "emotions": own,
        "emotions: cleanlab self_confidence": get_label_quality_scores(labels, e, method="self_confidence"),
        "quick": other,
        "quick: cleanlab self_confidence": get_label_quality_scores(labels, q, method="self_confidence"),
    }
    for part in (0.1, 0.2, 0.5, 1.0):
        scored[f"ranks, quick counts {part:g}"] = rankdata(own) + part * rankdata(other)
        scored[f"pool, quick counts {part:g}"] = label_quality(
            labels, softmax(logs(e) + part * logs(q), axis=1)
        )
    by_usage(scored, found.usage[asked], found.wrong[asked])


def measure(found: Case, options: argparse.Namespace) -> None:
    print(f"{found.name}: {len(found.wrong):,} images, {found.wrong.mean():.1%} of the labels wrong")
    clock = Clock()
    known = opinions(found, None)
    against_cleanlab(found, "quick", known, clock.read())
    if options.emotions:
        with_emotions(found, known.together)
    if options.ablation:
        ablation(found, known)
    if options.folds:
        said, seconds = from_folds(found, options.recipe, options.k, options.epochs)
        quick, known = known, opinions(found, said)
        against_cleanlab(found, "folds", known, seconds)
        scored = {
            "quick": label_quality(found.labels, quick.together),
            "folds: ours, all opinions": label_quality(found.labels, known.together),
            "folds: cleanlab": get_label_quality_scores(found.labels, known.model, method="self_confidence"),
        }
        by_usage(scored, found.usage, found.wrong)
        if options.ablation:
            ablation(found, known)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", default=["capstone4", "fer2013", "photos"])
    parser.add_argument("--emotions", action="store_true", help="also the model that ships")
    parser.add_argument("--folds", action="store_true", help="also networks trained in folds")
    parser.add_argument("--recipe", default=crossval.RECIPE)
    parser.add_argument("--k", type=int, default=crossval.FOLDS)
    parser.add_argument("--epochs", type=int, default=crossval.EPOCHS)
    parser.add_argument("--ablation", action="store_true", help="leave out one part at a time")
    parser.add_argument(
        "--home", type=Path, help="a workspace to keep: what was trained there is not trained again"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for found in cases(Workspace((options.home or Path(folder)).resolve()), options.sets):
            measure(found, options)


if __name__ == "__main__":
    main()
