"""Working replacements of outside things."""
