"""Who is answered, and with which headers: this machine alone unless the app is opened, by its own names, and no page of another
origin. `GET /healthz`, also below `server.baseUrlPath`, says whether the app does its work."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
import os
import threading
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

import streamlit as st
from starlette.middleware import Middleware
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from fer_core.base import json_log
from fer_core.base.workspace import current, keep_private
from fer_core.upkeep import health
from fer_core.upkeep.sweep import sweep

_Message = MutableMapping[str, Any]
_Send = Callable[[_Message], Awaitable[None]]
_Receive = Callable[[], Awaitable[_Message]]
_App = Callable[[_Message, _Receive, _Send], Awaitable[None]]

_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (
        b"content-security-policy",
        b"default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
        b"img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data: blob:; "
        b"worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'",
    ),
)
_CLOSED = (
    "FER Workbench answers this machine alone. To let others in, start it with FER_OPEN=1 and name the host in "
    "server.allowedHosts: there is no sign-in, so whoever reaches it may read and change everything in it."
)


HEALTH = "/healthz"
_LOCAL = {"localhost", "127.0.0.1", "::1"}
_log = logging.getLogger("fer")


def is_open() -> bool:
    """Whether whoever started the app lets other machines in (`FER_OPEN=1`)."""
    return os.environ.get("FER_OPEN") == "1"


class HttpGuard:
    """ASGI middleware.

    A page of another origin is refused here, before Streamlit looks up the machine's address in the internet to see whether
    it is that one's.
    """

    def __init__(self, app: _App) -> None:
        self._app = app  # made once, by the server, before anybody is answered
        keep_private()
        json_log.configure()
        threading.Thread(target=sweep, args=(current(),), daemon=True, name="fer-sweep").start()

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """Answer, or refuse in words."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        if reason := _refusal(scope):
            await _refuse(scope["type"], send, reason)
            return
        if _is_health(scope):
            await _tell_health(send)
            return
        started = time.perf_counter()

        async def with_headers(message: _Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message.get("headers", ())}
                added = [each for each in _HEADERS if each[0] not in given]
                message = {**message, "headers": [*message.get("headers", ()), *added]}
                _note(scope, int(message["status"]), started)
            await send(message)

        await self._app(scope, receive, with_headers)


def _refusal(scope: _Message) -> str:
    """Why a request is not answered; "" where it is."""
    here = str((scope.get("server") or ("",))[0])
    if not is_open() and not _is_loopback(here):
        return _CLOSED
    headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
    if not _is_own_name(headers.get(b"host"), health=_is_health(scope)):
        return "The app is asked for under a name that is not its own. Add it to server.allowedHosts if that is wanted."
    origin = headers.get(b"origin")
    if origin is None or not st.get_option("server.enableCORS"):
        return ""
    known = [st.get_option("browser.serverAddress"), *(st.get_option("server.corsAllowedOrigins") or ())]
    names = {_host(str(each)) for each in known if each}
    if origin.partition("//")[2] != headers.get(b"host") and _host(origin) not in names:
        return (
            "A page of another origin asks. Add its address to server.corsAllowedOrigins if that is wanted."
        )
    return ""


def _is_own_name(host: str | None, *, health: bool) -> bool:
    """Whether the app may be asked for under a name: a page elsewhere can have its own name point here (DNS rebinding).

    Streamlit's own rule for `server.allowedHosts`, of which an empty list allows any: here only where the app is open. Its
    health may be asked for under a name of this machine, or none, whatever the list says.
    """
    if health and (host is None or _host(host) in _LOCAL):
        return True
    if not is_open() and not st.get_option("server.allowedHosts"):
        return host is not None and _host(host) in _LOCAL
    return is_host_allowed(host)


def _is_health(scope: _Message) -> bool:
    below = str(st.get_option("server.baseUrlPath") or "").strip("/")
    path = str(scope.get("path", "")).rstrip("/")
    return scope["type"] == "http" and path in {HEALTH, f"/{below}{HEALTH}"}


async def _tell_health(send: _Send) -> None:
    """What `upkeep.health` finds, and how long the loop took to come back to us: 200, or 503 where something is wrong."""
    started = time.perf_counter()
    await asyncio.sleep(0)
    loop_ms = round(1000 * (time.perf_counter() - started), 1)
    found = await asyncio.to_thread(health.check, current())
    body = json.dumps({**found.record(), "loop_ms": loop_ms}).encode()
    kind = [(b"content-type", b"application/json"), (b"cache-control", b"no-store"), *_HEADERS]
    await send({"type": "http.response.start", "status": 200 if found.ok else 503, "headers": kind})
    await send({"type": "http.response.body", "body": body})


def _note(scope: _Message, status: int, started: float) -> None:
    """A line of the log for a request, where the log is one of JSON lines."""
    if json_log.is_enabled():
        path, took = scope.get("path", ""), 1000 * (time.perf_counter() - started)
        _log.info("%s %s %d, %.0f ms", scope.get("method", ""), path, status, took, extra={"request": path})


def _host(address: str) -> str:
    try:
        return (urlsplit(address if "//" in address else f"//{address}").hostname or "").lower()
    except ValueError:  # half an IPv6 address
        return ""


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:  # a socket of the file system, or a test without a network
        return True


async def _refuse(kind: str, send: _Send, reason: str) -> None:
    if kind == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": reason[:120]})
        return
    plain = [(b"content-type", b"text/plain; charset=utf-8"), *_HEADERS]
    await send({"type": "http.response.start", "status": 403, "headers": plain})
    await send({"type": "http.response.body", "body": reason.encode()})


MIDDLEWARE = [Middleware(HttpGuard)]
"""For `st.App`."""
