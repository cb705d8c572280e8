"""One `Case` -> `Reading`s: inputs, scores, calls, counts, layers, memory, roofline."""
