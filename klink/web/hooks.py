"""What happens around every request of the app."""

from __future__ import annotations

from flask import Flask, Response, g

from klink.web import doors, idempotency, limits, parts
from klink.web.idempotency import is_replay
from klink.web.request_id import request_id


def install(app: Flask, own: parts.Parts) -> None:
    """Give the app its parts, its doors' errors, and the headers of every answer."""
    app.extensions[parts.EXTENSION] = own
    app.extensions[idempotency.EXTENSION] = idempotency.Running()
    doors.install(app)
    app.after_request(_finish)


def wait_for_clicks() -> None:
    """Wait until the counts hold every click answered so far (contract: Counting).

    Never inside a unit of work, which the ledger itself may be waiting for. When the
    ledger stays behind, the answer says so.
    """
    g.ledger_lag_s = parts.parts().ledger.wait()


def _finish(response: Response) -> Response:
    response.headers["X-Request-Id"] = request_id()
    if response.status_code == 204:
        response.headers.pop("Content-Type", None)  # of nothing, werkzeug would say HTML
    lag_s = g.get("ledger_lag_s", 0.0)
    if lag_s > 0:
        response.headers["Klink-Ledger-Lag"] = f"{max(lag_s, 0.1):.1f}"
    limits.give_back(response, is_replay=is_replay())
    door = doors.here()
    if door is not None and door.finish is not None:
        door.finish(response)
    return response
