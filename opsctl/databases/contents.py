"""What a database holds, in a form that two databases can be compared by."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class TableContents:
    """Rows counted, and a fingerprint of all of them; only fingerprints of one method can be compared."""

    rows: int
    fingerprint: str
    method: str


@dataclass(frozen=True)
class Contents:
    tables: Mapping[str, TableContents]
    sequences: Mapping[str, int]  # the last number each one gave
    revision: str | None  # of the schema, as Alembic keeps it

    @property
    def rows(self) -> dict[str, int]:
        return {name: table.rows for name, table in self.tables.items()}


def differences(wanted: Contents, found: Contents) -> tuple[str, ...]:
    """One sentence for each way in which `found` is not what was backed up; empty when it is all there."""
    return tuple(_differences(wanted, found))


def _differences(wanted: Contents, found: Contents) -> Iterator[str]:
    for name in sorted(wanted.tables.keys() | found.tables.keys()):
        before, after = wanted.tables.get(name), found.tables.get(name)
        if before is None or after is None:
            yield f"table {name} is {'missing' if after is None else 'not in the backup'}"
        elif before.rows != after.rows:
            yield f"table {name} has {after.rows} rows, not {before.rows}"
        elif before.method == after.method and before.fingerprint != after.fingerprint:
            yield f"table {name} has other rows than the backup"
    for name, last in sorted(wanted.sequences.items()):
        # A sequence does not belong to the dump's snapshot: it may have moved on before it was dumped, never back.
        if found.sequences.get(name, 0) < last:
            yield f"sequence {name} is at {found.sequences.get(name, 0)}, not {last}"
    if wanted.revision != found.revision:
        yield f"the schema is at {found.revision}, not {wanted.revision}"
