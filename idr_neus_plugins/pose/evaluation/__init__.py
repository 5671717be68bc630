"""How wrong poses and trajectories are."""
