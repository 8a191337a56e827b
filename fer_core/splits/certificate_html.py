"""The certificate as a page of its own: nothing is loaded from anywhere, so that it can be sent and kept."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_STYLE = """
:root { color-scheme: light dark; --good: #2B8A3E; --bad: #E03131; }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 46rem; margin: 2.5rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.5rem; margin: 0 0 .2rem; } h2 { font-size: 1.05rem; margin: 1.8rem 0 .4rem; }
.verdict { border: 2px solid var(--c); border-radius: 12px; padding: 1rem 1.2rem; margin: 1.2rem 0; }
.verdict b { color: var(--c); font-size: 1.2rem; } .quiet { opacity: .7; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid color-mix(in srgb, currentColor 18%, transparent); }
td.n, th.n { text-align: right; } dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; }
dt { opacity: .65; } dd { margin: 0; overflow-wrap: anywhere; }
figure { display: inline-flex; gap: .5rem; margin: .3rem .8rem .3rem 0; align-items: center; font-size: .85rem; }
img { width: 72px; height: 72px; border-radius: 6px; }
"""
KINDS = {"exact": "equal pixels", "near": "near copies", "mirrored": "mirrored copies"}


def to_html(certificate: Mapping[str, Any], pictures: Mapping[str, NDArray[np.uint8]]) -> str:
    """The page.

    Args:
        certificate: as `certificate.certify` returns it.
        pictures: uint8 (h, w) of the images its examples name, by image_id.
    """
    holds = certificate["holds"]
    verdict = "The splits are apart" if holds else "The splits are not apart"
    copies = sum(certificate[kind] or 0 for kind in KINDS)
    told = (
        f"None of {certificate['pairs_checked']:,} pairs of images in different splits are copies of each other."
        if holds
        else f"{copies:,} of {certificate['pairs_checked']:,} pairs of images in different splits are copies of each other."
    )
    name = f"{certificate['dataset']}, version {certificate['number']}"
    color = "var(--good)" if holds else "var(--bad)"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Certificate: {_text(name)}</title><style>{_STYLE}</style></head><body>"
        f'<p class="quiet">Split certificate</p><h1>{_text(name)}</h1>'
        f'<p class="quiet"><code>{_text(certificate["version"])}</code></p>'
        f'<div class="verdict" style="--c:{color}"><b>{verdict}</b><br>{told}</div>'
        f"<h2>Copies between splits</h2>{_table(certificate)}{_examples(certificate, pictures)}"
        f"<h2>How it was checked</h2>{_facts(certificate)}"
        '<p class="quiet">The id of the version is the hash of which pictures it holds and how they are labelled and split. '
        f"To check again: <code>python -m fer_core certify {_text(certificate['dataset'])} --version "
        f"{_text(certificate['version'])}</code></p></body></html>\n"
    )


def _text(value: object) -> str:
    return html.escape(f"{value:,}" if isinstance(value, int) else str(value))


def _table(certificate: Mapping[str, Any]) -> str:
    heads = "".join(f'<th class="n" scope="col">{words}</th>' for words in KINDS.values())
    rows = [*certificate["table"].items()]
    total = {"checked": certificate["pairs_checked"]} | {kind: certificate[kind] for kind in KINDS}
    body = ""
    for pair, row in [*rows, ("all", total)]:
        cells = "".join(
            f'<td class="n">{"not checked" if row[kind] is None else _text(row[kind])}</td>' for kind in KINDS
        )
        body += f'<tr><td>{_text(pair.replace("|", " and "))}</td><td class="n">{_text(row["checked"])}</td>{cells}</tr>'
    return (
        '<div class="scroll"><table><thead><tr><th scope="col">splits</th><th class="n" scope="col">pairs checked</th>'
        f"{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _facts(certificate: Mapping[str, Any]) -> str:
    sizes = ", ".join(f"{split} {n:,}" for split, n in certificate["splits"].items())
    facts = {
        "images": f"{certificate['images']:,} ({sizes})",
        "method": certificate["method"],
        "time": f"{certificate['created']}, {certificate['seconds']:g} s",
        "program": f"FER Workbench {certificate['code']}",
    }
    return (
        "<dl>" + "".join(f"<dt>{key}</dt><dd>{_text(value)}</dd>" for key, value in facts.items()) + "</dl>"
    )


def _examples(certificate: Mapping[str, Any], pictures: Mapping[str, NDArray[np.uint8]]) -> str:
    if not certificate["examples"]:
        return ""
    figures = ""
    for example in certificate["examples"]:
        shown = "".join(
            f'<img alt="{_text(example[which])}" title="{_text(example[which])}" src="{_url(pictures[example[which + "_id"]])}">'
            for which in ("first", "second")
        )
        words = f"{KINDS[example['kind']]}<br>{_text(example['splits'].replace('|', ' and '))}"
        figures += f"<figure>{shown}<figcaption>{words}</figcaption></figure>"
    return f"<h2>Some of them</h2>{figures}"


def _url(picture: NDArray[np.uint8]) -> str:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
