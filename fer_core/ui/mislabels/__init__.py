"""The page of wrong labels.

`state` is read once per draw; `face_review` hands faces out and records decisions, and `visits` knows which it handed out;
`queue_table` has progress and filters, `ranking_method` chooses the ranking.
"""
