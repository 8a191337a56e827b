"""How alike counts as a copy: the dial, what it finds at each step, sample pairs, and the job that compares."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from fer_core import jobs
from fer_core.charts.quality import precision_by_distance
from fer_core.quality.copies import MIN_CORRELATION, MIN_TURNED, PRECISION_LOW, STEPS, is_same, samples
from fer_core.ui import cache, copies_cache, faces, html, live, page
from fer_core.ui.faces import Face, Frame, each

DEFAULT = 4
_KEY = "dup-distance"


def distance() -> int:
    """The distance in use."""
    chosen = st.session_state.get(_KEY)
    return int(chosen) if chosen is not None else DEFAULT


def card(scope: page.Scope) -> None:
    """The dial; or, before anything is compared, the button that compares."""
    pairs = copies_cache.pairs(scope.dataset, scope.version.id)
    if pairs is None:
        panel(scope, copies_cache.kinds())
        if copies_cache.kinds() != copies_cache.USUAL:
            _rotated()
        return
    table = copies_cache.steps(scope.dataset, scope.version.id)
    with st.container(border=True):
        st.html(html.heading("How alike counts as a copy?"))
        drawn = table.rename(columns={"precision": "same"}).assign(pairs=table["candidates"])
        chart = precision_by_distance(drawn.fillna({"same": 0.0}), chosen=distance(), dark=_dark())
        st.altair_chart(chart, width="stretch", key="dup-precision")
        st.segmented_control(
            "Bits by which hashes may differ", STEPS, default=DEFAULT, key=_KEY, help="Hash distance, pHash"
        )
        st.html(_words(table[table["distance"] == distance()].iloc[0]))
        _rotated()
        if st.button("See pairs at this step", key="dup-pairs", icon=":material/compare:"):
            _sample(scope, pairs, distance())


def _rotated() -> None:
    help_ = "By 90, 180 or 270 degrees; three times the comparisons, once"
    st.toggle("Rotated copies too", key=copies_cache.ROTATED, help=help_)


def _dark() -> bool:
    return bool(st.context.theme.type == "dark")


def _words(step: pd.Series) -> str:
    """What this step finds, with a warning where it finds more strangers than copies."""
    candidates, confirmed = int(step["candidates"]), int(step["confirmed"])
    text = (
        f"At {int(step['distance'])}: {int(step['pairs']):,} confirmed pairs; {int(step['groups']):,} groups in all, "
        f"{int(step['near_groups']):,} of them not just equal pixels; largest {int(step['largest']):,}. "
    )
    if candidates:
        text += f"{confirmed:,} of the {candidates:,} pairs new at this step are the same picture, by correlation."
    chip = ""
    if candidates and step["precision"] < PRECISION_LOW:
        chip = html.chip("look", f"{step['precision']:.0%} of new pairs hold: look closely").text
    elif candidates:
        chip = html.chip("good", f"{step['precision']:.0%} of new pairs hold").text
    return f'<p class="fer-muted">{html.esc(text)}</p>{chip}'


@st.dialog("Pairs at this step", width="medium")
def _sample(scope: page.Scope, pairs: pd.DataFrame, step: int) -> None:
    """The most doubtful pairs on both sides of the limit."""
    chosen = samples(pairs, step, 8)
    rows = scope.manifest.drop_duplicates("pixel_hash").set_index("pixel_hash")
    if chosen.empty:
        page.empty("No pairs are new at this distance", "Choose another step.")
        return
    st.html(
        f'<p class="fer-note">Two by two, the doubtful first. A pair is a copy from r = {MIN_CORRELATION:.2f} '
        f"({MIN_TURNED:.2f} if mirrored), after moving one by up to two pixels.</p>"
    )
    shown: list[Face] = []
    numbers: list[int] = []
    for number, pair in enumerate(each(chosen.assign(same=is_same(chosen)))):
        good = pair["same"]
        frame: Frame = "keep" if good else "flagged"
        for end in ("first", "second"):
            row = rows.loc[pair[end]]
            words = f"{'same' if good else 'not'} · r {pair['correlation']:.2f}"
            shown.append(Face(f"{number}-{end}", words, f"{pair['kind']} · {row['label']}", frame))
            numbers.append(int(row["row"]))
    pixels = cache.faces(scope.dataset, numbers)
    faces.sheet(pixels, shown, key="dup-sample", label="Sample pairs", size=120, clickable=False)


def panel(scope: page.Scope, kinds: tuple[str, ...] = copies_cache.USUAL) -> None:
    """Start the comparison, or follow it."""
    name, version = scope.dataset.name, scope.version.id
    title = f"Looking for near copies in {name}"
    recent = jobs.recent(scope.workspace)
    asked = ",".join(("exact", *kinds))
    mine = [
        job for job in recent if job.args[:2] == ["duplicates", name] and {version, asked} <= set(job.args)
    ]
    with st.container(border=True):
        if mine and mine[0].state == "running":
            _follow(scope, mine[0].id, title)
            return
        if mine and mine[0].state in {"failed", "lost"}:
            st.error(mine[0].error, icon=":material/error:")
        st.html(
            html.heading("Near and mirrored copies")
            + '<p class="fer-note">Equal pixels are found already. Shifted, brightened, re-encoded and mirrored copies '
            "take about a minute per 20,000 images, once; new images are compared when they come.</p>"
        )
        if st.button("Look for near copies", type="primary", icon=":material/search:", key="dup-scan"):
            arguments = ["duplicates", name, "--version", version, "--kind", asked]
            jobs.start(scope.workspace, [*arguments, "--distance", str(copies_cache.REACH)], title=title)
            st.rerun()


@st.fragment(run_every=0.7)
def _follow(scope: page.Scope, job_id: str, title: str) -> None:
    job = jobs.get(scope.workspace, job_id)
    if job.state != "running":
        st.rerun(scope="app")
    live.job_progress(job, title)
    if st.button("Stop", icon=":material/stop:", key=f"stop-{job_id}"):
        job.stop()
        st.rerun(scope="app")
