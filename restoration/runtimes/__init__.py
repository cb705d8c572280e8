"""The same network, run by different programs."""
