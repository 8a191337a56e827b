"""Who is answered, and with which headers: this machine alone unless the app is opened, and no page of another origin."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

import streamlit as st
from starlette.middleware import Middleware

from fer_core.base.workspace import keep_private

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


def is_open() -> bool:
    """Whether whoever started the app lets other machines in (`FER_OPEN=1`)."""
    return os.environ.get("FER_OPEN") == "1"


class HttpGuard:
    """ASGI middleware.

    A page of another origin is refused here, before Streamlit looks up the machine's address in the internet to see whether
    it is that one's.
    """

    def __init__(self, app: _App) -> None:
        self._app = app
        keep_private()  # made once, by the server, before anybody is answered

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """Answer, or refuse in words."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        if reason := _refusal(scope):
            await _refuse(scope["type"], send, reason)
            return

        async def with_headers(message: _Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message.get("headers", ())}
                added = [each for each in _HEADERS if each[0] not in given]
                message = {**message, "headers": [*message.get("headers", ()), *added]}
            await send(message)

        await self._app(scope, receive, with_headers)


def _refusal(scope: _Message) -> str:
    """Why a request is not answered; "" where it is."""
    here = str((scope.get("server") or ("",))[0])
    if not is_open() and not _is_loopback(here):
        return _CLOSED
    headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
    origin = headers.get(b"origin")
    if origin is None or not st.get_option("server.enableCORS"):
        return ""
    known = [st.get_option("browser.serverAddress"), *(st.get_option("server.corsAllowedOrigins") or ())]
    names = {_host(str(each)) for each in known if each}
    if urlsplit(origin).netloc != headers.get(b"host") and _host(origin) not in names:
        return (
            "A page of another origin asks. Add its address to server.corsAllowedOrigins if that is wanted."
        )
    return ""


def _host(address: str) -> str:
    return (urlsplit(address if "//" in address else f"//{address}").hostname or "").lower()


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
