"""opsctl: what an operator types, and what cron runs."""
