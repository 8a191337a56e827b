from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scenes import drawn
from synced import watched

from fer_core.base.errors import AlreadyExists, DecisionError, TooFewImages
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import list_datasets
from fer_core.inference import corrections
from fer_core.inference.self_test import ReportCard


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def test_without_consent_nothing_touches_the_disk(workspace: Workspace) -> None:
    with pytest.raises(DecisionError, match="Nothing was kept"):
        corrections.keep_face(workspace, drawn(0, 48), "sad", agreed=False)
    assert list(workspace.root.iterdir()) == []
    with pytest.raises(TooFewImages, match="No face has been kept"):
        corrections.to_dataset(workspace, "mine")


def test_a_face_is_kept_under_its_right_label_and_can_be_relabelled_and_forgotten(
    workspace: Workspace,
) -> None:
    face = drawn(0, 96)
    corrections.keep_face(workspace, face, "Sadness", agreed=True, said="neutral", model="shipped")
    assert corrections.counts(workspace) == {"sad": 1}
    path = corrections.keep_face(workspace, face[..., None], "fear", agreed=True)  # the same face: it moves
    assert corrections.counts(workspace) == {"fear": 1}
    np.testing.assert_array_equal(np.asarray(Image.open(path)), face)
    lines = [
        json.loads(line)
        for line in (corrections.corrections_folder(workspace) / "kept.jsonl").read_text().splitlines()
    ]
    assert [(line["label"], line["said"]) for line in lines] == [("sad", "neutral"), ("fear", "")]
    assert all(line["consent"] == corrections.CONSENT for line in lines)


def test_a_kept_face_and_what_was_agreed_to_outlast_a_power_cut(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with watched(workspace.root, monkeypatch) as disk:
        corrections.keep_face(workspace, drawn(0, 64), "sad", agreed=True)
        assert disk.lost() == []


def test_kept_faces_become_a_dataset_of_their_own(workspace: Workspace) -> None:
    for seed, label in enumerate(("sad", "happy", "sad")):
        corrections.keep_face(workspace, drawn(seed, 64), label, agreed=True)
    corrections.keep_face(workspace, drawn(9, 64), "fear", agreed=True, kind=corrections.REPORT)
    assert list_datasets(workspace) == []  # what is kept is none until somebody makes it one
    dataset = corrections.to_dataset(workspace, "mine")
    table = dataset.manifest()
    assert sorted(table["label"]) == ["happy", "sad", "sad"]
    assert not (table["error"].fillna("") != "").any()
    assert corrections.corrections_folder(workspace) not in dataset.source_path.parents
    with pytest.raises(AlreadyExists):
        corrections.to_dataset(workspace, "mine")


def test_a_report_card_asks_in_turn_and_counts_what_was_right() -> None:
    card = ReportCard(("sad", "happy", "contempt"), rounds=2)
    assert card.plan == ["happy", "sad", "contempt"] * 2
    answers = {"happy": {"happy": 0.9, "sad": 0.1}, "sad": {"happy": 0.6, "sad": 0.4}}
    assert card.prompt == "Smile as if a friend came in"
    assert card.add(drawn(0, 48), answers["happy"]).right
    assert not card.add(drawn(1, 48), answers["sad"]).right
    assert card.wanted == "contempt"
    card.skip()
    assert card.plan == ["happy", "sad"] * 2
    assert len(card.poses) == 2
    card.add(drawn(2, 48), answers["happy"])
    card.retake()
    assert card.wanted == "happy"
    card.add(drawn(2, 48), answers["happy"])
    card.add(drawn(3, 48), answers["happy"])
    assert card.wanted is None
    score = card.score()
    assert (score.right, score.poses, score.accuracy) == (2, 4, 0.5)
    assert score.low == pytest.approx(0.15, abs=0.01)  # Wilson, 2 of 4
    assert score.high == pytest.approx(0.85, abs=0.01)
    assert card.confusion() == {("happy", "happy"): 2, ("sad", "happy"): 2}
    with pytest.raises(ValueError, match="Every pose"):
        card.add(drawn(4, 48), answers["sad"])
