"""Which training runs start, when and where.

`start` starts and stops one, `queue` and `launchers` work on those that wait, `experiments` and `crossval` make
several, `readiness` warns before.
"""
