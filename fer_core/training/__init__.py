"""Recipes, which are read without Keras, and the process that trains them."""
