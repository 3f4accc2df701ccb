"""How well plans and goals are understood, measured on data that is carried here. `python -m evals` runs it."""
