"""What is written: rows, `run.json`, the hash of a case, one attempt as rows."""
