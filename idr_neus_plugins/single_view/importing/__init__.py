"""Data sets of others as sets of shapes."""
