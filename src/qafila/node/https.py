"""What a page may load and how cookies travel."""

from __future__ import annotations

from typing import Any

from qafila.node.directory import NodeDirectory


def csp(directory: NodeDirectory | None) -> dict[str, Any]:
    """The Content-Security-Policy: everything from the node itself, nothing inline.

    Live updates come from the same host on the neighbouring port, which a browser counts as another origin.
    """
    connect = ["'self'"]
    if directory is not None and directory.live_origins:
        connect += directory.live_origins
    return {
        "DIRECTIVES": {
            "default-src": ["'self'"],
            "connect-src": connect,
            "img-src": ["'self'", "blob:", "data:"],
            # What was recorded a moment ago is listened to before it is kept.
            "media-src": ["'self'", "blob:"],
            "object-src": ["'none'"],
            "base-uri": ["'none'"],
            "frame-ancestors": ["'none'"],
            "form-action": ["'self'"],
        }
    }


def https_settings(directory: NodeDirectory | None) -> dict[str, Any]:
    """Settings of a node that is reached by HTTPS alone (every real one)."""
    secure = directory is not None
    return {
        "SESSION_COOKIE_SECURE": secure,
        "CSRF_COOKIE_SECURE": secure,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "CSRF_COOKIE_SAMESITE": "Lax",
        "CSRF_COOKIE_HTTPONLY": True,
        "SECURE_CONTENT_TYPE_NOSNIFF": True,
        "SECURE_REFERRER_POLICY": "same-origin",
        "SECURE_HSTS_SECONDS": 31_536_000 if secure else 0,
        "SECURE_HSTS_INCLUDE_SUBDOMAINS": secure,
        "X_FRAME_OPTIONS": "DENY",
    }
