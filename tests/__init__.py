"""Tests, by tier, and the stand-ins they use."""
