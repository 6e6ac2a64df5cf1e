"""Measures, costs and pages."""
