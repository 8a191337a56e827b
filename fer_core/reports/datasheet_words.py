"""The responsible-AI fields of a datasheet, from what is stored about a version: no field says what nobody knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from fer_core import mislabels
from fer_core.base.errors import FerError
from fer_core.data.manifest import counts, readable
from fer_core.data.notes import read_notes
from fer_core.evaluation.data_axis.changes import between
from fer_core.evaluation.votes.vote_agreement import people_agreement
from fer_core.explore.vote_stats import votes_of
from fer_core.reports.emotion_law import FORBIDDEN, HIGH_RISK, INFORM
from fer_core.review import lineage
from fer_core.review.agreement import agreement_report
from fer_core.review.journal import Journal
from fer_core.splits import balance, certificate, leaks

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset
    from fer_core.data.versions import Version

NOT_KNOWN = "not known: nobody has said"
_PEOPLE = {"age", "gender", "sex", "ethnicity", "race", "skin"}
Said = Mapping[str, str | list[str]]


def rai(dataset: Dataset, version: Version, manifest: pd.DataFrame) -> Said:
    """The properties of https://docs.mlcommons.org/croissant/docs/croissant-rai-spec.html, each with its prefix `rai:`."""
    found: Said = {
        **_collection(dataset, version),
        **_labels(dataset, version, manifest),
        **_risks(dataset, version, manifest),
    }
    return {f"rai:{name}": words for name, words in found.items()}


def _collection(dataset: Dataset, version: Version) -> Said:
    source, counts = dataset.about["source"], version.counts
    note = read_notes(dataset)["dataset"]
    steps = []
    for each in lineage.lineage(dataset.versions(), version.id):
        words = f"{each.counts['images']:,} images"
        if each.parent is not None:
            try:
                words = between(dataset, each.parent, each.id).words
            except FerError:
                words = "what it changed is not known"
        steps.append(f"v{each.number}, {each.operation}: {words}")
    dropped = f"{counts['unreadable']:,} files could not be read; {len(dataset.problems):,} files of the source are in no row."
    return {
        "dataCollection": note or f"How the pictures came about is {NOT_KNOWN}.",
        "dataCollectionType": ["Others"],
        "dataCollectionRawData": f"Read from a source of kind {source['kind']}, named {dataset.source_path.name}.",
        "dataCollectionMissingData": dropped,
        "dataCollectionTimeframe": [],
        "dataPreprocessingProtocol": steps,
        "dataManipulationProtocol": "Files are never changed. Decisions are kept in a journal and applied as a new version.",
        "dataReleaseMaintenancePlan": [
            "A version never changes; its identifier is the hash of its pictures, labels and splits."
        ],
    }


def _labels(dataset: Dataset, version: Version, manifest: pd.DataFrame) -> Said:
    rows, votes = readable(manifest), votes_of(dataset, manifest)
    counted = dataset.about.get("vote_classes") or []
    journal = Journal(dataset.journal_path)
    said, kappa = journal.decisions(), agreement_report(journal.decisions(active_only=False))
    actions = ", ".join(f"{n:,} {name}" for name, n in said["action"].value_counts().items()) or "none"
    analysis = [f"Decisions of reviewers that hold: {actions}."]
    if kappa["kappa"] is not None:
        analysis.append(f"Kappa of reviewers: {kappa['kappa']:.3f} on {kappa['images']:,} images.")
    per_item = f"{NOT_KNOWN}; the source gives each image one class"
    if votes is not None and counted:
        total = np.array([sum(each) for each in rows.loc[rows["votes"].notna(), "votes"]])
        per_item = f"{total.mean():.1f} votes on average ({total.min():g} to {total.max():g}), of {len(total):,} images"
        found = people_agreement(votes, list(votes.columns), rows.set_index("image_id")["label"])
        if found:
            analysis.append(
                f"Of an image's votes for its classes, {found.people:.3f} go to the most voted one on average "
                f"({found.images:,} images with one such "
                f"class); the label is that class for {found.label:.3f} of them."
            )
    rankings = mislabels.methods(dataset, version.id)
    return {
        "dataAnnotationProtocol": "Classes come with the source; people changed some by decisions that are kept with who, "
        "when and why.",
        "dataAnnotationPlatform": ["FER Workbench"] if len(said) else [],
        "dataAnnotationAnalysis": analysis,
        "annotationsPerItem": per_item,
        "annotatorDemographics": [NOT_KNOWN],
        "machineAnnotationTools": [
            f"FER Workbench ranked labels by how likely they are wrong: {name}" for name in rankings
        ],
    }


def _risks(dataset: Dataset, version: Version, manifest: pd.DataFrame) -> Said:
    sizes = version.counts
    total = max(sum(sizes["classes"].values()), 1)
    shares = ", ".join(f"{name} {n / total:.3f}" for name, n in sizes["classes"].items())
    drift = balance.drift(counts(manifest))
    biases = [f"Share of each class: {shares}."]
    if drift:
        biases.append(f"Class mix between splits: Cramér's V {drift['cramers_v']:.3f}.")
    columns = [name for name in manifest.columns if {*str(name).lower().split("_")} & _PEOPLE]
    people = (
        f"Columns about people: {', '.join(columns)}."
        if columns
        else "Age, gender and origin of the people are not recorded, so no gap between groups can be told."
    )
    held = certificate.load(dataset, version.id)
    apart = (
        "The splits are not certified as apart."
        if held is None
        else f"Certificate of the splits: {'holds' if held.holds else 'does not hold'}, {held.pairs_checked:,} pairs checked."
    )
    return {
        "dataBiases": [*biases, people],
        "dataLimitations": [apart, leaks.leaks_of(dataset, version.id).sentence, "Labels say what a face shows, not what a "
                            "person feels."],
        "personalSensitiveInformation": ["Pictures of faces: people can be recognised in them. Whether they agreed is "
                                         "" + NOT_KNOWN + "."],
        "dataSocialImpact": f"{FORBIDDEN} {INFORM} {HIGH_RISK}",
        "dataUseCases": ["Training", "Validation", "Testing"],
    }  # fmt: skip
