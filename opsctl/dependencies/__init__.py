"""Which packages the code imports, pyproject.toml declares, the lock pins, and what runs really has."""
