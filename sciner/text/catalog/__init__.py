"""Corpora by name: where they are published, what their bytes must be, how they are read."""
