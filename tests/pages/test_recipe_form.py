"""The form of a recipe: every field is there, and none is changed by being drawn."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from fer_core.recipes.recipe import builtin_names, fields, load
from fer_core.ui.train import recipe_labels


def _forms() -> None:
    import streamlit as st

    from fer_core.recipes.recipe import builtin_names, load, override
    from fer_core.ui.train import recipe_form

    for name in builtin_names():
        recipe = load(name)
        settings = recipe_form.draw(recipe, f"form-{name}")
        st.session_state[f"told-{name}"] = (settings, override(recipe, settings) == recipe)


def test_the_form_of_every_recipe_has_every_field_and_changes_nothing_by_itself() -> None:
    app = AppTest.from_function(_forms, default_timeout=120).run()
    assert not app.exception
    assert not app.warning
    for name in builtin_names():
        assert app.session_state[f"told-{name}"] == ({}, True), name
        shown = {
            w.key
            for kind in ("number_input", "selectbox", "toggle", "text_input")
            for w in getattr(app, kind)
        }
        for field in fields(load(name)):
            table, _, last = field.partition(".")
            if table in {"name", "extends", "description"} or last in {
                "architecture",
                "backbone",
                "blocks",
                "head",
            }:
                continue
            assert "Touch it when" in recipe_labels.help_text(field, None), field
            assert any(key.startswith(f"form-{name}-{field.replace('.', '-')}") for key in shown), (
                name,
                field,
            )
