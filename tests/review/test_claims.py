"""Two people at once: no face is dealt twice, whoever asks when; what is free again, and who is at work."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from fer_core.base.errors import DecisionError
from fer_core.review import remaining_errors, review_queue
from fer_core.review.claims import Claims, Holder
from fer_core.review.journal import Journal

QUEUE = [f"image-{number:03}" for number in range(300)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


def test_each_gets_the_next_that_nobody_holds(path: Path) -> None:
    claims = Claims(path)
    assert claims.held() == {}
    assert not claims.path.exists()  # looking makes no file
    assert claims.take("Ada", QUEUE, 3) == QUEUE[:3]
    assert claims.take("Ben", QUEUE, 2) == QUEUE[3:5]
    assert claims.take("Ada", QUEUE[1:], 3) == [QUEUE[1], QUEUE[2], QUEUE[5]]  # the window moved on by one
    assert claims.take("Cleo", QUEUE, 1) == [QUEUE[0]]  # which Ada left
    assert claims.held() == dict.fromkeys((QUEUE[1], QUEUE[2], QUEUE[5]), "Ada") | {
        QUEUE[3]: "Ben", QUEUE[4]: "Ben", QUEUE[0]: "Cleo",
    }  # fmt: skip
    assert set(claims.held(by_others_than=("Ada", ""))) == {QUEUE[3], QUEUE[4], QUEUE[0]}
    assert [(one.who, one.images) for one in claims.holders()] == [("Ada", 3), ("Ben", 2), ("Cleo", 1)]
    assert claims.release("Ada", images=[QUEUE[5], QUEUE[3]]) == 1  # Ben's is not hers to give
    assert claims.release("Ada") == 2
    assert claims.release("Ada") == 0
    assert "Ada" not in claims.held().values()


def test_a_name_is_one_person_in_shell_and_browser(path: Path) -> None:
    claims = Claims(path)
    share = claims.take("Ada", QUEUE, 5, seat="cli", seconds=600)
    assert claims.take("Ada", QUEUE, 2) == share[:2]  # her browser is dealt what she took from the shell
    assert claims.take("ada", QUEUE[1:], 2) == share[1:3]  # names that differ in case alone are one person
    assert claims.held(by_others_than=("ADA", "")) == {}
    assert set(claims.held()) == set(share)  # and the browser gives none of it back
    assert claims.holders()[0].until > time.time() + 500
    assert claims.take("Ben", QUEUE, 1) == QUEUE[5:6]


def test_two_browsers_without_a_name_are_two(path: Path) -> None:
    claims = Claims(path)
    assert claims.take("", QUEUE, 2, seat="a") == QUEUE[:2]
    assert claims.take("", QUEUE, 2, seat="b") == QUEUE[2:4]
    assert claims.release("", seat="a") == 2
    assert set(claims.held()) == set(QUEUE[2:4])


def test_a_hold_runs_out(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_000.0]
    monkeypatch.setattr("fer_core.review.claims.time", SimpleNamespace(time=lambda: now[0]))
    claims = Claims(path)
    claims.take("Ada", QUEUE, 2, seconds=60)
    now[0] += 59
    assert claims.take("Ada", QUEUE, 2, seconds=60) == QUEUE[:2]
    assert claims.holders()[0].since == 1_000.0  # renewed, not taken anew
    now[0] += 59
    assert set(claims.held()) == set(QUEUE[:2])
    now[0] += 2
    assert claims.held() == {}
    assert claims.holders() == []
    assert claims.take("Ben", QUEUE, 2) == QUEUE[:2]
    assert claims.take("Ada", QUEUE, 1) == [QUEUE[2]]


def test_what_is_decided_is_not_dealt_and_what_is_undone_is(path: Path) -> None:
    claims, journal = Claims(path), Journal(path)
    done = [journal.add("keep", image_id=image) for image in QUEUE[:150]]
    journal.add("note", image_id=QUEUE[150], reason="no verdict")
    assert claims.take("Ada", QUEUE, 2) == QUEUE[150:152]
    journal.undo(done[7])
    assert claims.take("Ada", QUEUE, 2) == [QUEUE[7], QUEUE[150]]
    batch = Journal(path).add_many([], batch="none")
    assert batch == "none"
    assert claims.take("Ben", QUEUE[:100], 5) == []


def test_a_disagreement_is_dealt_to_one_until_the_final_say(path: Path) -> None:
    claims, journal = Claims(path), Journal(path)
    for image in QUEUE[:5]:
        journal.add("keep", image_id=image, shown={"label": "sad"}, who="Ada")
        said = "sad" if image == QUEUE[1] else "happy"  # of the second they think the same
        journal.add("relabel", image_id=image, label=said, shown={"label": "sad"}, who="Ben")
    open_ = [QUEUE[n] for n in (0, 2, 3, 4)]
    assert claims.take("Ada", QUEUE[:10], 2, disputed=True) == open_[:2]
    assert claims.take("Ben", QUEUE[:10], 9, disputed=True) == open_[2:]  # none that nobody decided
    final = journal.add("keep", image_id=QUEUE[0], shown={"label": "sad", "final": True}, who="Ada")
    assert claims.release("Ada", images=[QUEUE[0]]) == 1
    assert (
        claims.take("Cleo", QUEUE[:10], 9, disputed=True) == []
    )  # settled, however old the queue that was asked with
    journal.undo(final)
    assert claims.take("Cleo", QUEUE[:10], 9, disputed=True) == [QUEUE[0]]
    assert claims.take("Dan", QUEUE, 1) == [QUEUE[5]]  # of another queue they are decided


def test_a_file_that_is_none_says_what_to_do(path: Path) -> None:
    claims = Claims(path)
    claims.path.write_bytes(b"nonsense" * 1000)
    with pytest.raises(DecisionError, match="Remove it"):
        claims.take("Ada", QUEUE, 1)


WORKER = """
import json, sys
from pathlib import Path
from types import SimpleNamespace
from fer_core.review.claims import Claims
from fer_core.review.journal import Journal
path, who, total = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
queue = [f"image-{number:03}" for number in range(total)]  # never refreshed: the oldest queue there can be
claims, journal, mine = Claims(path), Journal(path), []
print("ready", flush=True)
sys.stdin.readline()
while window := claims.take(who, queue, 5):
    for image in window[:2]:
        journal.add("keep", image_id=image, who=who)
        mine.append(image)
    claims.release(who, images=window[:2])
print(json.dumps(mine))
"""


def test_two_processes_never_see_the_same_face(path: Path) -> None:
    people, total = ("Ada", "Ben"), 80
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(path), who, str(total)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for who in people
    ]  # fmt: skip
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    seen = [json.loads(worker.communicate(timeout=120)[0].splitlines()[-1]) for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0]
    assert all(seen), "both got a share"
    assert not set(seen[0]) & set(seen[1])
    # The last window of one may be held while the other finds nothing more: it decides it itself.
    assert sorted(seen[0] + seen[1]) == [f"image-{number:03}" for number in range(total)]
    assert len(Journal(path).decisions()) == total


def test_people_at_work() -> None:
    said = pd.DataFrame(
        {
            "who": ["Ada", "Ben", "Ada"],
            "time": [f"2026-01-01T10:00:0{n}.000000+00:00" for n in range(3)],
        }
    )
    holders = [
        Holder("Ada", "a", 3, 0.0, 1.0),
        Holder("Ada", "b", 2, 0.0, 1.0),
        Holder("Cleo", "", 1, 0.0, 1.0),
    ]
    found = review_queue.reviewer_activity(said, holders)
    assert [(one.who, one.decisions, one.holds, one.last[-18:-13]) for one in found] == [
        ("Ada", 2, 5, "00:02"[-5:]), ("Ben", 1, 0, "00:01"), ("Cleo", 0, 1, ""),
    ]  # fmt: skip
    assert review_queue.reviewer_activity(said.iloc[:0]) == []


def test_the_pace_is_that_of_the_clock_whenever_decisions_came_in() -> None:
    """Decisions are timed when they arrive, less their age: the first of a batch late, the next a microsecond after it."""
    times = ["10:00:00.000000", "10:00:00.000001", "10:00:04.000000", "10:00:04.000001", "10:00:08.000000"]
    said = pd.DataFrame({"who": "Ada", "time": [f"2026-01-01T{time}+00:00" for time in times]})
    assert review_queue.pace(said, "Ada")["per_minute"] == pytest.approx(30)
    together = pd.DataFrame({"who": "Ada", "time": [f"2026-01-01T10:00:0{n // 5}+00:00" for n in range(20)]})
    assert review_queue.pace(together, "Ada")["seconds"] == pytest.approx(1 / 5)  # five at each second
    assert review_queue.pace(said.head(3), "Ada")["seconds"] is None
    late = [f"2026-01-01T10:00:00.00000{n}+00:00" for n in range(5)]  # all in one batch, after the clock
    assert review_queue.pace(said.assign(time=late), "Ada")["per_minute"] is None


def test_who_holds_which_part_of_a_queue(path: Path) -> None:
    claims = Claims(path)
    claims.take("Ada", QUEUE, 3)
    claims.take("Ben", QUEUE, 4)
    claims.take("", ["image-100"], 1, seat="one browser")
    claims.take("", ["image-104"], 1, seat="another")
    queue = pd.DataFrame({"image_id": QUEUE[1:]})  # the first is decided meanwhile
    assert review_queue.held_parts(queue, claims.held()) == [
        ("Ada", 2, 1, 2),
        ("Ben", 4, 3, 6),
        ("", 2, 100, 104),
    ]


def test_spot_checks_come_between_the_likely_ones_and_only_there() -> None:
    ranking = pd.DataFrame(
        {
            "image_id": QUEUE[:40],
            "likely_wrong": [n < 20 for n in range(40)],
            "issue": True,
            "ambiguous": False,
            "score": [n / 40 for n in range(40)],
            "split": ["train", "val"] * 20,
            "source": "",
        }
    )
    checks = [*reversed(QUEUE[:40])]

    def ids(**filters: object) -> list[str]:
        return review_queue.candidates(ranking, review_queue.Filters(**filters), checks)["image_id"].tolist()  # type: ignore[arg-type]

    mixed = ids(checked=True)
    assert [image for image in mixed if image in QUEUE[:20]] == QUEUE[:20]  # in their order, none lost
    assert mixed[:6] == [QUEUE[0], QUEUE[1], QUEUE[39], QUEUE[2], QUEUE[3], QUEUE[38]]  # every third
    assert len(mixed) == len(set(mixed)) == 30
    assert set(ids(checked=True, split="val")) <= set(QUEUE[1:40:2])
    assert ids() == QUEUE[:20]
    assert ids(checked=True, kind="all") == QUEUE[:40]
    assert sorted(ids(checked=True, order="random")) == QUEUE[:20]
    assert ids(kind="all", order="spot") == checks  # spot checks alone, of whatever is shown
    assert ids(order="spot") == [*reversed(QUEUE[:20])]
    unasked = review_queue.candidates(ranking, review_queue.Filters(kind="all", order="spot"))[
        "image_id"
    ].tolist()
    assert unasked == remaining_errors.spot_checks(ranking) != QUEUE[:40]


def test_where_all_are_to_see_a_face_none_is_dealt() -> None:
    wanted = {
        name: review_queue.is_exclusive(review_queue.Filters(reviewed=name)) for name in review_queue.REVIEWED
    }
    assert wanted == {"todo": True, "mine": False, "done": False, "split": True, "all": False}
