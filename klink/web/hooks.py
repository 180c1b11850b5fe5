"""What happens around every request of the app."""

from __future__ import annotations

import logging
import time

from flask import Flask, Response, g, request

from klink.asked import current_request
from klink.logs import FIELDS
from klink.web import doors, idempotency, limits, parts
from klink.web.idempotency import is_replay
from klink.web.request_id import request_id

log = logging.getLogger("klink.requests")


def install(app: Flask, own: parts.Parts) -> None:
    """Give the app its parts, its doors' errors, and the headers of every answer."""
    app.extensions[parts.EXTENSION] = own
    app.extensions[idempotency.EXTENSION] = idempotency.Running()
    app.before_request(_begin)
    doors.install(app)
    app.after_request(_finish)
    app.teardown_request(_forget)


def wait_for_clicks() -> None:
    """Wait until the counts hold every click answered so far (contract: Counting).

    Never inside a unit of work, which the ledger itself may be waiting for. When the
    ledger stays behind, the answer says so.
    """
    g.ledger_lag_s = parts.parts().ledger.wait()


def _begin() -> None:
    g.began_s = time.perf_counter()
    current_request.set(request_id())


def _forget(_: BaseException | None) -> None:
    current_request.set("")


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
    if parts.parts().logs_requests:
        _log(response.status_code)
    return response


def _log(status: int) -> None:
    """Write a request down, by the route it took: paths may hold what opens a door."""
    route = "-" if request.url_rule is None else request.url_rule.rule
    method = request.method if request.method.isalpha() else "?"
    took_ms = round((time.perf_counter() - g.began_s) * 1000, 1)
    fields = {"method": method[:10], "route": route, "status": status, "took_ms": took_ms}
    log.info("%(method)s %(route)s %(status)d %(took_ms).1f ms", fields, extra={FIELDS: fields})
