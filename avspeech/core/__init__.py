"""What every wing stands on: configuration, recipes, the training loop, model folders."""
