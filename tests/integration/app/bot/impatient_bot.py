"""`python -m app bot`, except that it waits less for dead bots and before repeats: a test has no time."""

import sys
from datetime import timedelta

from app.bot import poller
from app.bot.sender import Sender
from app.process import run_parts
from app.services import outbox

assert Sender.__init__.__kwdefaults__
Sender.__init__.__kwdefaults__["lease_s"] = 2.0
poller.CONFLICT_S = poller.LONGEST_BACK_OFF_S = 0.5
outbox.RESEND_AFTER = (timedelta(seconds=1), timedelta(seconds=3))
sys.exit(run_parts(("bot",)))
