"""Surfaces from photographs, as nerfstudio method plugins."""

__version__ = "0.1.0"
