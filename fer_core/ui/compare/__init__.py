"""The Compare page: runs side by side.

`leaderboard_card` is the table of runs; `pair`, `run_detail`, `cost` and `ensemble` are cards below it;
`cached_runs` holds what they read.
"""
