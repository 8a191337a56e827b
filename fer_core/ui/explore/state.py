"""The explorer: what is shown of which version, kept in the session and in the address.

The address is the truth when somebody follows a link or goes back in the browser; from then on the session is, and
the address follows it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from fer_core.base.errors import FerError
from fer_core.explore.facts import AFFECT, COPY_FLAGS, VOTE_FLAGS, VOTE_MEASURES, ImageFacts
from fer_core.explore.filter import CATEGORIES, RANGES, Selection
from fer_core.review.decisions import Decision, image_decision
from fer_core.review.journal import Journal
from fer_core.review.others import earlier_opinions, opinions_sentence
from fer_core.runs.run import Run
from fer_core.ui.components import markup, messages
from fer_core.ui.explore import cached_facts
from fer_core.ui.shell import decisions
from fer_core.ui.shell.page import Scope

CHECKS_AT_ONCE = 4000
"""Pictures that the page measures for the checks while it loads; more take a job."""
VIEW, ENLARGE = "view", "exp-enlarge"
_STATE = "exp-state"
_PARAMETERS = (
    "q", "flag", "order", "seed", *CATEGORIES, *RANGES, "page", "face", "run", "like", "by", "size"
)  # fmt: skip
_USUAL = {"by": "all", "size": "M"}
FLAG_WORDS = {
    "copy": "has a copy", "copy_across_splits": "copy in another split", "copy_other_label": "copy with another label",
    "likely_wrong": "label likely wrong", "humans_say_otherwise": "humans say otherwise",
    "humans_disagree": "humans disagree", "humans_unclear": "humans see no emotion", "run_wrong": "a run predicts otherwise",
    "dark": "dark", "light": "bright", "blurry": "blurry", "low_information": "low information or blank",
    "no_face": "no face found", "odd_size": "odd size", "odd_aspect_ratio": "odd aspect ratio", "grayscale": "gray among colour",
    "unreadable": "unreadable", "unlabelled": "without a class",
}  # fmt: skip
OFTEN_CHECKED = ("dark", "light", "blurry", "low_information", "no_face")
CHECK_FLAGS = (*OFTEN_CHECKED, "odd_size", "odd_aspect_ratio", "grayscale")


@dataclass
class ExplorerState:
    """What a visitor has chosen. `ids` are faces picked from the map, too many for an address; `sheet` is the one that the
    open face was clicked on, "" for none; `last` is what was decided last, in words."""

    dataset: str = ""
    version: str = ""
    selection: Selection = field(default_factory=Selection)
    ids: tuple[int, ...] | None = None
    page: int = 0
    face: str = ""
    sheet: str = ""
    run: str = ""
    like: str = ""
    by: str = "all"
    size: str = "M"
    picked: tuple[str, ...] = ()
    nonce: int = 0
    last: str = ""
    written: dict[str, str] = field(default_factory=dict)

    def to_query(self) -> dict[str, str]:
        found = self.selection.to_query()
        for name in ("face", "run", "like"):
            if value := getattr(self, name):
                found[name] = value
        if self.page:
            found["page"] = str(self.page + 1)
        for name, usual in _USUAL.items():
            if (value := getattr(self, name)) != usual:
                found[name] = value
        return found

    def read(self, query: dict[str, str]) -> None:
        """Take over what an address says."""
        self.selection = Selection.from_query(query)
        self.ids, self.picked, self.nonce = None, (), self.nonce + 1
        self.page = max(int(query["page"]) - 1, 0) if query.get("page", "").isdecimal() else 0
        self.face, self.run, self.like = (query.get(name, "") for name in ("face", "run", "like"))
        self.by, self.size = (query.get(name, usual) for name, usual in _USUAL.items())
        self.written = query


@dataclass
class Explorer:
    """What the cards of the explorer share.

    Attributes:
        scope: dataset and version.
        facts: everything known about its images.
        journal: where decisions go.
        newest: key of its newest entry.
        state: what the visitor has chosen.
        runs: runs on this dataset that have left predictions, newest first.
        run: the one whose answers are shown, if any.
        sheets: places of the faces of each sheet on the page, in order; filled while it is drawn.
    """

    scope: Scope
    facts: ImageFacts
    journal: Journal
    newest: str
    state: ExplorerState
    runs: list[Run]
    run: Run | None
    sheets: dict[str, NDArray[np.int64]] = field(default_factory=dict)

    @property
    def classes(self) -> tuple[str, ...]:
        return self.facts.classes

    @property
    def checks_known(self) -> bool:
        """Whether the checks can be shown now; else a job has to measure the pictures first."""
        return self.facts.unmeasured() <= CHECKS_AT_ONCE

    def flags(self) -> list[str]:
        """Flags that are known of this version, the gravest first."""
        found = list(COPY_FLAGS[::-1])
        found += ["likely_wrong"] if "label_score" in self.facts.extra_measures else []
        found += VOTE_FLAGS[::-1] if self.facts.has_votes else []
        found += ["run_wrong"] if self.run else []
        found += CHECK_FLAGS if self.checks_known else []
        found += ["unlabelled"] if self.facts.flag("unlabelled").any() else []
        return [*found, "unreadable"]

    def measures(self) -> list[str]:
        """Measures that are known of this version."""
        found = ["brightness", "contrast", "sharpness", "side"]
        found += [name for name in AFFECT if name in self.facts.columns]
        found += VOTE_MEASURES if self.facts.has_votes else []
        found += ["label_score"] if "label_score" in self.facts.extra_measures else []
        return found + (["confidence"] if self.run else [])

    def positions(self) -> NDArray[np.int64]:
        """Places of the images that are selected, in order."""
        state = self.state
        if (own := self.position(state.like)) is not None:
            near, _ = cached_facts.nearest(self.scope.dataset, self.scope.version.id, own)
            both = np.append(own, near)
            return np.asarray(both[state.selection.mask(self.facts)[both]])
        kept = state.selection.positions(self.facts)
        return kept if state.ids is None else kept[np.isin(kept, np.asarray(state.ids, np.int64))]

    def position(self, image_id: str) -> int | None:
        """Place of a readable image in the manifest; None where there is none."""
        if not image_id:
            return None
        found = int(self.facts.columns.positions([image_id])[0])
        return found if found >= 0 and self.facts.readable[found] else None

    # Changing what is shown. All of these are called from callbacks, before the next draw.

    def show(
        self, selection: Selection, *, view: str | None = None, ids: Sequence[int] | None = None
    ) -> None:
        """Show other images; `view` goes to another part of the page."""
        self.state.selection, self.state.page = selection, 0
        self.state.ids = None if ids is None else tuple(ids)
        self.state.like = ""
        self.unpick()
        if view:
            self.go(view)

    def go(self, view: str) -> None:
        """Show another part of the page."""
        st.session_state[VIEW] = view

    def open(self, image_id: str, sheet: str = "") -> None:
        """Show everything about one face, of a sheet."""
        self.state.sheet = sheet
        self.state.face = "" if image_id == self.state.face else image_id

    def key(self, shortcut: str | None) -> str | None:
        """The key of a button on the page; none while a face is being enlarged, whose dialog has them then."""
        return None if st.session_state.get(ENLARGE) else shortcut

    def similar(self, image_id: str) -> None:
        """Show the faces most like one."""
        self.show(Selection(), view="Faces")
        self.state.like = image_id

    def pick(self, shown: Sequence[str], picked: Sequence[str]) -> None:
        """Of the faces shown, these are picked now."""
        rest = [one for one in self.state.picked if one not in set(shown)]
        self.state.picked = (*rest, *picked)

    def unpick(self) -> None:
        """Nothing is selected, and the browser forgets what was."""
        self.state.picked = ()
        self.state.nonce += 1

    def decide(self, image_ids: Sequence[str], action: str, label: str | None = None) -> None:
        """Record one verdict on images, all or none; says what was done, or why not."""
        positions = self.facts.columns.positions(image_ids)
        positions = positions[positions >= 0]
        if action != "delete" and not self.facts.readable[positions].all():
            words = "Pictures without a class, and files that cannot be read, can only be deleted."
            messages.toast(f"Not recorded. {words}", icon=":material/error:")
            return
        rows = self.facts.columns.frame(positions, ["image_id", "pixel_hash", "path", "label"])
        try:
            entries = [
                self._decision(position, {str(n): v for n, v in row.items()}, action, label or "")
                for position, row in zip(positions.tolist(), rows.to_dict("records"), strict=True)
            ]
            batch = self.journal.add_many(entries)
            met = opinions_sentence(earlier_opinions(self.journal, [batch]))
        except (FerError, OSError) as error:
            messages.toast(f"Not recorded. {error}", icon=":material/error:")
            return
        what = (
            f"→ {label}" if action == "relabel" else {"keep": "kept", "delete": "deleted"}.get(action, action)
        )
        self.state.last = f"{markup.plural(len(entries), 'face')} {what}."
        messages.toast(f"{self.state.last} Undo takes it back.", icon=":material/check:")
        if met:
            messages.toast(met, icon=":material/group:")
        if set(self.state.picked) <= set(image_ids):
            self.unpick()

    def _decision(self, position: int, row: Mapping[str, Any], action: str, label: str) -> Decision:
        return image_decision(
            row,
            action,
            label=label,
            soft=self.soft(position) if action == "ambiguous" else None,
            who=decisions.reviewer(self.scope.dataset),
            shown={"version": self.scope.version.id, "page": "explore"},
        )

    def soft(self, position: int) -> dict[str, float]:
        """What an ambiguous face is: the shares of people's votes, else all classes alike."""
        even = dict.fromkeys(self.classes, 1.0)
        votes = self.facts.votes_of(position)
        return {n: float(v) for n, v in votes.items() if v and n in self.classes} or even

    def undo(self) -> None:
        """Take back the reviewer's last decision, with all that were recorded together with it."""
        try:
            undone = self.journal.undo(who=decisions.reviewer(self.scope.dataset))
        except (FerError, OSError) as error:
            messages.toast(f"Not undone. {error}", icon=":material/error:")
            return
        self.state.last = ""
        words = "Undone." if undone is not None else "There is nothing of yours to undo."
        messages.toast(words, icon=":material/undo:")


def open_explorer(scope: Scope) -> Explorer:
    """The explorer of this visit: the address where it has changed, else the session."""
    state: ExplorerState = st.session_state.setdefault(_STATE, ExplorerState())
    query = {n: v for n, v in st.query_params.items() if v and (n in _PARAMETERS or n.endswith("_score"))}
    state.written = {} if scope.arrived and not query else state.written  # back by the page's name: as left
    followed = query != state.written
    if followed:
        state.read(query)
    if (state.dataset, state.version) != (scope.dataset.name, scope.version.id):
        if state.dataset and state.dataset != scope.dataset.name:
            state.last = ""  # its undo would take back what was decided here before
            if not followed:
                state.read({})
                state.written = query  # for the address to forget it too
        state.dataset, state.version, state.ids = scope.dataset.name, scope.version.id, None
        state.picked, state.nonce = (), state.nonce + 1
    journal = Journal(scope.dataset.journal_path)
    newest = journal.newest()
    runs = cached_facts.runs_of(scope.workspace, scope.dataset.name)
    run = next((r for r in runs if r.id == state.run), runs[0] if runs else None)
    facts = cached_facts.facts(scope.dataset, scope.version.id, newest, run)
    return Explorer(scope, facts, journal, newest, state, runs, run)


def write_address(explorer: Explorer) -> None:
    """Let the address say what is shown."""
    wanted = explorer.state.to_query()
    if wanted == explorer.state.written:
        return
    for name in {*explorer.state.written, *wanted}:
        if name in wanted:
            if st.query_params.get(name) != wanted[name]:
                st.query_params[name] = wanted[name]
        elif name in st.query_params:
            del st.query_params[name]
    explorer.state.written = wanted


def shown(**changes: Any) -> Selection:
    """A selection from scratch: `shown(flags=("dark",))`."""
    return replace(Selection(), **changes)
