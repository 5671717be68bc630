"""Scenes with known poses: objects on a ground plane, photographed singly or along a path."""
