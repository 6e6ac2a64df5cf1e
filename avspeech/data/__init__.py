"""Data: manifests, protocols and checks, and the corpora that they come from, one file for each."""
