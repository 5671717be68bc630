"""Pose from one image as a nerfstudio method: data, model, read-outs."""
