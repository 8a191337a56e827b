"""How long the explorer takes to draw on a real set, in server time.

Claim: the first draw on 18,414 images takes under 1.5 s of server time, the next ones under 0.3 s.
A server imports `streamlit_app` when it starts, before anybody can visit; so does each trial, outside the clock.
What a page imports besides is part of its first draw.
Trials: 5 fresh processes for the first draw, 5 further draws in each. Data: FER_TEST_DATA (skipped without).
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ONE = """
import json, sys, time
import streamlit_app
from streamlit.testing.v1 import AppTest
app = AppTest.from_file("streamlit_app.py", default_timeout=120)
app.switch_page("pages/data/" + sys.argv[1] + ".py")
times = []
for _ in range(6):
    began = time.perf_counter()
    app.run()
    times.append(time.perf_counter() - began)
    assert not app.exception and not app.error
print("TIMES" + json.dumps(times))
"""


def main() -> None:
    data = os.environ.get("FER_TEST_DATA")
    if not data:
        print("skipped: FER_TEST_DATA is not set")
        return
    with tempfile.TemporaryDirectory() as home:
        env = {**os.environ, "FER_HOME": home, "PYTHONPATH": str(ROOT)}
        archive = Path(data) / "capstone4" / "Facial_emotion_images.zip"
        command = [sys.executable, "-m", "fer_core", "import", str(archive), "--name", "capstone4"]
        subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL)
        for page in ("explore", "duplicates"):
            first, later = [], []
            for _ in range(5):
                out = subprocess.run(
                    [sys.executable, "-c", ONE, page],
                    cwd=ROOT,
                    env=env,
                    check=True,
                    capture_output=True,
                    text=True,
                ).stdout
                times = json.loads(out.split("TIMES")[1])
                first.append(times[0])
                later += times[1:]
            print(
                f"{page}, 18,414 images: first draw median {statistics.median(first):.2f} s "
                f"(bar 1.5 s: {statistics.median(first) / 1.5:.2f} of it), "
                f"later draws median {statistics.median(later):.2f} s, slowest {max(later):.2f} s"
            )


if __name__ == "__main__":
    main()
