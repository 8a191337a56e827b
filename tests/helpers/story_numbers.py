"""Every number of a told story, worked out anew: plain counting and NumPy on the files, no function of the library."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from told_story import CLASSES, Files

Z = 1.959963984540054
Numbers = dict[str, float | None]


def all_numbers(files: Files, judged: int, best: str, second: str) -> Numbers:
    """Key -> value of everything a story says but for bootstraps.

    Args:
        files: of the dataset.
        judged: number of the version on which runs are judged.
        best, second: the winner and the one it is held against.
    """
    found: Numbers = {}
    for part in (problem(files), versions(files), decisions(files), models(files)):
        found |= part
    found["head.images"], found["head.versions"] = (
        float(len(files.images(judged))),
        float(len(files.versions)),
    )
    found["head.runs"] = float(len(files.runs))
    return (
        found
        | errors(files, best)
        | sure(files, best)
        | held_against(files, best, second)
        | costs(files, best, second)
    )


def problem(files: Files) -> Numbers:
    images, whole = files.images(1), files.manifest(1)
    found: Numbers = {
        "problem.images": len(images),
        "problem.classes": images["label"].nunique(),
        "problem.unreadable": len(whole) - len(images),
    }
    for name in CLASSES:
        own = images[images["label"] == name]
        found |= {f"problem.all.{name}": len(own), f"problem.share.{name}": len(own) / len(images)}
        found |= {
            f"problem.{split}.{name}": int((own["split"] == split).sum())
            for split in ("train", "val", "test")
        }
    found |= {f"problem.{split}": int((images["split"] == split).sum()) for split in ("train", "val", "test")}
    votes = np.array(images["votes"].tolist(), float)
    kinds = files.json(f"data/{files.name}/dataset.json")["vote_classes"]
    votes = votes[:, [kinds.index(name) for name in CLASSES]]
    clear = [sorted(row)[-1] > sorted(row)[-2] for row in votes]
    top = votes[clear]
    said = [CLASSES[i] for i in top.argmax(axis=1)]
    right = [a == b for a, b in zip(said, images["label"][clear], strict=True)]
    found |= {
        "problem.voted": len(top),
        "problem.people": float(np.mean([max(r) / sum(r) for r in top])),
        "problem.label": float(np.mean(right)),
    }
    train, val = (images[images["split"] == split] for split in ("train", "val"))
    across = sum(int((val["pixel_hash"] == one).sum()) for one in train["pixel_hash"])
    found |= {
        "problem.leaks.exact": across,
        "problem.leaks.near": 0,
        "problem.leaks.mirrored": 0,
        "problem.leaks.of.val": len(val),
    }
    return found | {"problem.leaks.in_train.val": int(val["pixel_hash"].isin(train["pixel_hash"]).sum())}


def versions(files: Files) -> Numbers:
    found: Numbers = {}
    names = ("copies", "dropped", "relabelled", "merged", "added", "back", "moved")
    by_id = {each["id"]: each["number"] for each in files.versions}
    said = files.decisions()
    gone_as_copy = set(said.loc[(said["action"] == "delete") & (said["other"] != ""), "image_id"])
    for version in files.versions:
        key, now = f"v{version['number']}", files.images(version["number"]).set_index("image_id")
        found[f"{key}.images"] = len(now)
        held = files.home / "data" / files.name / "versions" / version["id"] / "certificate.json"
        about = files.json(str(held.relative_to(files.home))) if held.is_file() else None
        found[f"{key}.left"] = about and about["exact"] + about["near"] + about["mirrored"]
        sizes = now["split"].value_counts().to_numpy()
        found[f"{key}.pairs"] = (sizes.sum() ** 2 - (sizes**2).sum()) / 2 if about else None
        if version["parent"] is None:
            continue
        before = files.images(by_id[version["parent"]]).set_index("image_id")
        removed, new = set(before.index) - set(now.index), set(now.index) - set(before.index)
        both = before.merge(now, left_index=True, right_index=True, suffixes=("", "_now"))
        counts = dict.fromkeys(names, 0) | {
            "copies": len(removed & gone_as_copy), "dropped": len(removed - gone_as_copy),
            "relabelled": int((both["label"] != both["label_now"]).sum()),
            "moved": int((both["split"] != both["split_now"]).sum()),
            "merged" if version["operation"] == "merge" else "added": len(new),
        }  # fmt: skip
        found |= {f"{key}.{name}": n for name, n in counts.items()}
        if version["operation"] == "merge":
            for name in CLASSES:
                here, after = (int((table["label"] == name).sum()) for table in (before, now))
                found |= {
                    f"{key}.merge.{name}.here": here,
                    f"{key}.merge.{name}.after": after,
                    f"{key}.merge.{name}.added": after - here,
                }
    return found


def decisions(files: Files) -> Numbers:
    said = files.decisions()
    found: Numbers = {f"decisions.{name}": int(n) for name, n in said["action"].value_counts().items()}
    copies = said[(said["action"] == "delete") & (said["other"] != "")]
    found |= {
        "decisions.people": said["who"].nunique(),
        "decisions.copies": len(copies),
        "decisions.kept": copies["other"].nunique(),
    }
    last = len(files.versions)
    both = files.images(1).merge(files.images(last), on="image_id", suffixes=("", "_now"))
    changed = both[both["label"] != both["label_now"]]
    found["relabelled"] = len(changed)
    for (old, new), rows in changed.groupby(["label", "label_now"]):
        found[f"relabelled.{old}.{new}"] = len(rows)
    across = files.images(last).groupby("pixel_hash")["split"].nunique()
    return found | {
        "repaired.leaks.exact": int((across > 1).sum()),
        "repaired.leaks.near": None,
        "repaired.leaks.mirrored": None,
    }


def models(files: Files) -> Numbers:
    found: Numbers = {}
    for run in files.runs:
        key, folder = f"run.{run}", f"models/runs/{run}"
        info = files.json(f"{folder}/run.json")
        lines = files.home / folder / "metrics.jsonl"
        epochs = pd.read_json(lines, lines=True) if lines.is_file() else pd.DataFrame()
        known = len(epochs) > 0
        best: dict[Any, Any] = (
            epochs.sort_values("val_accuracy", kind="stable").iloc[-1].to_dict() if known else {}
        )
        stored = files.json(f"{folder}/evaluation.json")["splits"]["val"] if known else {}
        found |= {
            f"{key}.seed": info["seed"], f"{key}.parameters": info.get("parameters"),
            f"{key}.trainable": info.get("trainable_parameters"),
            f"{key}.epochs": len(epochs), f"{key}.minutes": info["seconds"] / 60 if known else None,
            f"{key}.best_epoch": best.get("epoch"), f"{key}.train_accuracy": best.get("accuracy"),
            f"{key}.gap": best["accuracy"] - best["val_accuracy"] if known else None,
            f"{key}.val_accuracy.low": stored["accuracy_interval"][0] if known else None,
        }  # fmt: skip
        found |= {f"{key}.val_accuracy": None, f"{key}.val_images": None, f"{key}.macro_f1": None}
        kept = files.home / folder / "layers.json"
        for place, layer in enumerate(
            files.json(f"{folder}/layers.json")["layers"] if kept.is_file() else []
        ):
            found |= {
                f"layer.{run}.{place}.parameters": layer["parameters"],
                f"layer.{run}.{place}.trained": layer["trained_parameters"],
            }
        if known:
            answers = files.answers(run)
            found |= {
                f"{key}.val_accuracy.high": stored["accuracy_interval"][1],
                f"{key}.val_accuracy": answers["right"].mean(),
            }
            found |= {
                f"{key}.val_images": len(answers),
                f"{key}.macro_f1": float(np.mean([f1(answers, name) for name in CLASSES])),
            }
    return found


def f1(answers: pd.DataFrame, name: str) -> float:
    shown, said = answers["label"] == name, answers["said"] == name
    return 2 * int((shown & said).sum()) / (int(shown.sum()) + int(said.sum()))


def errors(files: Files, best: str) -> Numbers:
    answers = files.answers(best)
    wrong = answers[~answers["right"]]
    found: Numbers = {"errors.images": len(answers), "errors.wrong": len(wrong)}
    for shown in CLASSES:
        own = answers[answers["label"] == shown]
        for said in CLASSES:
            n = int((own["said"] == said).sum())
            key = f"errors.{shown}.{said}"
            found[key] = n
            if n and shown != said:
                found |= {f"{key}.top": n, f"{key}.share": n / len(own), f"{key}.of": n / len(wrong)}
    return found


def sure(files: Files, best: str) -> Numbers:
    """Temperature by a fine grid in place of a search, thresholds by trying each probability."""
    answers = files.answers(best)
    p = answers[[f"p_{name}" for name in CLASSES]].to_numpy(np.float64)
    truth = np.array([CLASSES.index(name) for name in answers["label"]])
    grid = np.exp(np.linspace(math.log(0.05), math.log(20), 40001))
    losses = [-np.log(softened(p, t)[np.arange(len(p)), truth]).mean() for t in grid]
    fitted = float(grid[int(np.argmin(losses))])
    found: Numbers = {
        "sure.images": len(p),
        "sure.fitted": fitted,
        "sure.temperature": 1.0,
        "sure.threshold": 0.55,
    }
    found |= {"sure.ece": ece(p, truth), "sure.ece_fitted": ece(softened(p, fitted), truth)}
    top, right = softened(p, fitted).max(axis=1), p.argmax(axis=1) == truth
    for wanted in (0.8, 0.85, 0.9, 0.95, 0.99):
        good = [t for t in sorted(top) if right[top >= t].mean() >= wanted]
        key = f"sure.at.{wanted:g}"
        found |= {f"{key}.wanted": wanted, f"{key}.threshold": good[0] if good else None}
        found |= {f"{key}.coverage": float((top >= good[0]).mean()) if good else None}
        found |= {f"{key}.precision": float(right[top >= good[0]].mean()) if good else None}
    return found


def softened(p: np.ndarray, temperature: float) -> np.ndarray:
    powers = p ** (1 / temperature)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def ece(p: np.ndarray, truth: np.ndarray, bins: int = 15) -> float:
    top, right = p.max(axis=1), p.argmax(axis=1) == truth
    inside = [(top > i / bins) & (top <= (i + 1) / bins) for i in range(bins)]
    return float(sum(abs(right[own].mean() - top[own].mean()) * own.mean() for own in inside if own.any()))


def held_against(files: Files, best: str, second: str) -> Numbers:
    both = files.answers(best).merge(files.answers(second), on="image_id", suffixes=("", "_other"))
    fixed, broke = (
        int((both["right"] & ~both["right_other"]).sum()),
        int((~both["right"] & both["right_other"]).sum()),
    )
    found: Numbers = {"winner.fixed": fixed, "winner.broke": broke, "winner.compared": len(both)}
    found |= {"winner.over": (fixed - broke) / len(both), "winner.p": mid_p(broke, fixed)}
    gains = {}
    for name in CLASSES:
        own = both[both["label"] == name]
        first, other = float(own["right"].mean()), float(own["right_other"].mean())
        gains[name] = first - other
        key = f"winner.recall.{name}"
        found |= {key: first - other, f"{key}.first": first, f"{key}.second": other}
    return found | {"winner.most": max(gains.values()), "winner.least": min(gains.values())}


def mid_p(one: int, two: int) -> float:
    """McNemar's test with mid-p, by sums of binomials."""
    n, low = one + two, min(one, two)
    terms = [math.comb(n, k) / 2**n for k in range(low + 1)]
    return float(min(1.0, 2 * sum(terms) - terms[-1]))


def costs(files: Files, best: str, second: str) -> Numbers:
    found: Numbers = {}
    for key, run in (("first", best), ("second", second)):
        info = files.json(f"models/runs/{run}/run.json")
        file = files.home / "models" / "runs" / run / "cost.json"
        about: dict[str, Any] = files.json(f"models/runs/{run}/cost.json") if file.is_file() else {"ms": {}}
        found |= {f"cost.{key}.parameters": info["parameters"], f"cost.{key}.minutes": info["seconds"] / 60}
        found |= {f"cost.{key}.ms": about["ms"].get("1"), f"cost.{key}.bytes": about.get("model_bytes")}
    return found


def gain(first: Sequence[float], second: Sequence[float]) -> tuple[float, float, float, float]:
    """Difference, both ends of its interval and p, of answers that are right (1) or not (0), or shares of seeds."""
    change = np.asarray(second, float) - np.asarray(first, float)
    middle, root = float(change.mean()), math.sqrt(float((change**2).sum()))
    p = math.erfc(abs(change.sum()) / root / math.sqrt(2))
    return middle, middle - Z * root / len(change), middle + Z * root / len(change), p


def told_gain(key: str, found: tuple[float, float, float, float]) -> Iterator[tuple[str, float]]:
    yield from zip((key, f"{key}.low", f"{key}.high"), found[:3], strict=True)
