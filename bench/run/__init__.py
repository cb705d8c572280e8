"""A whole run -> `rows.jsonl`: what is left to do, resuming, kinds of cases, pools and clusters."""
