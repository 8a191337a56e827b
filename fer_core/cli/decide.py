"""Faces handed out, and single decisions: review NAME next, claim, set, undo."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from fer_core.base.errors import DecisionError
from fer_core.cli.common import dataset, journal_of, name_of, version_option
from fer_core.cli.report import Report, reports, table
from fer_core.cli.work import work

if TYPE_CHECKING:
    import pandas as pd

    from fer_core.data.dataset import Dataset

_COLUMNS = ["image_id", "path", "split", "label", "suggested", "score", "why"]
ACTIONS = ("relabel", "keep", "delete", "ambiguous", "note")
_MINUTES = click.FloatRange(min=0, min_open=True, max=1440)
_SEAT = "cli"
_method = click.option(
    "--method",
    metavar="METHOD",
    default=None,
    help="Whose ranking: emotions, quick, folds, run:RUN or file:F; made first where there is none. [default: as mislabels]",
)
who_option = click.option("--who", metavar="NAME", default="", help="The reviewer.")


@click.command("next")
@version_option
@_method
@click.option(
    "--top", type=click.IntRange(min=1), metavar="N", default=1, show_default=True, help="How many to show."
)
@click.option(
    "--who",
    metavar="NAME",
    default=None,
    help="The reviewer: the faces shown are held for them, none that another holds is shown.",
)
@click.option("--disagree", is_flag=True, help="Those on which reviewers disagree, the oldest case first.")
@name_of
@reports
def next_(
    name: str, version: str | None, method: str | None, top: int, who: str | None, disagree: bool
) -> Report:
    """The likeliest wrong labels that nobody has decided on."""
    from fer_core.mislabels import likely_wrong
    from fer_core.review import review_queue
    from fer_core.review.session import next_faces

    found = dataset(name)
    ranking = _ranking(found, version, method)
    filters = review_queue.Filters(review_queue.ALL, reviewed="split") if disagree else review_queue.Filters()
    dealt = next_faces(journal_of(found), ranking, top, filters, who, seat=_SEAT, give_back=False)
    columns = [*_COLUMNS, "said"] if disagree else _COLUMNS
    listed = [{str(k): v for k, v in row.items()} for row in dealt.rows[columns].to_dict("records")]
    likely = len(likely_wrong(ranking))
    result = {"name": name, "version": found.version(version).id, "likely_wrong": likely, "left": dealt.left,
              "held": dealt.held}  # fmt: skip
    text = (
        f"Reviewers disagree on {dealt.left:,} images"
        if disagree
        else f"{dealt.left:,} of {likely:,} likely wrong labels are not decided"
    )
    text += f"; {dealt.held:,} faces are held by others" if dealt.held else ""
    if listed:
        text += "\n\n" + table(list(listed[0]), [list(row.values()) for row in listed])
    return Report({**result, "next": listed}, text)


@click.command("claim")
@version_option
@_method
@click.option("--who", metavar="NAME", required=True, help="The reviewer.")
@click.option(
    "--count",
    type=click.IntRange(1, 1000),
    metavar="N",
    default=50,
    show_default=True,
    help="How many faces.",
)
@click.option(
    "--minutes",
    type=_MINUTES,
    metavar="M",
    default=30.0,
    show_default=True,
    help="Until they are free again.",
)
@click.option("--release", is_flag=True, help="Give back what is held instead.")
@name_of
@reports
def claim(
    name: str, version: str | None, method: str | None, who: str, count: int, minutes: float, release: bool
) -> Report:
    """Hold the next faces of the queue for one reviewer, so that nobody else is shown them.

    What they held from the shell before and is not among them is given back. Decided faces are free by themselves.
    """
    from fer_core.review.claims import Claims
    from fer_core.review.session import next_faces

    found = dataset(name)
    claims = Claims(found.journal_path)
    images: list[str] = []
    if release:
        given = claims.release(who, seat=_SEAT)
        text = f"{given:,} faces are given back"
    else:
        ranking = _ranking(found, version, method)
        dealt = next_faces(journal_of(found), ranking, count, who=who, seat=_SEAT, seconds=minutes * 60)
        images = dealt.rows["image_id"].tolist()
        text = f"{len(images):,} faces are held for {who or '(no name)'} for {minutes:g} minutes"
    holders = claims.holders()
    rows = [[h.who or "(no name)", h.seat, f"{h.images:,}"] for h in holders]
    text += "\n\n" + table(["who", "where", "holds"], rows) if rows else ""
    return Report({"name": name, "who": who, "images": images, "holders": [asdict(h) for h in holders]}, text)


@click.command("set")
@click.argument("image")
@click.argument("action", type=click.Choice(ACTIONS))
@click.option("--label", "new_label", metavar="CLASS", default=None, help="The right class, with relabel.")
@click.option(
    "--soft",
    metavar="CLASS=P,...",
    default=None,
    help="Probabilities, with ambiguous; those of the ranking where none are given.",
)
@click.option(
    "--why", metavar="TEXT", default="", help="The reason, else that of the ranking; a note's text."
)
@click.option("--final", is_flag=True, help="The final say where reviewers disagree; nobody's own opinion.")
@who_option
@name_of
@reports
def set_(
    name: str,
    image: str,
    action: str,
    new_label: str | None,
    soft: str | None,
    why: str,
    final: bool,
    who: str,
) -> Report:
    """Decide on one image.

    IMAGE is its id, the start of its id, or its path. A later decision on the same image replaces this one.
    """
    from fer_core.mislabels import by_name
    from fer_core.review.claims import Claims
    from fer_core.review.others import earlier_opinions, opinions_sentence

    found = dataset(name)
    press = by_name.press(
        found, image, action, label=new_label or "", soft=_soft_label(soft) if soft else None, reason=why, who=who,
        final=final,
    )  # fmt: skip
    number, made = by_name.record(found, press)
    Claims(found.journal_path).release(who, seat=_SEAT, images=press.images)
    others = [] if final else earlier_opinions(journal_of(found), [made.key])
    result = {
        "id": number,
        "action": made.action,
        "image_id": made.image_id,
        "path": made.path,
        "label": made.label,
        "others": [each._asdict() for each in others],
    }
    change = f": {made.shown['label']} -> {made.label}" if made.label else ""
    return Report(
        result, f"decision {number}: {made.action} {made.path}{change}\n{opinions_sentence(others)}".rstrip()
    )


@click.command("undo")
@click.argument("decision", type=int, required=False)
@who_option
@name_of
@reports
def undo(name: str, decision: int | None, who: str) -> Report:
    """Take back a decision by its number, or the reviewer's last.

    What was decided together is taken back together. Without --who, the last by a reviewer without a name.
    """
    journal = journal_of(dataset(name))
    number = journal.undo(decision, who)
    if number is None:
        others = [known for known in journal.reviewers() if known != who]
        hint = f"; --who takes one of: {', '.join(others)}" if others and decision is None else ""
        return Report({"undone": []}, f"Nothing to undo{hint}.")
    entries = journal.decisions(active_only=False)
    target = entries.loc[entries["id"] == number, "target"].iloc[0]
    taken = entries[(entries["key"] == target) | (entries["batch"] == target)]
    rows = taken[["id", "action", "image_id", "path", "label"]].to_dict("records")
    lines = [
        f"undone: decision {r['id']}, {r['action']} {r['path'] or r['image_id']} {r['label']}".rstrip()
        for r in rows
    ]
    return Report({"undone": rows}, "\n".join(lines))


def _soft_label(text: str) -> dict[str, float]:
    try:
        return {key.strip(): float(p) for key, p in (part.split("=") for part in text.split(","))}
    except ValueError as error:
        hint = "For example --soft happy=0.6,neutral=0.4"
        raise DecisionError("--soft takes CLASS=P,...", received=text, hint=hint) from error


def _ranking(found: Dataset, version: str | None, method: str | None) -> pd.DataFrame:
    from fer_core.mislabels.judges import ranked

    with work() as task:
        return ranked(found, found.version(version).id, method, task.progress)
