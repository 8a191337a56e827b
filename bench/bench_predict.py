"""From a photo to its answer: the model alone, detection, batches, detectors on photos, and one peer.

    python bench/bench_predict.py                    # the default model, drawn faces
    FER_TEST_DATA=... python bench/bench_predict.py  # also the 20 photos with counted faces
    python bench/bench_predict.py --peer PYTHON      # also the package `fer`, in the environment of that interpreter

Bars: one face, warm, one thread, p50 <= 2 ms; photo to answer with detection at 640 x 480 p50 <= 40 ms; 1,000 crops in
under 2 s; the page answers within 1.5 s of the first drop on a fresh server and within .3 s after that; the default
detector finds all faces of the photos as they are, and nothing else.
Wall seconds depend on what else the machine does; processor seconds stand beside them.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fer_core.base.errors import FerError
from fer_core.base.workspace import current
from fer_core.data.images import decode, to_gray
from fer_core.data.sample.drawing.face import draw_face
from fer_core.inference import analyse, model_registry
from fer_core.inference.detect import detectors
from fer_core.inference.live import LiveReader

ROOT = Path(__file__).resolve().parent.parent
PEER = r"""
import json, sys, time
import numpy as np
from PIL import Image
sys.stdout, out = sys.stderr, sys.stdout
from fer.fer import FER
model = FER(mtcnn=False)
pixels = [np.asarray(Image.open(p).convert("RGB"))[..., ::-1].copy() for p in sys.argv[1:]]
model.detect_emotions(pixels[0])
rows = []
for p, one in zip(sys.argv[1:], pixels):
    wall, cpu = time.perf_counter(), time.process_time()
    found = model.detect_emotions(one)
    rows.append({"file": p, "ms": (time.perf_counter() - wall) * 1e3, "cpu_ms": (time.process_time() - cpu) * 1e3,
                 "faces": [max(f["emotions"], key=f["emotions"].get) for f in found]})
out.write(json.dumps(rows))
"""

PAGE = """
import json, sys, time
import streamlit_app
from streamlit.testing.v1 import AppTest
photo = open(sys.argv[1], "rb").read()
app = AppTest.from_file("streamlit_app.py", default_timeout=120)
app.switch_page("pages/demo/predict.py").run()
walls = []
for number in range(6):
    # One at a time: the test driver gives every file a new id, so an older one would count as dropped again.
    app.file_uploader(key="try-files").set_value([(f"drawn-{number}.jpg", photo + bytes(number), "image/jpeg")])
    began = time.perf_counter(); app.run(); walls.append((time.perf_counter() - began) * 1e3)
    assert not app.exception and not app.error, (app.exception, app.error)
    assert f"drawn-{number}.jpg" in str([one.proto.body for one in app.get("html")]), number
print("WALLS" + json.dumps(walls))
"""


def timed(work: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Median wall and mean processor milliseconds of one call, warm."""
    work()
    walls, cpu = [], time.process_time()
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        walls.append(time.perf_counter() - started)
    return float(np.median(walls)) * 1e3, (time.process_time() - cpu) / rounds * 1e3


def line(what: str, wall: float, cpu: float, bar: float | None = None, unit: str = "ms") -> None:
    verdict = "" if bar is None else f"  bar {bar:g} {unit}: {'met' if wall <= bar else 'NOT met'}"
    print(f"{what:58s} p50 {wall:9.2f} {unit}   processor {cpu:9.2f} {unit}{verdict}")


def drawn_photo(width: int = 640, height: int = 480) -> bytes:
    """Three drawn faces on a wall, as a JPEG."""
    wall = np.random.default_rng(0).normal(128, 6, (height, width, 3)).clip(0, 255).astype(np.uint8)
    for seed, x, y, side in ((4, 40, 120, 150), (11, 240, 90, 160), (7, 450, 130, 140)):
        face = Image.fromarray(draw_face(random.Random(seed), "happy")).resize((side, side))
        wall[y : y + side, x : x + side] = np.asarray(face.convert("RGB"))
    buffer = io.BytesIO()
    Image.fromarray(wall).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def speed(model: model_registry.Model) -> None:
    one = model_registry.open_model(model.path, threads=1)
    shape = (one.input_size, one.input_size, one.metadata.channels)
    crops = np.random.default_rng(0).integers(0, 256, (1000, *shape), dtype=np.uint8)
    print(
        f"model {model.name}, {model.megabytes:.2f} MB; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n"
    )
    line("one face, model only, 1 thread", *timed(lambda: one.predict(crops[:1]), 300), 2)
    every = model_registry.open_model(model.path)
    wall, cpu = timed(lambda: every.predict(crops), 3)
    line("1,000 crops", wall / 1e3, cpu / 1e3, 2, "s")
    data = drawn_photo()
    for name in usable():
        looker = detectors.open_detector(name, current())
        result = analyse.analyse(every, data, "drawn", detector=looker)
        wall, cpu = timed(lambda looker=looker: analyse.analyse(every, data, "drawn", detector=looker), 30)
        what = f"photo 640 x 480 to answer, {looker.name}, {len(result.faces)} faces"
        line(what, wall, cpu, 40 if name == detectors.DEFAULT else None)


def live(model: model_registry.Model) -> None:
    """Three seconds of video at 15 frames a second, finding and reading on their cadence."""
    frame = decode(drawn_photo()).pixels
    frame = np.repeat(frame[..., None], 3, axis=2) if frame.ndim == 2 else frame
    reader = LiveReader(model_registry.open_model(model.path))
    started, cpu = time.perf_counter(), time.process_time()
    walls = sorted(reader.read(frame, now=index / 15).ms for index in range(45))
    wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    what = f"live frame 640 x 480, {len(reader.latest.faces) if reader.latest else 0} faces"
    line(what, walls[len(walls) // 2], cpu / 45 * 1e3)
    print(
        f"{'live, as fast as it can':58s} {45 / wall:.0f} frames a second; on 2 free cores at most {2 * 45 / cpu:.0f}"
    )


def page() -> None:
    """The page on a fresh server: one photo dropped after the other, in the server's time from the drop to the answer."""
    trials = []
    with tempfile.TemporaryDirectory() as home:
        file = Path(home) / "drawn.jpg"
        file.write_bytes(drawn_photo())
        for _ in range(3):
            done = subprocess.run(
                [sys.executable, "-c", PAGE, str(file)], cwd=ROOT, env={**os.environ, "FER_HOME": home},
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            trials.append(json.loads(done.stdout.split("WALLS")[1]))
    first, later = np.array(trials)[:, 0], np.array(trials)[:, 1:]
    for what, found, bar in (
        ("first drop on a fresh server", first, 1500),
        ("a drop after that", later, 300),
    ):
        print(
            f"page, {what + ':':32s} median {np.median(found):5.0f} ms, slowest {found.max():5.0f} ms"
            f"  bar {bar} ms: {'met' if np.median(found) <= bar else 'NOT met'}"
        )


def usable() -> list[str]:
    found = []
    for name, kind in detectors.KINDS.items():
        if kind.here(current()):
            found.append(name)
        else:
            print(f"{kind.title}: not here, left out")
    return found


def counted(folder: Path) -> dict[Path, int]:
    """Photo -> faces, from the table in the folder's README."""
    rows = re.findall(
        r"^\| (\S+\.\w+) \| (\d+) \|", (folder / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    return {folder / name: int(count) for name, count in rows}


def scaled(pixels: np.ndarray, longest: int) -> np.ndarray:
    size = np.array(pixels.shape[1::-1]) * longest / max(pixels.shape[:2])
    return cv2.resize(pixels, tuple(np.maximum(1, size.round()).astype(int)), interpolation=cv2.INTER_AREA)


def tilted(pixels: np.ndarray, degrees: float) -> np.ndarray:
    height, width = pixels.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    return cv2.warpAffine(pixels, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)


VARIANTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "as they are": lambda pixels: pixels,
    "640 pixels": lambda pixels: scaled(pixels, 640),
    "small (260)": lambda pixels: scaled(pixels, 260),  # half of the faces are then 24 pixels wide or less
    "tilted 20": lambda pixels: tilted(pixels, 20),
    "tilted -20": lambda pixels: tilted(pixels, -20),
    "dark": lambda pixels: (pixels * 0.25).astype(np.uint8),
    "blurred": lambda pixels: cv2.GaussianBlur(pixels, (0, 0), 3),
    "gray": to_gray,
}


def recall(photos: dict[Path, int]) -> None:
    """Per variant and detector: counted faces found, boxes beyond the count, time; one thread."""
    total = sum(photos.values())
    print(f"\n{len(photos)} photos, {total} counted faces: found + false, median ms of one thread")
    pictures = {path: decode(path.read_bytes()).pixels for path in photos}
    lookers = {name: detectors.open_detector(name, current()) for name in usable()}
    ways = [(looker.name, looker.detect) for looker in lookers.values()]
    quick = lookers[detectors.DEFAULT]
    ways.insert(1, (f"{quick.name}, quick", lambda pixels: quick.detect(pixels, quick=True)))
    cv2.setNumThreads(1)
    print(f"{'':12s} " + " ".join(f"{name:>20s}" for name, _ in ways))
    for variant, change in VARIANTS.items():
        cells = []
        for _, detect in ways:
            found, false, wall = 0, 0, []
            for path, count in photos.items():
                pixels = change(pictures[path])
                started = time.perf_counter()
                boxes = len(detect(pixels))
                wall.append(time.perf_counter() - started)
                found, false = found + min(boxes, count), false + max(0, boxes - count)
            cells.append(f"{found:3d} + {false:<2d} {np.median(wall) * 1e3:7.1f} ms")
        print(f"{variant:12s} " + " ".join(f"{cell:>20s}" for cell in cells))
    cv2.setNumThreads(-1)


def peer(python: str, photos: list[Path], model: model_registry.Model) -> None:
    """The package `fer` (its own 64 x 64 CNN, weights in the package, OpenCV's cascade) on the same photos."""
    done = subprocess.run(
        [python, "-c", PEER, *map(str, photos)], capture_output=True, text=True, check=False
    )
    try:
        theirs = json.loads(done.stdout)
    except ValueError:
        print("\npeer `fer` does not run here:", (done.stderr.strip().splitlines() or ["no word"])[-1][:200])
        return
    ours = model_registry.open_model(model.path)
    analyse.analyse(ours, photos[0].read_bytes())
    print("\npeer: fer (cascade, weights in its package)")
    rows = []
    for row in theirs:
        data = Path(row["file"]).read_bytes()
        wall, cpu = time.perf_counter(), time.process_time()
        result = analyse.analyse(ours, data)
        wall, cpu = (time.perf_counter() - wall) * 1e3, (time.process_time() - cpu) * 1e3
        answers = [face.answer for face in result.faces]
        rows.append((wall, cpu, row["ms"], row["cpu_ms"], len(answers), len(row["faces"])))
        print(
            f"  {Path(row['file']).name:26s} ours {', '.join(answers) or '-':60s} fer {', '.join(row['faces']) or '-'}"
        )
    mean = np.mean(rows, axis=0)
    faces = [max(1, sum(r[i] for r in rows)) for i in (4, 5)]
    print(
        f"  a photo: ours {mean[0]:.0f} ms (processor {mean[1]:.0f}), fer {mean[2]:.0f} ms (processor {mean[3]:.0f}), "
        f"ratio {mean[2] / mean[0]:.1f}; a face: ours {mean[0] * len(rows) / faces[0]:.0f} ms, "
        f"fer {mean[2] * len(rows) / faces[1]:.0f} ms"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="", help="as `predict --model`")
    parser.add_argument("--peer", default="", help="an interpreter whose environment has the package `fer`")
    arguments = parser.parse_args()
    try:
        model = model_registry.find(current(), arguments.model)
    except FerError as error:
        print(f"left out: {error}")
        return
    speed(model)
    live(model)
    page()
    photos = Path(os.environ.get("FER_TEST_DATA", "")) / "photos"
    if not (photos / "README.md").is_file():
        print("\nNo photos: FER_TEST_DATA names no folder with photos/README.md")
        return
    recall(counted(photos))
    if arguments.peer:
        peer(arguments.peer, list(counted(photos)), model)


if __name__ == "__main__":
    main()
