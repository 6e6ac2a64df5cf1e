"""Learning from few labels and a model's own guesses."""
