"""Recipes: everything a training run chooses, declared, validated and inherited; TOML in and out."""
