"""Shared foundation: configuration, recipes, the training loop, model folders, file storage."""
