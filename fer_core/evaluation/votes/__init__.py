"""What people said of the faces: how far a model agrees with them, and how far they agree with each other."""
