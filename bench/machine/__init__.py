"""Where it is measured: environment, fitness, clocks, threads, the timing lock."""
