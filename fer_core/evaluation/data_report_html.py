"""The page of `data_report`: facts in, one HTML document out. Nothing is loaded from anywhere.

Light and dark follow the reader's system; printed, it is light and breaks between rows and faces.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fer_core import __version__
from fer_core.data import records
from fer_core.data.notes import KINDS
from fer_core.emotions import colors
from fer_core.evaluation.data_report_parts import (
    Raw,
    banner,
    bar,
    chip,
    dot,
    each,
    face,
    section,
    stats,
    strip,
    table,
    text,
)
from fer_core.quality import checks
from fer_core.quality.passport import leak_words
from fer_core.workspace import now

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from fer_core.evaluation.data_report import Facts

_STYLE = Path(__file__).with_name("data_report.css")
_DRIFT_SMALL, _DRIFT_LARGE = 0.05, 0.1  # Cramer's V, as on the page


def page(facts: Facts) -> str:
    """The whole document."""
    name, version = facts.dataset.name, facts.version
    parts = (_head, _origin, _splits, _balance, _faces, _checks, _copies, _labels, _versions)
    body = "".join(part(facts) for part in parts)
    command = f"python -m fer_core report {name} --version {version.id} --out report.html"
    foot = (
        f"<footer><p>Made {now()} by FER Workbench {text(__version__)}. The id of the version is the hash of which pictures "
        "it holds and how they are labelled and split: the same content has the same id on any machine.</p>"
        f"<p>To make this page again: <code>{text(command)}</code></p></footer>"
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Dataset report: {text(name)}, version {version.number}</title>"
        f"<style>{_STYLE.read_text(encoding='utf-8')}</style></head><body><main>{body}{foot}</main></body></html>\n"
    )


def _head(facts: Facts) -> str:
    version, counted = facts.version, facts.version.counts
    copies = facts.groups.summary()
    called = f"{version.name} \u00b7 " if version.name else ""
    numbers: list[tuple[object, str]] = [
        (int(counted["images"]), f"images in {len(facts.classes)} classes"),
        (int(counted["unreadable"]), "unreadable files"),
        (int(copies["extra_copies"]), f"extra copies in {copies['groups']:,} groups"),
        (facts.pending, "decisions not yet applied"),
    ]
    wrong = facts.wrong
    if wrong is not None:
        numbers.insert(3, (len(wrong), "labels likely wrong"))
    note = facts.notes["dataset"]
    return (
        f'<header><div><p class="eyebrow">Dataset report</p><h1>{text(facts.dataset.name)}</h1></div>'
        f'<div class="id"><b>{text(called)}version {version.number}</b><code>{version.id}</code><br>'
        f"{text(version.operation)}, {text(version.created[:16].replace('T', ' '))} UTC</div></header>"
        f"{stats(numbers)}{f'<blockquote>{text(note)}</blockquote>' if note else ''}"
    )


def _origin(facts: Facts) -> str:
    found = facts.passport
    leaks = "".join(f" {chip('bad', words.rstrip('.'))}" for words in leak_words(found.leaks))
    if found.leaks and not leaks:
        leaks = f" {chip('good', 'no test picture is in train')}"
    if not found.matches:
        words = [
            "It resembles none of the public sets known here (FER2013, the four-class set, AffectNet, RAF-DB)."
            + leaks
        ]
    else:
        words = [text(found.matches[0].words) + leaks, text(found.matches[0].advice)]
        words += [text(match.words) for match in found.matches[1:]]
    verdict = "bad" if found.leaking else "look" if found.matches else "good"
    rows = [
        (
            match.title, match.counts or "others",
            *("not compared" if share is None else f"{share:.1%}" for share in (match.pixels, match.looks)), match.source,
        )
        for match in found.matches
    ]  # fmt: skip
    head = ("public set", "equal counts per", "the same pixels", "the same look", "published in")
    more = table(head, rows, numeric=(2, 3)) if rows else ""
    aside = f"counts {found.fingerprint}"
    return section("Where it is from", aside, banner(verdict, *(word for word in words if word)) + more)


def _splits(facts: Facts) -> str:
    counted = records.counts(facts.manifest)
    names = [str(name) for name in counted.columns]
    top = int(counted.to_numpy().max()) if counted.size else 1
    rows: list[tuple[object, ...]] = []
    shade: dict[tuple[int, int], float] = {}
    judgements = dict(zip(facts.shares.index, each(facts.shares), strict=True))
    for r, (split, row) in enumerate(counted.iterrows()):
        judged = judgements[split]
        known = judged["target"] == judged["target"]  # NaN where a split has no target
        target = f"{judged['target']:.0%}" if known else "\u2013"
        verdict = chip(str(judged["verdict"]), str(judged["words"])) if known else ""
        own = [int(n) for n in row]
        rows.append((split, *own, sum(own), f"{judged['share']:.1%}", target, verdict))
        shade |= {(r, c + 1): n / max(top, 1) for c, n in enumerate(own)}
    body = table(
        ("split", *names, "all", "share", "target", ""), rows, numeric=range(1, len(names) + 4), shade=shade
    )
    if facts.drift:
        v = facts.drift["cramers_v"]
        verdict, word = (
            ("good", "no drift")
            if v < _DRIFT_SMALL
            else ("look", "drift") if v < _DRIFT_LARGE else ("bad", "strong drift")
        )  # fmt: skip
        body += (
            f"<p>{chip(verdict, word)} Class mix between splits: \u03c7\u00b2 = {facts.drift['chi2']:,.0f} with "
            f"{facts.drift['dof']:.0f} degrees of freedom, Cram\u00e9r's V {v:.2f}, p {facts.drift['p']:.2g}.</p>"
        )
    return section("Splits and classes", "target 80 / 10 / 10", body)


def _balance(facts: Facts) -> str:
    palette = colors(facts.classes.index)
    top = max(float(facts.classes["share"].max()), 1e-9) if len(facts.classes) else 1.0
    rows = [
        (
            dot(str(name), palette[str(name)]), bar(row["share"] / top, palette[str(name)]), int(row["images"]),
            f"{row['share']:.1%}", f"{row['ideal']:.1%}", f"{row['weight']:.2f}",
        )
        for name, row in facts.classes.iterrows()
    ]  # fmt: skip
    head = ("class", "", "images", "share", "even", "weight")
    aside = "weight: what balances the classes in training"
    return section("Class balance", aside, table(head, rows, numeric=(2, 3, 4, 5)))


def _faces(facts: Facts) -> str:
    palette = colors(facts.samples)
    blocks = []
    for name, rows in facts.samples.items():
        shown = strip(
            (facts.pictures[row["image_id"]], f"{name}, {row['path']}", "", "") for row in each(rows)
        )
        told = facts.notes["classes"].get(name, {})
        notes = "".join(f"<dt>{text(KINDS[kind])}</dt><dd>{text(words)}</dd>" for kind, words in told.items())
        images = int(facts.classes["images"].loc[name])
        blocks.append(
            f'<div class="class">{face(facts.means[name], f"mean face of {name}")}'
            f"<h3>{dot(name, palette[name])}<small>{images:,} images</small></h3>"
            f"{shown}{f'<dl>{notes}</dl>' if notes else ''}</div>"
        )
    return section(
        "Faces", "large: the mean of the class, levels stretched; beside it a random choice", "".join(blocks)
    )


def _checks(facts: Facts) -> str:
    rows, shown = [], []
    for check in checks.CHECKS:
        found = facts.checks[check.name]
        rows.append(
            (check.title, check.words, f"{check.threshold:g}", found["flagged"], _flagged(found["flagged"]))
        )
        worst = facts.worst.get(check.name)
        if worst is not None:
            figures = strip(_figures(facts, worst))
            more = f"{len(worst)} worst of {found['flagged']:,}" if found["flagged"] > len(worst) else ""
            shown.append(f"<div><h3>{text(check.title)}<small>{more}</small></h3>{figures}</div>")
    head = ("check", "what is flagged", "score below", "images", "")
    faces = f'<div class="pair">{"".join(shown)}</div>' if shown else ""
    return section("Checks", "scores 0 to 1, low is bad", table(head, rows, numeric=(2, 3)) + faces)


def _flagged(count: int) -> Raw:
    return chip("look", "look") if count else chip("good", "none")


def _figures(facts: Facts, rows: pd.DataFrame) -> list[tuple[NDArray[np.uint8], str, str, str]]:
    return [
        (facts.pictures[row["image_id"]], _named(row), str(row["label"]), str(row["split"]))
        for row in each(rows)
        if row["image_id"] in facts.pictures
    ]


def _named(row: dict[str, object]) -> str:
    return f"{row['path']}, labelled {row['label']}"


def _copies(facts: Facts) -> str:
    found = facts.groups.summary()
    if not found["groups"]:
        body = f"<p>{chip('good', 'none')} No two images have equal pixels.</p>"
    else:
        across = int((facts.groups.table.groupby("group")["split"].nunique() > 1).sum())
        words = (
            f"{found['groups']:,} groups of equal pictures, {found['extra_copies']:,} copies beyond the first"
        )
        conflict = found["conflicting_labels"]
        labels = (
            chip("bad", f"{conflict:,} carry two labels")
            if conflict
            else chip("good", "no group carries two labels")
        )
        leak = (
            chip("bad", f"{across:,} lie in more than one split")
            if across
            else chip("good", "none lies in more than one split")
        )
        names = [str(name) for name in facts.leaks.columns]
        rows = [
            (a, *(int(n) if j >= i else "" for j, n in enumerate(facts.leaks.to_numpy()[i])))
            for i, a in enumerate(names)
        ]
        body = f"<p>{words}. {leak} {labels}</p>" + table(
            ("groups in both", *names), rows, numeric=range(1, len(names) + 1)
        )
        body += "<p class='quiet'>On the diagonal: copies beyond the first within the split.</p>"
        shown = facts.leaking.groupby("group", sort=False)
        body += (
            f'<div class="strip">{"".join(strip(_figures(facts, rows), "group") for _, rows in shown)}</div>'
        )
    if facts.certificate:
        holds = facts.certificate["holds"]
        kinds = ", ".join(
            f"{facts.certificate[kind]:,} {kind}"
            for kind in ("exact", "near", "mirrored")
            if facts.certificate[kind] is not None
        )
        body += (
            f"<p>{chip('good' if holds else 'bad', 'certificate holds' if holds else 'certificate does not hold')} "
            f"{facts.certificate['pairs_checked']:,} pairs across splits checked: {text(kinds)}.</p>"
        )
    return section("Copies and leaks", "equal pixels, whatever the file", body)


def _labels(facts: Facts) -> str:
    body, wrong = "", facts.wrong
    if wrong is None:
        command = f"python -m fer_core mislabels {facts.dataset.name}"
        body = f"<p>{chip('none', 'not ranked')} <code>{text(command)}</code> ranks the labels.</p>"
    elif facts.ranking is not None:
        share = len(wrong) / max(len(facts.ranking), 1)
        verdict = "good" if not len(wrong) else "bad" if share > 0.02 else "look"
        body = f"<p>{chip(verdict, f'{len(wrong):,} of {len(facts.ranking):,}, {share:.1%}')} are likely wrong.</p>"
        pairs = wrong.groupby(["label", "suggested"]).size().sort_values(ascending=False).head(8)
        rows = [(*row[:2], int(row[2])) for row in pairs.reset_index().itertuples(index=False, name=None)]
        shown = strip(
            (facts.pictures[row["image_id"]], _named(row), f"{row['label']} \u2192", str(row["suggested"]))
            for row in each(wrong.head(16))
            if row["image_id"] in facts.pictures
        )
        counted = table(("label", "looks like", "images"), rows, numeric=(2,))
        body += f'<div class="pair"><div>{counted}</div><div>{shown}</div></div>'
    if facts.votes:
        v = facts.votes
        body += (
            f"<p>People voted on {v['images']:,.0f} images: on average {v['agreement']:.0%} of the votes are for the winner; of "
            f"{v['clear']:,.0f} with a clear majority, {v['differ']:,.0f} carry another label.</p>"
        )
    return section("Wrong labels, likely", "candidates for review, not verdicts", body)


def _versions(facts: Facts) -> str:
    known = facts.dataset.versions()
    numbers = {v.id: v.number for v in known}
    items = []
    for version in reversed(known):
        origin = f"from v{numbers[version.parent]}" if version.parent in numbers else ""
        called = f" <b>{text(version.name)}</b>" if version.name else ""
        note = f'<br><span class="quiet">{text(version.note)}</span>' if version.note else ""
        items.append(
            f"<li{' class=here' if version.id == facts.version.id else ''}><b>v{version.number}</b>"
            f"<span>{text(version.operation)} {origin}{called} <code>{version.id}</code>{note}</span>"
            f'<span class="n">{version.counts["images"]:,} images, {text(version.created[:10])}</span></li>'
        )
    return section("Versions", f"{len(known)}, newest first", f'<ol class="rail">{"".join(items)}</ol>')
