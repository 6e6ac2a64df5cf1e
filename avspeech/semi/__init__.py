"""Learning with few labels: pseudo-labels, language models, and an ambiguity benchmark."""
