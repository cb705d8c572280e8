"""Tables -> numbers: intervals, scores, speeds, fronts."""
