"""What surrounds every page: the head, the dataset in use, jobs, caches, importing and exporting.

`page` draws the frame, `job_progress` follows jobs, `cache` keeps what is slow to read.
"""
