"""A model behind HTTP: an image in, its label map and shares out; never more than it can hold."""

from __future__ import annotations

import asyncio
import base64
import io
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from numpy.typing import NDArray
from PIL import Image
from starlette.requests import ClientDisconnect

from premask import __version__
from premask.core.errors import PremaskError
from premask.core.micrograph import window
from premask.core.phases import phase_fractions
from premask.deploy.folder import encode_grey
from premask.deploy.predictor import Model, Options, Prediction, predict
from premask.deploy.tiling import TEST_TIME
from premask.io.images import read_micrograph
from premask.io.label_maps import encode_label_map
from premask.io.raster import RAISE_IT

PAGE = Path(__file__).parent / "page"
PREVIEW = 1600
"""Longest side of the picture that the page shows, px."""

SEND = "send the file itself as the body of the request, e.g. curl --data-binary @steel_07.tif"
NO_FORM = f"a form (multipart, curl -F) is not taken; {SEND}"

Guard = Callable[[Request, Callable[[Request], Awaitable[Response]]], Awaitable[Response]]


@dataclass(frozen=True)
class Limits:
    """What one service takes at once.

    Attributes
    ----------
    waiting : int
        Images that are received, wait or are predicted; one more is refused (503). Each is on
        disk until its turn, so that memory does not grow with their number.
    max_bytes : int
        Of an image file; larger ones are refused (413) as soon as that is seen.
    max_pixels : int
        Of an image; larger ones are refused by their header.
    seconds : float
        For an image to arrive; slower senders are refused (408), as they hold a place.
    """

    waiting: int = 16
    max_bytes: int = 128 * 1024 * 1024
    max_pixels: int = 40_000_000
    seconds: float = 60.0


@dataclass
class Counters:
    """What ``/metrics`` tells; touched by the event loop alone."""

    predictions: int = 0
    pixels: int = 0
    seconds: float = 0.0
    waiting: int = 0
    refused: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("busy", "large", "slow", "image", "fault"), 0)
    )


class RefusedError(Exception):
    """Why a request is refused, with its status; one line for the one who asks."""

    def __init__(self, status: int, kind: str, line: str) -> None:
        super().__init__(line)
        self.status, self.kind = status, kind


@dataclass(frozen=True, eq=False)
class Answer:
    """A prediction and what the page shows of the image."""

    found: Prediction
    preview: NDArray[np.uint8]
    um_per_px: float | None
    seconds: float


def create_service(model: Model, guard: Guard, limits: Limits | None = None) -> FastAPI:
    """The application: a page, ``/api/predict``, ``/api/label-map``, ``/health``, ``/metrics``.

    Images are predicted one at a time, each with all cores, in the order in which they arrived.

    Parameters
    ----------
    guard : callable
        A middleware that lets in whom it should, see :func:`premask.server.security.guard`.
    """
    service = _Service(model, limits or Limits())
    app = FastAPI(title="premask", version=__version__, docs_url=None, redoc_url=None)
    app.middleware("http")(guard)
    app.state.service = service

    @app.post("/api/predict", response_class=JSONResponse)
    async def predict_(request: Request, test_time: str = "none") -> Response:
        return await service.reply(request, test_time, service.as_json)

    @app.post("/api/label-map", response_class=Response)
    async def label_map(request: Request, test_time: str = "none") -> Response:
        return await service.reply(request, test_time, service.as_png)

    @app.get("/api/model")
    async def model_() -> dict[str, Any]:
        return service.about()

    @app.get("/health")
    async def health() -> dict[str, Any]:
        return {"status": "ok", "model": model.sha256, "waiting": service.counters.waiting}

    @app.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> str:
        return metrics_text(service.counters, model)

    @app.get("/")
    async def page() -> FileResponse:
        return FileResponse(PAGE / "index.html")

    @app.get("/service.js")
    async def script() -> FileResponse:
        return FileResponse(PAGE / "service.js", media_type="text/javascript")

    return app


class _Service:
    """A model, its queue and its counters."""

    def __init__(self, model: Model, limits: Limits) -> None:
        self.model, self.limits, self.counters = model, limits, Counters()
        self.worker = ThreadPoolExecutor(1, thread_name_prefix="predict")

    @property
    def _megapixels(self) -> float:
        return self.limits.max_pixels / 1e6

    def about(self) -> dict[str, Any]:
        card = self.model.card
        phases = [
            {"name": name, "colour": colour}
            for name, colour in zip(card.names, card.colours, strict=True)
        ]
        return {
            "sha256": self.model.sha256,
            "phases": phases,
            "architecture": card.architecture,
            "encoder": card.encoder,
            "facts": dict(card.facts),
            "max_bytes": self.limits.max_bytes,
            "max_pixels": self.limits.max_pixels,
        }

    async def reply(
        self, request: Request, test_time: str, made: Callable[[Answer], Response]
    ) -> Response:
        """Receive an image, wait for its turn, predict it; or say in one line why not."""
        try:
            return await self._reply(request, test_time, made)
        except RefusedError as refusal:
            self.counters.refused[refusal.kind] += 1
            headers = {"Retry-After": "5"} if refusal.status == 503 else None
            return JSONResponse({"detail": str(refusal)}, refusal.status, headers)
        except ClientDisconnect:
            return Response(status_code=499)  # nobody reads it

    async def _reply(
        self, request: Request, test_time: str, made: Callable[[Answer], Response]
    ) -> Response:
        if test_time not in TEST_TIME:
            raise RefusedError(400, "image", f"test_time is {test_time!r}; {', '.join(TEST_TIME)}")
        if self.counters.waiting >= self.limits.waiting:
            raise RefusedError(
                503, "busy", f"{self.limits.waiting} images are waiting already; try again later"
            )
        self.counters.waiting += 1
        try:
            with tempfile.TemporaryDirectory(prefix="premask-") as folder:
                path = Path(folder) / "image"
                await self._receive(request, path)
                loop = asyncio.get_running_loop()
                answer = await loop.run_in_executor(self.worker, self._predict, path, test_time)
                counters = self.counters
                counters.predictions += 1
                counters.pixels += answer.found.labels.size
                counters.seconds += answer.seconds
                return await loop.run_in_executor(None, made, answer)
        finally:
            self.counters.waiting -= 1

    async def _receive(self, request: Request, path: Path) -> None:
        most = self.limits.max_bytes
        too_large = RefusedError(
            413,
            "large",
            f"a file of more than {most:,} bytes is not taken; send a smaller one, or start premask"
            f" serve with a larger --megabytes (now {most / 2**20:.3g})",
        )
        if request.headers.get("content-type", "").startswith("multipart/"):
            raise RefusedError(415, "image", NO_FORM)
        if int(request.headers.get("content-length", "0")) > most:
            raise too_large
        received = 0
        try:
            async with asyncio.timeout(self.limits.seconds):
                with path.open("wb") as file:
                    async for chunk in request.stream():
                        received += len(chunk)
                        if received > most:
                            raise too_large
                        file.write(chunk)
        except TimeoutError:
            raise RefusedError(
                408, "slow", f"the image did not arrive in {self.limits.seconds:g} s"
            ) from None
        except OSError as error:
            raise RefusedError(
                507, "fault", f"the image cannot be kept: {error.strerror}"
            ) from None
        if received == 0:
            raise RefusedError(400, "image", f"no image: {SEND}")

    def _predict(self, path: Path, test_time: str) -> Answer:
        started = time.perf_counter()
        try:
            micrograph = read_micrograph(path, max_pixels=self.limits.max_pixels)
            found = predict(self.model, micrograph.pixels, Options(test_time=test_time))
        except PremaskError as error:
            own = f"start premask serve with a larger --megapixels (now {self._megapixels:.3g})"
            raise RefusedError(400, "image", str(error).replace(RAISE_IT, own)) from None
        except MemoryError:
            raise RefusedError(413, "large", "the image does not fit into the memory") from None
        except Exception as error:
            raise RefusedError(
                500, "fault", f"a fault in premask itself ({type(error).__name__}: {error})"
            ) from error
        preview = small(window(micrograph.pixels), PREVIEW)
        return Answer(found, preview, micrograph.um_per_px, time.perf_counter() - started)

    def as_json(self, answer: Answer) -> Response:
        card, found = self.model.card, answer.found
        shares = phase_fractions(found.labels, len(card.names))
        content = {
            "width": found.labels.shape[1],
            "height": found.labels.shape[0],
            "um_per_px": answer.um_per_px,
            "phases": [
                {"name": name, "colour": colour, "fraction": float(share)}
                for name, colour, share in zip(card.names, card.colours, shares, strict=True)
            ],
            "mean_confidence": float(found.confidence.mean()) / 255,
            "model": self.model.sha256,
            "seconds": round(answer.seconds, 3),
            "label_map": _text(encode_label_map(found.labels, card.colours)),
            "confidence_map": _text(encode_grey(found.confidence)),
            "preview": _text(_jpeg(answer.preview)),
        }
        return JSONResponse(content)

    def as_png(self, answer: Answer) -> Response:
        data = encode_label_map(answer.found.labels, self.model.card.colours)
        return Response(data, media_type="image/png")


def small(image: NDArray[np.uint8], longest: int) -> NDArray[np.uint8]:
    """An image of at most so many px on its longer side, made smaller by averaging."""
    height, width = image.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1:
        return image
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def metrics_text(counters: Counters, model: Model) -> str:
    """The counters in the text form of Prometheus."""
    rows = [
        ("counter", "premask_predictions_total", "", counters.predictions),
        ("counter", "premask_predicted_pixels_total", "", counters.pixels),
        ("counter", "premask_prediction_seconds_total", "", round(counters.seconds, 3)),
        ("gauge", "premask_images_waiting", "", counters.waiting),
        ("gauge", "premask_memory_bytes", "", _memory()),
        ("gauge", "premask_model_info", f'{{sha256="{model.sha256}",version="{__version__}"}}', 1),
    ]
    rows += [
        ("counter", "premask_refused_total", f'{{reason="{reason}"}}', n)
        for reason, n in counters.refused.items()
    ]
    lines: list[str] = []
    for kind, name, labels, value in rows:
        if (described := f"# TYPE {name} {kind}") not in lines:
            lines.append(described)
        lines.append(f"{name}{labels} {value}")
    return "\n".join(lines) + "\n"


def _memory() -> int:
    """Resident memory, bytes; 0 but on Linux."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return 0


def _jpeg(image: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
