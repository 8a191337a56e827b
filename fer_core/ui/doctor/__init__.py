"""Workspace health: the doctor's findings, and whether the app does its work."""
