"""A stand-in for `python -m app all`: speaks /ready and ends on SIGTERM, with nothing behind it.

Put in the place of app/__main__.py. A file `service.json` in its folder tells it what to do:
{"dies": "last words", "refuses": "why `check` says no",
 "ignores_sigterm": true, "starts_after_s": 1, "parts": {"bot": {"status": "failed"}}}
"""

import json
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ORDERS = Path("service.json")


def orders() -> dict[str, Any]:
    return dict(json.loads(ORDERS.read_text())) if ORDERS.exists() else {}


def readiness() -> dict[str, Any]:
    bot = {"status": "ok"} if os.environ.get("TELEGRAM_BOT_TOKEN") else {"status": "disabled", "detail": "no token"}
    parts = {"database": {"status": "ok"}, "scheduler": {"status": "ok"}, "bot": bot, **orders().get("parts", {})}
    failed = any(part["status"] == "failed" for part in parts.values())
    jobs = {"check_price_alerts_job": {"last_run_at": "2026-11-23T01:00:00Z", "age_seconds": 2.5, "outcome": "ok"}}
    return {"status": "degraded" if failed else "ok", "parts": parts, "jobs": jobs}


class Ready(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps(readiness()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        """The operator's screen is not for access logs."""


def main() -> None:
    told = orders()
    if sys.argv[1:] == ["check"]:
        sys.exit(told.get("refuses"))
    if "dies" in told:
        sys.exit(told["dies"])
    stop = signal.SIG_IGN if told.get("ignores_sigterm") else lambda _number, _frame: sys.exit(0)
    signal.signal(signal.SIGTERM, stop)
    time.sleep(told.get("starts_after_s", 0))
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["API_PORT"])), Ready).serve_forever()


if __name__ == "__main__":
    main()
