"""One module per program: functions that return argv, or read what it left."""
