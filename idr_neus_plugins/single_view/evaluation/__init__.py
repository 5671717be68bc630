"""How good predictions of shapes are, beside those that need no learning."""
