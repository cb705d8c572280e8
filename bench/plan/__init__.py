"""What is measured: TOML -> `Spec` -> `Case`, and how long it will take."""
