"""Data: what tasks see of a corpus (manifests and mixtures), and the corpora it comes from, one
file each."""
