"""Runs that go on: pause and resume, and forks that begin where another run was.

pause(run); resume(run)
fork(store.get(workspace, "41"), epoch=12, settings={"optimizer.learning_rate": 1e-4})
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from fer_core.base.atomic import skip_if_unwritable
from fer_core.base.errors import NotFound, RecipeError, RunError
from fer_core.base.jsonl import append_line
from fer_core.base.workspace import now
from fer_core.data.datasets import open_dataset
from fer_core.data.manifest import classes
from fer_core.recipes.combinations import begin_after, check_classes
from fer_core.recipes.recipe import Recipe, difference, override
from fer_core.runs.run import Run
from fer_core.runs.store import create_run, keep_reserve
from fer_core.scheduling import queue, teachers

_RESUMABLE = frozenset({"paused", "stopped", "failed", "lost"})
_SPLIT = "@"


def pause(run: Run) -> None:
    """Ask a run to pause after the epoch it is in; one that waits or has ended is left as it is."""
    if run.state in {"starting", "running"}:
        (run.folder / "pause").touch()


def resume(run: Run, pause_after: int | None = None) -> Run:
    """Go on after the last whole epoch, as if nothing had happened; from the beginning where none has ended.

    Args:
        run: it goes on.
        pause_after: epochs after which it pauses again.

    Raises:
        RunError: the run is still at work, or has finished.
    """
    with queue.changing(run.workspace):  # of two who resume it at once, one does
        state = run.state
        if state not in _RESUMABLE:
            hint = (
                f"To train on, fork it: --fork {run.id}@last --set training.epochs=N"
                if state == "finished"
                else ""
            )
            raise RunError(f"Run {run.id} cannot be resumed", received=f"state={state}", hint=hint)
        for name in ("stop", "pause", "process.json"):
            (run.folder / name).unlink(missing_ok=True)
        with skip_if_unwritable():
            keep_reserve(run.folder)
        run.update(state="queued", reason="", submitted="", resumed=now(), pause_after=pause_after)
    queue.add(run)
    return run


def fork(run: Run, epoch: int | str = "last", settings: Mapping[str, Any] | None = None) -> Run:
    """A new run that begins where another one was after an epoch, with some settings changed.

    Where the rate or the schedule is changed, a schedule over epochs begins anew and runs over those that are left
    (`schedule.begin_after`): in its old place a cosine would already be near zero.

    Args:
        run: where it branches off; it is not changed.
        epoch: a number, "last" or "best".
        settings: fields to change; not those of the model.

    Raises:
        NotFound: no checkpoint of that epoch is kept.
        RunError: a new teacher cannot teach it.
        RecipeError: a setting that is not valid, one that a fork keeps (`check_fork`), or no epoch left to train.
    """
    (state, done), before, given = _checkpoint(run, epoch), run.recipe, dict(settings or {})
    recipe = override(before, given)
    check_fork(run, recipe)
    changed = difference(before, recipe)
    if recipe.training.epochs <= done:
        raise RecipeError(
            "There is no epoch left to train",
            received=f"training.epochs={recipe.training.epochs}, forked after epoch {done}",
            hint=f"Set training.epochs above {done}",
        )
    if _begins_anew(recipe, changed) and not given.keys() & {"begin_after", "schedule.begin_after"}:
        given["schedule.begin_after"] = done
        recipe = override(before, given)
        changed = difference(before, recipe)
    info = run.info

    def fill(folder: Path) -> None:
        checkpoints = folder / "checkpoints"
        checkpoints.mkdir()
        shutil.copyfile(state, checkpoints / "last.npz")
        for row in run.epochs_since()[0]:
            if row["epoch"] <= done:
                append_line(folder / "metrics.jsonl", row)
        best = run.folder / "checkpoints" / "best.npz"
        if recipe.distillation.teacher and recipe.distillation.teacher == before.distillation.teacher:
            shutil.copyfile(run.folder / teachers.FILE, folder / teachers.FILE)
        if best.is_file():
            shutil.copyfile(best, checkpoints / "best.npz")

    made = create_run(
        run.workspace,
        run.dataset,
        run.version,
        recipe,
        fill=fill,
        version_number=info.get("version_number"),
        settings={key: str(value) for key, value in given.items()},
        forked_from=run.id,
        forked_at=done,
        changed=sorted(changed),
        **({"start": info["start"]} if "start" in info else {}),
    )
    queue.add(made)
    return made


def epochs_for_fork(recipe: Recipe, done: int) -> int:
    """How many epochs to propose for a fork after so many: the recipe's own where some are left, else half as many again."""
    planned = recipe.training.epochs
    return planned if planned > done else done + max(planned // 2, 1)


def check_fork(run: Run, recipe: Recipe) -> None:
    """Raise RecipeError for what a fork of a run cannot change, RunError for what does not fit its version."""
    changed = difference(run.recipe, recipe)
    if models := sorted(key for key in changed if key.startswith("model.")):
        raise RecipeError(
            "A fork keeps the model", received=", ".join(models), hint="Start a new run instead"
        )
    if "training.best" in changed:
        raise RecipeError(
            "A fork keeps what its best epoch is told by: the epochs it takes over were compared by that",
            received=f"training.best={recipe.training.best}, of run {run.id} {run.recipe.training.best}",
            hint=f"Start a new run, with model.start={run.id} to begin with these weights",
        )
    if "optimizer.name" not in changed:
        _check_optimizer(run.recipe, recipe)
    if changed.keys() & {"loss.class_alpha", "noise.confusions"}:
        manifest = open_dataset(run.workspace, run.dataset).manifest(run.version)
        check_classes(recipe, classes(manifest))
    if "distillation.teacher" in changed:
        teachers.check(open_dataset(run.workspace, run.dataset), run.version, recipe)


def _check_optimizer(old: Recipe, new: Recipe) -> None:
    """Raise RecipeError where the same optimizer would hold other numbers than the checkpoint has of it."""
    before, after = _held(old), _held(new)
    if other := [name for name in before if before[name] != after[name]]:
        raise RecipeError(
            "A fork cannot switch on or off what the optimizer keeps of each step",
            received=", ".join(other),
            hint="Start a new run instead, or fork with another optimizer.name, which begins anew",
        )


def _held(recipe: Recipe) -> dict[str, bool]:
    """Whether an optimizer holds an average, summed gradients, momentum, and the scale of 16-bit floats."""
    spec = recipe.optimizer
    return {
        "optimizer.ema or swa": spec.ema > 0 or spec.swa > 0,
        "optimizer.accumulation": spec.accumulation > 1,
        "optimizer.momentum": getattr(spec, "momentum", 1.0) > 0,
        "training.precision": recipe.training.precision == "mixed_float16",
    }


def _begins_anew(recipe: Recipe, changed: Collection[str]) -> bool:
    """Whether a fork's schedule starts over: another rate or schedule was asked for."""
    if begin_after(recipe) is None or recipe.progressive.stages:
        return False
    return any(field == "optimizer.learning_rate" or field.startswith("schedule.") for field in changed)


def parse_fork(text: str) -> tuple[str, int | str]:
    """`41@12` -> ("41", 12), `41@best`, or `41` for its last epoch.

    Raises:
        RecipeError: what follows the @ is neither a number nor last or best.
    """
    run, sign, epoch = text.partition(_SPLIT)
    if not sign:
        return run, "last"
    if epoch in {"last", "best"}:
        return run, epoch
    if not epoch.isdigit() or int(epoch) < 1:
        raise RecipeError("A fork is RUN@EPOCH", received=text, hint="Such as 41@12, 41@last or 41@best")
    return run, int(epoch)


def _checkpoint(run: Run, epoch: int | str) -> tuple[Path, int]:
    """The state after an epoch, and which epoch that is."""
    rows = [row for row in run.epochs_since()[0] if not row.get("partial")]
    folder = run.folder / "checkpoints"
    kept: dict[int, Path] = {
        int(path.stem.removeprefix("epoch-")): path for path in folder.glob("epoch-*.npz")
    }
    best = run.summary()["best_epoch"]
    if best and (folder / "best-state.npz").is_file():
        kept[int(best)] = folder / "best-state.npz"
    if rows and (folder / "last.npz").is_file():
        kept[int(rows[-1]["epoch"])] = folder / "last.npz"
    wanted = {"last": max(kept, default=0), "best": int(best or 0)}.get(str(epoch), epoch)
    if wanted not in kept:
        shown = ", ".join(map(str, sorted(kept))) or "none"
        raise NotFound(
            f"Run {run.id} keeps no checkpoint of this epoch",
            received=epoch,
            hint=f'It has: {shown}. Train with training.checkpoints = "every" to keep all',
        )
    return kept[int(wanted)], int(wanted)
