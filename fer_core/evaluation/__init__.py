"""How good a run is, computed from the probabilities it gave to every image and from nothing else."""
