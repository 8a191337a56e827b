"""The data version as an axis: what two versions differ in, and the lineage of a version as settings of its runs."""
