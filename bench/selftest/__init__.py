"""The suite measured by itself: planted changes, its own cost."""
