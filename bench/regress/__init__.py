"""Is this revision slower or worse than that one?"""
