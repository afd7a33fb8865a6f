"""The Telegram door: reads commands, drains the outbox."""
