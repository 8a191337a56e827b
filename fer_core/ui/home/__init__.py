"""The first page: where a dataset stands, and what to do next."""
