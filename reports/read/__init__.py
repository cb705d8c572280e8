"""Run directory -> frames -> tidy tables."""
