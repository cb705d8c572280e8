"""The named experiments, one module each; `bench.experiments.scene` lists them."""
