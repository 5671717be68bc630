"""One reader per layout: a folder or file -> a PosedScene."""
