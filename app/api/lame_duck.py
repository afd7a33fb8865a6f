"""Leaving in two steps: first tell the proxy, then stop serving."""

from dataclasses import dataclass


@dataclass
class LameDuck:
    """While leaving, /ready answers 503 and everything else is still served."""

    is_leaving: bool = False
