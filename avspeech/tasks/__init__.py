"""Tasks: what a batch is, the loss, how it is evaluated. A task knows nothing of a corpus."""
