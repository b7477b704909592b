"""Robots by name."""
