"""Shapes to learn from: five procedural categories, and meshes of others; photographed and sampled."""
