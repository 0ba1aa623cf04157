"""Corpora by name: where they are published, their checksums, and how they are read."""
