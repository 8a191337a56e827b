"""The form of a new run on Train: presets, start, fields, what is undone, kept and expected."""

from __future__ import annotations

import json
from pathlib import Path

from made_runs import tell_epochs
from opened_pages import TRAIN, html_of, opened
from streamlit.testing.v1 import AppTest
from train_desk import dataset, press, runs, train_home, trained

from fer_core.data.dataset import Dataset
from fer_core.recipes.recipe import load, override, to_toml
from fer_core.runs import run_annotations, store
from fer_core.splits.plan import save_folds, save_plan
from fer_core.splits.stratify import stratify, stratify_folds

ROOT = Path(__file__).resolve().parents[2]


__all__ = ["dataset", "train_home"]  # fixtures


def visit() -> AppTest:
    return opened(TRAIN)


def test_what_is_changed_is_said_trained_and_can_be_put_back(dataset: Dataset) -> None:
    app = visit()
    app.number_input(key="train-compact-0-training-epochs").set_value(5).run()
    app.selectbox(key="train-compact-0-schedule-name").set_value("one_cycle").run()
    app.selectbox(key="train-compact-0-augment").set_value("none").run()
    said = html_of(app)
    assert "36 → <b>5</b>" in said
    assert "cosine → <b>one cycle</b>" in said
    press(app, "Queue")
    recipe = runs(dataset)[0].recipe
    assert (recipe.training.epochs, recipe.schedule.name) == (5, "one_cycle")
    assert not recipe.augmentation.horizontal_flip
    app.button(key="train-undo-training-epochs").click().run()
    assert app.number_input(key="train-compact-0-training-epochs").value == 36
    said = html_of(app)
    assert "36 → <b>5</b>" not in said
    assert "cosine → <b>one cycle</b>" in said
    press(app, "Undo all")
    assert "cosine → <b>one cycle</b>" not in html_of(app)
    assert "Undo all" not in {button.label for button in app.button}
    assert app.selectbox(key="train-compact-1-schedule-name").value == "cosine"


def test_edited_fields_are_there_again_after_another_page(dataset: Dataset) -> None:
    app = visit()
    app.number_input(key="train-compact-0-training-epochs").set_value(5).run()
    app.segmented_control(key="train-start-from").set_value("shipped").run()
    app.number_input(key="train-shipped-1-training-epochs").set_value(7).run()
    app.text_input(key="train-hypothesis").set_value("it knows faces").run()
    app.switch_page("pages/data/explore.py").run()
    app.switch_page(TRAIN).run()
    assert app.selectbox(key="train-recipe").value == "shipped"
    assert app.segmented_control(key="train-start-from").value == "shipped"
    assert app.number_input(key="train-shipped-1-training-epochs").value == 7
    assert app.text_input(key="train-hypothesis").value == "it knows faces"


def test_a_preset_fills_its_recipe_in_and_says_how_long_it_takes_where_that_is_known(
    dataset: Dataset,
) -> None:
    app = visit()
    presets = app.radio(key="train-preset")
    assert presets.value == "solid"
    assert all("time not known yet" in caption for caption in presets.proto.captions)
    run = trained(dataset, 3)
    (run.folder / "recipe.toml").write_text(to_toml(load("compact")))
    app.run()
    told = list(app.radio(key="train-preset").proto.captions)
    assert "2 min here" in told[0]  # 8 epochs of 17 s
    assert "10 min here" in told[1]  # 36
    assert "time not known yet" in told[2]
    app.radio(key="train-preset").set_value("fast look").run()
    assert "36 → <b>8</b>" in html_of(app)
    app.radio(key="train-preset").set_value("best").run()
    assert app.selectbox(key="train-recipe").value == "shipped"
    app.selectbox(key="train-recipe").set_value("model_b").run()
    assert app.radio(key="train-preset").value is None


def test_a_field_is_found_by_what_it_helps_against_and_keeps_what_stands_in_the_others(
    dataset: Dataset,
) -> None:
    app = visit()
    app.number_input(key="train-compact-0-training-epochs").set_value(5).run()
    app.text_input(key="train-compact-0-find").set_value("overfits tilted").run()
    (rules,) = [
        text
        for text in html_of(app).split("<style>")
        if "display: none" in text and ".st-key-train-compact" in text
    ]
    assert ".st-key-train-compact-0-training-epochs," in rules
    assert "augmentation-rotation" not in rules
    assert "36 → <b>5</b>" in html_of(app)
    app.text_input(key="train-compact-0-find").set_value("").run()
    assert app.number_input(key="train-compact-0-training-epochs").value == 5


def test_what_was_expected_stands_beside_what_came(dataset: Dataset) -> None:
    app = visit()
    app.text_input(key="train-hypothesis").set_value("a lower rate <b>").run()
    app.number_input(key="train-expected").set_value(0.7).run()
    press(app, "Train")
    (run,) = runs(dataset)
    assert run_annotations.read(run) | {
        "hypothesis": "a lower rate <b>",
        "expected": 0.7,
    } == run_annotations.read(run)
    assert "expected 0.700 on validation" in html_of(app)
    tell_epochs(run, [0.6])
    run.update(state="finished")
    said = html_of(visit())
    assert "expected .700, came .600: 10.0 points below" in said
    assert "worse than expected" in said
    assert "a lower rate &lt;b&gt;" in said


def test_dropout_of_a_layer_is_a_field_too(dataset: Dataset) -> None:
    app = visit()
    app.number_input(key="train-compact-0-dropout-5").set_value(0.6).run()
    press(app, "Train")
    recipe, before = runs(dataset)[0].recipe, load("compact")
    assert recipe.model.blocks[-1].dropout == 0.6  # type: ignore[union-attr]
    assert recipe.model.blocks[:-1] == before.model.blocks[:-1]  # type: ignore[union-attr]


def test_a_value_that_cannot_be_is_refused_before_training(dataset: Dataset) -> None:
    app = visit()
    app.number_input(key="train-compact-0-optimizer-learning_rate-adamw").set_value(0.0).run()
    assert any("learning_rate" in e.value for e in app.error)
    assert next(b for b in app.button if b.label == "Train").disabled


def test_what_a_recipe_asks_for_in_vain_is_said_before_it_is_trained(dataset: Dataset) -> None:
    app = visit()
    assert "both balanced" not in html_of(app)
    for field in ("class_weight", "sampling"):
        app.selectbox(key=f"train-compact-0-training-{field}").set_value("balanced").run()
    assert "class_weight and sampling are both balanced" in html_of(app)
    assert not app.button(key="train-start").disabled


def test_a_start_is_chosen_and_brings_the_recipe_it_needs(dataset: Dataset) -> None:
    app = visit()
    app.segmented_control(key="train-start-from").set_value("run").run()
    assert "No run has weights to start from yet" in html_of(app)
    assert app.button(key="train-start").disabled
    app.segmented_control(key="train-start-from").set_value("imported").run()
    assert app.button(key="train-start").disabled
    app.segmented_control(key="train-start-from").set_value("shipped").run()
    assert app.selectbox(key="train-recipe").value == "shipped"
    app.button(key="train-start").click().run()
    (run,) = store.list_runs(dataset.workspace)
    assert run.info["start"]["name"] == run.recipe.model.start == "shipped"
    assert "The start shipped has learned from none of the" in html_of(app)
    app.selectbox(key="train-recipe").set_value("compact").run()  # another network: the start gives way
    assert app.segmented_control(key="train-start-from").value == "scratch"


def test_a_start_chosen_right_after_a_recipe_is_not_lost(dataset: Dataset) -> None:
    app = visit()
    app.selectbox(key="train-recipe").set_value("model_0")
    app.segmented_control(key="train-start-from").set_value("run").run()  # both are in one message
    assert app.segmented_control(key="train-start-from").value == "run"
    app.selectbox(key="train-recipe").set_value("vgg16").run()  # and later a recipe makes it give way
    assert app.segmented_control(key="train-start-from").value == "scratch"
    app.selectbox(key="train-recipe").set_value("model_0")
    app.segmented_control(key="train-start-from").set_value("shipped").run()
    assert app.segmented_control(key="train-start-from").value == "shipped"
    assert app.selectbox(key="train-recipe").value == "shipped"


def test_a_run_is_a_start_with_its_own_recipe(dataset: Dataset) -> None:
    run = trained(dataset, 3)
    (run.folder / "best.keras").write_bytes(b"weights")
    app = visit()
    app.segmented_control(key="train-start-from").set_value("run").run()
    assert app.selectbox(key="train-start-run").value == run.id
    assert (
        app.number_input(key=f"train-{run.id}-0-training-epochs").value == 40
    )  # of the run, not of the recipe above
    app.number_input(key=f"train-{run.id}-0-training-epochs").set_value(9).run()
    press(app, "Train")
    made = runs(dataset)[-1]
    assert (made.recipe.model.start, made.recipe.training.epochs, made.info["recipe"]) == (
        run.id,
        9,
        "model_0",
    )
    assert "model_0 · 9 epochs, from run 1" in html_of(app)


def test_what_is_expected_of_one_run_is_not_expected_of_the_next(dataset: Dataset) -> None:
    app = visit()
    app.text_input(key="train-hypothesis").set_value("a lower rate").run()
    app.number_input(key="train-expected").set_value(0.7).run()
    app.number_input(key="train-compact-0-optimizer-learning_rate-adamw").set_value(0.0).run()
    assert app.text_input(key="train-hypothesis").value == "a lower rate"  # no run was made yet
    app.number_input(key="train-compact-0-optimizer-learning_rate-adamw").set_value(0.002).run()
    press(app, "Train")
    assert (app.text_input(key="train-hypothesis").value, app.number_input(key="train-expected").value) == (
        "",
        None,
    )
    press(app, "Queue")
    told = [run_annotations.read(run) for run in runs(dataset)]
    assert [(one["hypothesis"], one["expected"]) for one in told] == [("a lower rate", 0.7), ("", None)]


def test_seeds_are_off_where_folds_are_chosen(dataset: Dataset) -> None:
    save_folds(dataset, stratify_folds(dataset.manifest(), folds=2))
    save_plan(dataset, stratify(dataset.manifest()))
    app = visit()
    app.number_input(key="train-compact-0-seeds").set_value(3).run()
    assert "seeds do not count" not in html_of(app)
    app.selectbox(key="train-compact-0-folds").set_value(2).run()
    assert app.number_input(key="train-compact-0-seeds").disabled
    assert "seeds do not count" in html_of(app)
    press(app, "Queue")
    assert [run.info["member"] for run in runs(dataset)] == ["fold-1", "fold-2"]
    app.selectbox(key="train-compact-0-folds").set_value(0).run()
    seeds = app.number_input(key="train-compact-0-seeds")
    assert (seeds.value, seeds.disabled) == (3, False)


def test_a_preset_is_not_put_over_the_recipe_of_a_run(dataset: Dataset) -> None:
    run = trained(dataset, 3)
    (run.folder / "best.keras").write_bytes(b"weights")
    app = visit()
    app.radio(key="train-preset").set_value("fast look").run()
    app.segmented_control(key="train-start-from").set_value("run").run()
    assert "40 → " not in html_of(app)
    press(app, "Queue")
    made = runs(dataset)[-1].recipe
    assert made == override(run.recipe, {"model.start": run.id})
    app.segmented_control(key="train-start-from").set_value("scratch").run()
    assert "36 → <b>8</b>" in html_of(app)


def test_stages_of_unfreezing_are_called_so(dataset: Dataset) -> None:
    app = visit()
    app.selectbox(key="train-recipe").set_value("progressive").run()
    (field,) = [each for each in app.text_input if str(each.key).endswith("progressive-stages")]
    stages = json.loads(field.value)
    said = f"{len(stages)} stages → <b>"
    stages[0]["epochs"] += 1
    field.set_value(json.dumps(stages)).run()
    assert f"{said}stages changed</b>" in html_of(app)
    (field,) = [each for each in app.text_input if str(each.key).endswith("progressive-stages")]
    field.set_value(json.dumps(stages[:1])).run()
    assert f"{said}1 stage</b>" in html_of(app)
