"""The library behind FER Workbench: everything that is not a screen. The house is drawn in docs/architecture.md."""

__version__ = "0.1.0"
