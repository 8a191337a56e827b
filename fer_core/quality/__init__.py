"""What is wrong with a dataset: copies, leaks, doubtful labels, uneven splits and classes."""
