"""The verb recipes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from fer_core.cli.report import Report, reports, table

if TYPE_CHECKING:
    from fer_core.recipes.recipe import Recipe


@click.command("recipes")
@click.argument("name", required=False)
@click.option(
    "--classes",
    type=click.IntRange(min=2),
    metavar="N",
    default=None,
    help="Also count the parameters for N classes.",
)
@click.option("--layers", is_flag=True, help="With NAME and --classes: show the network layer by layer.")
@reports
def recipes(name: str | None, classes: int | None, layers: bool) -> Report:
    """List the recipes, or show one with all its fields.

    NAME may be a .toml file. Parameters are counted on networks that are built without downloading weights.
    """
    from fer_core.recipes.recipe import builtin_names, changes_from_parent, fields, load, to_toml

    if layers and not (name and classes):
        raise click.UsageError("--layers needs a recipe and --classes.")

    rows: list[dict[str, Any]] = []
    for each in [name] if name else builtin_names():
        loaded = load(each)
        rows.append(
            {
                "name": loaded.name,
                "extends": loaded.extends,
                "description": loaded.description,
                "changes": changes_from_parent(each),
                "fields": fields(loaded),
                **(_counted(loaded, classes, layers) if classes else {}),
            }
        )
    if layers:
        return Report(rows, _layer_table(rows[0]))
    if name:
        text = to_toml(load(name)).rstrip()
        if classes:
            sizes = f"{rows[0]['parameters']:,} parameters, {rows[0]['trainable_parameters']:,} trained"
            text = f"{text}\n\n# {sizes}, for {classes} classes"
        return Report(rows, text)
    counts = ("parameters", "trainable_parameters") if classes else ()
    columns = ("name", "extends", *counts, "description")
    return Report(rows, table(columns, [[row[column] for column in columns] for row in rows]))


def _counted(recipe: Recipe, classes: int, layers: bool) -> Mapping[str, object]:
    """Parameters of a recipe's network; without its layers in this process, which Keras makes a few seconds slower."""
    if layers:
        from fer_core.models.summary import summary_of

        told = dict(summary_of(recipe, classes))
        return {**told, "trainable_parameters": told.pop("trained_parameters")}
    from fer_core.models import registry

    size = registry.parameters_of(registry.build_random(recipe.model, classes))
    return {"parameters": size.parameters, "trainable_parameters": size.trainable_parameters}


def _layer_table(recipe: Mapping[str, Any]) -> str:
    rows = [
        (
            "/".join(filter(None, (layer["part"], layer["name"]))),
            layer["kind"],
            " x ".join("any" if side is None else str(side) for side in layer["output"]),
            layer["parameters"],
            layer["trained_parameters"],
        )
        for layer in recipe["layers"]
    ]
    sums = ("", "", "", recipe["parameters"], recipe["trainable_parameters"])
    return table(("layer", "kind", "output", "parameters", "trained"), [*rows, sums])


COMMANDS: list[click.Command] = [recipes]
