"""Corpora that are made on the spot."""
