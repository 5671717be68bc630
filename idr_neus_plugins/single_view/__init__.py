"""Textured shapes from one image: shapes to learn from, conditioned fields, reconstruction, scores."""
