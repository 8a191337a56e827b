"""Where a model fails more often: parts of a split by what is known of its images, found by themselves, and gaps of groups."""
