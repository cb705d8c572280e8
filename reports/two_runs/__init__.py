"""Several runs on one page: two revisions, several machines, a stored history."""
