"""The workspace as a whole: what of it is damaged, copies of it, and what interrupted work left behind."""
