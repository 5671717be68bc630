"""From a photograph to an object: framed as the network knows it, predicted, and kept as a run."""
