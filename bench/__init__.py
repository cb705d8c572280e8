"""How to measure: specs, cases, clocks, counts, rows. Knows `restoration`; draws nothing."""
