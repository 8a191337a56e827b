"""Long trials of what the workspace is trusted with: `make soak MINUTES=15`, in parts that go on where they were stopped.

`python -m bench.soak --minutes 15` shares the time among the parts, each of which does as much as fits; figures add up in
`.soak/figures.json` over as many calls as one likes, and `--table` prints them.
"""
