"""Reads what others trained, without running anything that it contains."""
