"""Plans with hand-written truth, and how well the reader of plans matches it; see the README beside `evals`."""
