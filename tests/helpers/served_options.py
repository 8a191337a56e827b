"""Streamlit's options as `streamlit run` would have set them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from streamlit import config


@contextmanager
def served_with(options: dict[str, object]) -> Iterator[None]:
    """Inside, the options have these values."""
    before = {name: config.get_option(name) for name in options}
    try:
        for name, value in options.items():
            config.set_option(name, value)
        yield
    finally:
        for name, value in before.items():
            config.set_option(name, value)
