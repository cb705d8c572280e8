"""The named experiments, one module each; `bench.experiment` lists them."""
