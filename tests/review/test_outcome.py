"""However decisions, undo and applying are mixed, the result is what holds at the end."""

from __future__ import annotations

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from review_data import ROWS, image, manifest_of

from fer_core.data.manifest import classes, content_id
from fer_core.data.versions import Version
from fer_core.review.journal import Journal
from fer_core.review.lineage import applied_decisions, lineage
from fer_core.review.outcome import AppliedDecisions, affected_rows, apply_decisions


class Versions:
    """Versions in memory, with the rule that the same content is the same version."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.tables: dict[str, pd.DataFrame] = {}
        self.versions: dict[str, Version] = {}
        self.head = ""
        self.save(manifest_of(ROWS), Version("", 1, None, "import"))

    def save(self, table: pd.DataFrame, made: Version) -> None:
        self.head = content_id(table)
        if self.head not in self.versions:
            known = {**made.__dict__, "id": self.head, "number": len(self.versions) + 1}
            self.versions[self.head], self.tables[self.head] = Version(**known), table

    def compute(self, base: str) -> AppliedDecisions:
        """The outcome, after a look that it is the same from the rows that the decisions are about alone."""
        table, decisions = self.tables[base], self.journal.decisions()
        rest = (
            decisions,
            self.journal.undone(),
            applied_decisions(lineage(self.versions.values(), base)),
            self.tables.__getitem__,
            lambda: self.tables[next(iter(self.versions))]["image_id"],
        )
        whole = apply_decisions(table, *rest)
        rows = affected_rows(table, decisions, [image for images in rest[2].values() for image in images])
        part = apply_decisions(table[rows].reset_index(drop=True), *rest, others=classes(table[~rows]))
        assert (part.applied, part.reverted, part.problems) == (whole.applied, whole.reverted, whole.problems)
        assert part.new_classes == whole.new_classes
        columns = ["image_id", "action", "before", "after"]
        assert part.changes.reindex(columns=columns).values.tolist() == (
            whole.changes.reindex(columns=columns).values.tolist()
        )
        return whole

    def apply(self) -> None:
        result = self.compute(self.head)
        if result.pending:
            parameters = {"applied": result.applied, "reverted": result.reverted}
            self.save(result.manifest, Version("", 0, self.head, "review", parameters))


def content(table: pd.DataFrame) -> set[tuple[str, str, str, str]]:
    columns = [table[name] for name in ("image_id", "path", "split", "label")]
    return set(zip(*columns, strict=True))


step = st.one_of(
    st.tuples(st.just("relabel"), st.integers(1, 6), st.sampled_from(["happy", "sad", "fear"])),
    st.tuples(st.just("delete"), st.integers(1, 6), st.just("")),
    st.tuples(st.just("ambiguous"), st.integers(1, 6), st.sampled_from(["sad", "neutral"])),
    st.tuples(st.just("keep"), st.integers(1, 6), st.just("")),
    st.tuples(st.just("undo"), st.integers(0, 20), st.just("")),
    st.tuples(st.just("apply"), st.just(0), st.just("")),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(step, max_size=14))
def test_applying_in_steps_equals_applying_at_once(tmp_path_factory, steps: list) -> None:  # type: ignore[no-untyped-def]
    journal = Journal(tmp_path_factory.mktemp("j") / "journal.sqlite")
    versions = Versions(journal)
    first = versions.head
    made: list[int] = []
    for action, number, label in steps:
        if action == "apply":
            versions.apply()
        elif action == "undo":
            if made:
                journal.undo(made[number % len(made)])
        elif image(number) in set(versions.tables[versions.head]["image_id"]):
            table = versions.tables[versions.head].set_index("image_id")
            about = {
                "image_id": image(number),
                "pixel_hash": ROWS[number - 1][3],
                "shown": {"label": table.loc[image(number), "label"]},
            }
            more = {"soft_label": {label: 0.6, "happy": 0.4}} if action == "ambiguous" else {"label": label}
            made.append(journal.add(action, **about, **(more if label else {})))
    versions.apply()
    assert content(versions.tables[versions.head]) == content(versions.compute(first).manifest)
    assert versions.compute(versions.head).pending == 0
