"""The command tree: the path is what the user types."""

COMMANDS = {
    "up": "Bring the system up, migrated and healthy, and show its status.",
    "down": "Stop the system; the data stays.",
    "status": "Show one screen of truth about the system.",
    "restart": "Restart services with today's environment.",
    "rebuild": "Say per service why it is stale, and rebuild only that.",
    "test": "Run a service's tests where it runs, against a throw-away database.",
    "db": "Back up, verify and restore the database.",
    "migrate": "Look at and apply schema migrations.",
    "logs": "List, check and follow log files.",
    "deps": "Compare imports, pyproject, lock and what runs.",
    "doctor": "Look for what is wrong, in the order of cause.",
}
