"""The scene doctor: what ruins runs for hours, found in seconds. One file per group of checks."""
