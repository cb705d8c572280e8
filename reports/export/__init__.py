"""A run for papers, terminals, leaderboards and other programs."""
