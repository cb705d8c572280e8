"""The named experiments, one module each; found by their names (`bench.plan.experiments`)."""
