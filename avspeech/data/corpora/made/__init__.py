"""Synthetic corpora that are generated on this machine."""
