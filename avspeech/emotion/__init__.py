"""Emotion of voices on small devices."""
