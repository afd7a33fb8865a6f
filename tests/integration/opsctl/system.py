"""A small deployment on the local runtime: the real migrations, and a stand-in where the service would run."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from tests.e2e.deployment import NO_ENGINE, Deployment
from tests.postgresql import free_port

ROOT = Path(__file__).parents[3]
COPIED = ("opsctl.toml", ".env.example", "alembic.ini", "requirements.txt", "migrations", "app")

MIGRATION = '''"""One more."""

import sqlalchemy as sa
from alembic import op

revision = "{name}"
down_revision = "{down}"


def upgrade():
    op.create_table("{name}", sa.Column("id", sa.Integer(), primary_key=True))
'''


class System(Deployment):
    """A folder that `opsctl up` can bring up; ended with everything it started."""

    def order(self, **orders: Any) -> None:
        """Tell the stand-in service how to behave from its next start (parts: from now) on."""
        (self.folder / "service.json").write_text(json.dumps(orders))

    def up(self, *words: str, **environment: str) -> None:
        done = self.opsctl("up", "--env", "development", *words, timeout_s=120, **environment)
        assert done.code == 0, done

    def status(self, **environment: str) -> Any:
        return self.opsctl("status", "--json", timeout_s=60, **environment).json

    def set_key(self, key: str, value: str) -> None:
        """Change one line of the environment file, as an operator does."""
        file = self.folder / ".env.development"
        lines = [f"{key}={value}" if line.startswith(f"{key}=") else line for line in file.read_text().splitlines()]
        file.write_text("\n".join(lines) + "\n")

    def write_migration(self, name: str, *, down: str) -> None:
        """One more migration in the code, which adds an empty table."""
        file = self.folder / "migrations" / "versions" / f"29991231_{name}.py"
        file.write_text(MIGRATION.format(name=name, down=down))

    def processes(self) -> list[psutil.Process]:
        """Whatever still runs in the folder."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.cwd() == str(self.folder) and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def ended(self, process: psutil.Process) -> bool:
        """A zombie has ended; its parent has not looked yet."""
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE

    def the_process(self) -> psutil.Process:
        (process,) = self.processes()
        return process


@contextmanager
def new_system(folder: Path) -> Iterator[System]:
    folder.mkdir()
    for name in COPIED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        copy(ROOT / name, folder / name)
    shutil.copy2(ROOT / "tests" / "stand_ins" / "service.py", folder / "app" / "__main__.py")
    system = System(folder, {**NO_ENGINE, "API_PORT": str(free_port())})
    try:
        yield system
    finally:
        for process in system.processes():
            process.kill()
            process.wait(10)
