"""Bad input of every kind: status 2, one clear line on stderr, nothing on stdout, nothing written."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from calling import Fer
from reference import verbs

from fer_core.base.errors import FerError, RunError
from fer_core.data import datasets

CASES: dict[str, tuple[list[str], str]] = {
    "unknown verb": (["descibe", "faces"], "Did you mean 'describe'"),
    "unknown option": (["describe", "faces", "--nope"], "No such option '--nope'"),
    "no name": (["describe"], "Missing argument 'NAME'"),
    "unknown dataset": (["describe", "facez"], "Received: facez. Known: faces"),
    "bad name": (["describe", "a/b"], "'a/b'"),
    "empty name": (["describe", ""], "cannot be a dataset name"),
    "unknown version": (["describe", "faces", "--version", "v9"], "Received: v9. Known: v1"),
    "empty version": (["describe", "faces", "--version", ""], "--version"),
    "import nothing": (["import", "NOWHERE", "--name", "a"], "nothing at that path"),
    "import without name": (["import", "TEXT"], "Missing option '--name'"),
    "import text": (["import", "TEXT", "--name", "a"], "not a zip or tar"),
    "import an empty folder": (["import", "EMPTY", "--name", "a"], "empty"),
    "import over another": (["import", "EMPTY", "--name", "faces"], "Choose another name"),
    "import as a path": (["import", "EMPTY", "--name", "../a"], "cannot be a dataset name"),
    "take over a stranger's file": (["import", "TEXT", "--name", "a", "--own"], "upload of this workspace"),
    "unknown kind": (["duplicates", "faces", "--kind", "exact,simlar"], "'simlar' is none of exact, near"),
    "distance too large": (["duplicates", "faces", "--distance", "99"], "0<=x<=24"),
    "distance no number": (["duplicates", "faces", "--distance", "far"], "'far'"),
    "CSV into nowhere": (["duplicates", "faces", "--csv", "NOWHERE/a.csv"], "no folder"),
    "CSV over a folder": (["mislabels", "faces", "--csv", "EMPTY"], "is a folder"),
    "unknown method": (["mislabels", "faces", "--method", "slow"], "'slow'"),
    "run without a name": (["mislabels", "faces", "--method", "run:"], "run:RUN"),
    "ranking by an unknown run": (["mislabels", "faces", "--method", "run:77"], "Run not found"),
    "ranking by a file that is not there": (
        ["mislabels", "faces", "--method", "file:no.csv"],
        "cannot be read",
    ),
    "folds of an unknown recipe": (
        ["mislabels", "faces", "--method", "folds", "--recipe", "finest"],
        "'finest'",
    ),
    "one fold": (["mislabels", "faces", "--method", "folds", "--folds", "1"], "--folds"),
    "no epochs": (["mislabels", "faces", "--method", "folds", "--epochs", "0"], "--epochs"),
    "epochs without folds": (["mislabels", "faces", "--epochs", "3"], "belong to the method folds"),
    "negative top": (["mislabels", "faces", "--top", "-1"], "--top"),
    "ratios of words": (["stratify", "faces", "--ratios", "most/some/few"], "80/10/10"),
    "two ratios": (["stratify", "faces", "--ratios", "80/20"], "3 ratios"),
    "ratios beyond 100": (["stratify", "faces", "--ratios", "80/20/20"], "sum to 120"),
    "negative ratio": (["stratify", "faces", "--ratios", "110/-10/0"], "negative"),
    "seed no number": (["stratify", "faces", "--seed", "x"], "--seed"),
    "negative seed": (["stratify", "faces", "--seed", "-1"], "--seed"),
    "export without target": (["export", "faces"], "Missing option '--to'"),
    "export over something": (["export", "faces", "--to", "HOME"], "not empty"),
    "unknown recipe": (["train", "--dataset", "faces", "--recipe", "best-ever"], "best-ever"),
    "recipe file that is not there": (["train", "--dataset", "faces", "--recipe", "a.toml"], "a.toml"),
    "train on nothing": (["train", "--recipe", "compact"], "train needs --dataset and --recipe"),
    "train on an unknown dataset": (["train", "--dataset", "x", "--recipe", "compact"], "Known: faces"),
    "train on an unknown version": (
        ["train", "--dataset", "faces", "--recipe", "compact", "--version", "v9"],
        "no such version",
    ),
    "set without value": (
        ["train", "--dataset", "faces", "--recipe", "compact", "--set", "epochs"],
        "KEY=VALUE",
    ),
    "set without key": (["train", "--dataset", "faces", "--recipe", "compact", "--set", "=3"], "KEY=VALUE"),
    "unknown setting": (["train", "--dataset", "faces", "--recipe", "compact", "--set", "speed=9"], "speed"),
    "setting of the wrong type": (
        ["train", "--dataset", "faces", "--recipe", "compact", "--set", "training.epochs=many"],
        "training.epochs",
    ),
    "setting out of range": (
        ["train", "--dataset", "faces", "--recipe", "compact", "--set", "training.epochs=0"],
        "training.epochs",
    ),
    "show an unknown recipe": (["recipes", "best-ever"], "best-ever"),
    "stop an unknown run": (["stop", "9"], "Run not found"),
    "compare an unknown run": (["compare", "9"], "Run not found"),
    "predict nothing": (["predict", "--model", "1"], "Missing argument 'FILE...'"),
    "predict with half of the metadata": (
        ["predict", "TEXT", "--model", "TEXT", "--classes", "happy,sad"],
        "go together",
    ),
    "predict with an unknown detector": (
        ["predict", "TEXT", "--detector", "eyes"],
        "'haar', 'yunet', 'mtcnn'",
    ),
    "add a model whose input is told without its classes": (
        ["add-model", "TEXT", "--scaling", "unit", "--input-size", "48"],
        "--input-size, --scaling without --classes",
    ),
    "noise with a share of its own": (
        [
            "noise",
            "faces",
            "--recipe",
            "compact",
            "--set",
            "noise.share=0.1",
            "--set",
            "loss.name=early_learning",
        ],
        "sets losses and shares itself",
    ),
    "convert an unknown run": (["convert", "9", "--to", "litert"], "Run not found"),
    "convert to an unknown format": (["convert", "1", "--to", "coreml"], "'onnx', 'litert'"),
    "bench an unknown model": (["bench-predict", "9"], "neither a run nor a file"),
    "predict a file that is not there": (["predict", "NOWHERE", "--model", "1"], "no such file"),
    "predict an empty folder": (["predict", "EMPTY", "--model", "1"], "no picture"),
    "predict with an unknown run": (["predict", "TEXT", "--model", "9"], "neither a run nor a file"),
    "predict with a missing model": (["predict", "TEXT", "--model", "a.onnx"], "a.onnx"),
    "predict with a text as model": (["predict", "TEXT", "--model", "TEXT"], "not an ONNX model"),
    "predict with an impossible threshold": (
        ["predict", "TEXT", "--model", "1", "--threshold", "7"],
        "0<=x<=1",
    ),
    "predict as CSV and JSON": (["predict", "TEXT", "--model", "1", "--csv", "--json"], "exclude each other"),
    "review an unknown dataset": (["review", "facez", "status"], "Known: faces"),
    "review without action": (["review", "faces"], "One of: status, next"),
    "unknown action": (["review", "faces", "statsu"], "Did you mean 'status'"),
    "decide on an unknown image": (["review", "faces", "set", "nope", "keep"], "no such image"),
    "unknown decision": (["review", "faces", "set", "nope", "love"], "'love'"),
    "undo an unknown decision": (["review", "faces", "undo", "99"], "no such decision"),
    "undo a word": (["review", "faces", "undo", "last"], "'last'"),
    "import a patch that is not there": (["review", "faces", "import", "NOWHERE"], "no such patch"),
    "import a text as patch": (["review", "faces", "import", "TEXT"], "not a patch"),
    "apply a text as patch": (["review", "faces", "apply", "TEXT"], "not a patch"),
    "export no decisions": (["review", "faces", "export", "HOME/p.json"], "no decisions"),
    "export a patch into nowhere": (["review", "faces", "export", "NOWHERE/p.json"], "no folder"),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_one_line_and_status_2(fer: Fer, home: Path, tmp_path: Path, case: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.png").write_text("this is no picture")
    places = {"NOWHERE": "nowhere", "TEXT": "text.png", "EMPTY": "empty", "HOME": "home"}
    args, words = CASES[case]
    for name, place in places.items():
        args = [str(tmp_path / arg.replace(name, place)) if name in arg else arg for arg in args]
    before = sorted(home.rglob("*"))
    outcome = fer(*args)
    assert outcome.status == 2, outcome
    assert outcome.out == ""
    assert outcome.err.startswith("fer: ")
    assert outcome.err.count("\n") == 1
    assert outcome.err.endswith("\n")
    assert words in outcome.err
    assert "Traceback" not in outcome.err
    assert [path for path in sorted(home.rglob("*")) if path.name != "journal.sqlite"] == before


@pytest.mark.parametrize("verb", verbs())
def test_every_verb_explains_a_call_it_does_not_understand(fer: Fer, verb: str) -> None:
    words = verb.split()
    outcome = fer(*words[:1], *(["faces"] if words[0] == "review" else []), *words[1:], "--no-such-option")
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err.count("\n") == 1
    assert "--no-such-option" in outcome.err
    assert outcome.err.strip().endswith("--help")


def test_fer_home_that_is_a_file(fer: Fer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FER_HOME", str(tmp_path / "file"))
    outcome = fer("datasets")
    assert (outcome.status, outcome.out) == (2, "")
    assert "FER_HOME is not a folder" in outcome.err


def _raises(error: BaseException) -> object:
    def fail(*args: object, **options: object) -> None:
        raise error

    return fail


def _caused(error: FerError, cause: BaseException) -> FerError:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (FerError("It cannot be so", received=3), 2, "It cannot be so. Received: 3."),
        (RunError("The process did not start"), 1, "The process did not start."),
        (_caused(FerError("Not written"), OSError(errno.ENOSPC, "No space left")), 1, "Not written."),
        (_caused(FerError("Not read"), OSError(errno.ENOENT, "No such file")), 2, "Not read."),
        (
            OSError(errno.ENOSPC, "No space left on device", "a/b"),
            1,
            "The disk is full: a/b. Nothing of what was there is lost; free some space and run it again",
        ),
        (OSError(errno.EACCES, "Permission denied", "a/b"), 1, "The system refused (Permission denied): a/b"),
        (KeyError("split"), 1, "A fault in the program (KeyError: 'split')"),
        (KeyboardInterrupt(), 1, "Stopped"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_what_fails_inside_is_told_in_one_line(
    fer: Fer, monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int, words: str
) -> None:
    monkeypatch.setattr(datasets, "list_datasets", _raises(error))
    outcome = fer("datasets", "--json")
    assert (outcome.status, outcome.out) == (status, "")
    assert outcome.err.strip().startswith(f"fer: {words}")
    assert outcome.err.strip().count("\n") == 0


def test_a_fault_shows_its_traceback_on_request(fer: Fer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "list_datasets", _raises(KeyError("split")))
    monkeypatch.setenv("FER_DEBUG", "1")
    with pytest.raises(KeyError):
        fer("datasets")
