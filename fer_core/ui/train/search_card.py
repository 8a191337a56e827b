"""A search over fields: what it varies, how far it is, and what it found."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from fer_core import jobs
from fer_core.base.errors import FerError
from fer_core.charts.curves import curve
from fer_core.jobs.tasks import Tune
from fer_core.recipes.recipe import override
from fer_core.scheduling import search
from fer_core.scheduling.search import SearchStanding
from fer_core.ui.components import markup, messages, style
from fer_core.ui.shell import job_progress, page
from fer_core.ui.train.new_run import FormState

_EVERY = 2  # seconds
_KEY = "train-search"
_OPEN = f"{_KEY}-open"
_SURE = f"{_KEY}-sure"
_LINES = 8  # curves drawn


def draw(scope: page.Scope, form: FormState) -> None:
    """The card, folded until somebody opens it; it opens by itself where this dataset has a search."""
    found = [name for name in search.names(scope.workspace) if _of(scope, name)]
    with st.expander("Search over fields", expanded=bool(found), key=f"{_KEY}-card", icon=":material/tune:"):
        chosen = new = "A new search"
        if found:
            wanted = st.session_state.pop(_OPEN, None)
            if wanted in found:
                st.session_state[f"{_KEY}-name"] = wanted
            chosen = str(st.selectbox("Search", [*found, new], key=f"{_KEY}-name", persist_state="session"))
        if st.session_state.get(_SURE) != chosen:
            st.session_state.pop(_SURE, None)  # it was asked of another search
        if chosen != new:
            _live(scope, chosen)
            _job(scope, chosen)
        else:
            _form(scope, form)


def _of(scope: page.Scope, name: str) -> bool:
    try:
        return search.plan_of(scope.workspace, name).dataset == scope.dataset.name
    except FerError:
        return False


def _form(scope: page.Scope, form: FormState) -> None:
    st.html(
        '<p class="fer-muted">Trials draw values and train a little, the best third goes on, and the winner is judged by fresh '
        "seeds. Validation alone decides; test is not looked at.</p>"
    )
    try:
        recipe = override(form.recipe, form.settings)
    except FerError:
        st.html('<p class="fer-muted">The settings above are not valid yet.</p>')
        return
    changed = f", with {markup.plural(len(form.settings), 'change')}" if form.settings else ""
    epochs = markup.plural(recipe.training.epochs, "epoch")
    st.html(
        f'<p class="fer-note">Varies <b>{markup.esc(recipe.name)}</b> as it stands above{changed}: {epochs} at most.</p>'
    )
    ranges = {each.field: each.text for each in search.proposed(recipe)}
    usual = [field for field in ("optimizer.learning_rate",) if field in ranges]
    keep: Any = {"persist_state": "session"}
    fields = st.multiselect("Fields", list(ranges), default=usual, key=f"{_KEY}-fields-{recipe.name}", **keep)
    texts = []
    for field in fields:
        usual_range = ranges[field].partition("=")[2]
        texts.append(
            f"{field}={st.text_input(field, usual_range, key=f'{_KEY}-{recipe.name}-{field}', **keep)}"
        )
    with st.container(horizontal=True):
        trials = st.number_input("Trials", 1, search.MOST_TRIALS, search.TRIALS, key=f"{_KEY}-trials", **keep)
        hours = st.number_input(
            "Budget, hours", min_value=0.0, value=None, placeholder="no limit", key=f"{_KEY}-hours", **keep,
            help="Of training, all trials together; the winner's fresh seeds come on top",
        )  # fmt: skip
        sampler = st.selectbox(
            "Drawn by",
            search.SAMPLERS,
            key=f"{_KEY}-sampler",
            help="tpe learns from the trials before",
            **keep,
        )
    if st.button("Start the search", icon=":material/play_arrow:", key=f"{_KEY}-start", disabled=not fields):
        try:
            plan = search.begin(
                scope.dataset,
                scope.version.id,
                recipe,
                texts,
                trials=int(trials),
                budget_hours=hours,
                sampler=sampler,
            )
        except FerError as error:
            page.show_error(error)
            return
        jobs.start(scope.workspace, Tune(plan.name))
        st.session_state[_OPEN] = plan.name
        st.rerun()


def _job(scope: page.Scope, name: str) -> None:
    """What works on the search, or the button that goes on with it."""
    if job_progress.job_card(jobs.latest(scope.workspace, Tune(name))):
        return
    try:
        rests = search.read(scope.workspace, name).phase not in {"ended", "failed"}
    except FerError:
        return  # told above
    if st.session_state.get(_SURE) == name:
        messages.warning(f"{name} will be deleted for good; its runs stay.")
        if st.button("Delete it", icon=":material/delete:", key=f"{_KEY}-delete-sure"):
            try:
                search.delete(scope.workspace, name)
            except FerError as error:
                page.show_error(error)
                return
            del st.session_state[_SURE]
            st.rerun()
        if st.button("Keep it", key=f"{_KEY}-keep"):
            del st.session_state[_SURE]
            st.rerun()
    elif st.button("Delete", icon=":material/delete:", key=f"{_KEY}-delete"):
        st.session_state[_SURE] = name
        st.rerun()
    if rests and st.button("Go on", icon=":material/play_arrow:", key=f"{_KEY}-resume"):
        jobs.start(scope.workspace, Tune(name))
        st.rerun()


@st.fragment(run_every=_EVERY)
def _live(scope: page.Scope, name: str) -> None:
    try:
        standing = search.read(scope.workspace, name)
    except FerError as error:
        page.show_error(error)
        return
    best = None if standing.leader is None else standing.trials[standing.leader]
    numbers: list[tuple[markup.Cell, str]] = [
        (f"{standing.left:,}", "trials left"),
        ("–" if best is None or best.score is None else f"{best.score:.3f}", "best so far, on validation"),
    ]
    if (result := standing.result) is not None:
        spread = "" if result.sd is None else f" ± {result.sd:.3f}"
        numbers += [
            (f"{result.mean:.3f}{spread}", "with fresh seeds"),
            (f"{result.optimism:+.3f}", "optimism"),
        ]
    st.html(markup.heading(name, standing.phase) + markup.stats(numbers))
    _charts(standing)
    if standing.leader is not None:
        told = "<br>".join(map(str, map(markup.esc, search.lineage(standing))))
        st.html(f'<p class="fer-note">{told}</p>')
    if standing.phase == "ended":
        recipe = str(search.document_of(scope.workspace, standing)["recipe"])
        with open(recipe, encoding="utf-8") as file:
            st.download_button("The recipe", file.read(), file_name=f"{name}.toml", key=f"{_KEY}-recipe-file")


def _charts(standing: SearchStanding) -> None:
    known = [trial for trial in standing.trials if trial.score is not None]
    if len(known) > 1:
        from fer_core.charts.parallel import parallel_coordinates

        table = pd.DataFrame([dict(trial.values) for trial in known], index=[trial.number for trial in known])
        score = pd.Series([trial.scores[0] for trial in known], index=table.index, dtype="float64")
        st.html(
            markup.heading(
                "Values and score",
                f"one line per trial, after {markup.plural(standing.plan.rungs[0], 'epoch')}",
            )
        )
        figure = parallel_coordinates(table, score, dark=style.is_dark())
        st.plotly_chart(figure, theme=None, key=f"{_KEY}-parallel", config={"displayModeBar": False})
    if standing.importance:
        st.html(markup.heading("Importance", "share of the differences that a field explains"))
        st.html(markup.bars(standing.importance))
    ahead = sorted(known, key=lambda trial: (-len(trial.scores), -(trial.score or 0), trial.number))[:_LINES]
    rows = {f"trial {trial.number}": trial.run.epochs_since()[0] for trial in ahead if trial.run}
    if rows:
        (first, own), *others = rows.items()
        st.html(markup.heading("Curves of those ahead", f"{first} in colour"))
        spec = curve(
            own, "accuracy", others=dict(others), planned=standing.plan.rungs[-1], dark=style.is_dark()
        )
        st.vega_lite_chart(spec=spec, theme=None, key=f"{_KEY}-curves")
