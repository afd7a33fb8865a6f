"""opsctl up"""

import os
from dataclasses import dataclass, replace

from opsctl import backups, console, environment, history, migrating, overview, runtimes, schema, screen
from opsctl.errors import Refused
from opsctl.options import AsJson, DryRun, Environment, Runtime
from opsctl.overview import Overview
from opsctl.runtimes import waiting
from opsctl.settings import Settings, load_settings

NEXT_STEPS = 3
ALWAYS_WORTH_TYPING = ("opsctl logs tail --follow", "opsctl doctor", "opsctl status")


@dataclass(frozen=True)
class UpPlan:
    environment: str
    runtime: str
    write: str | None  # the environment file that is not there yet
    remember: bool  # the folder does not know yet that it runs as this environment
    start: tuple[str, ...]
    recreate: tuple[str, ...]  # running with what is no longer true


def up(env: Environment = None, runtime: Runtime = None, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Bring the system up, migrated and healthy, and show its status.

    The first time, `--env NAME` writes .env.NAME with fresh secrets; the folder remembers it. Twice in a row is
    harmless. Services whose environment changed are re-created. Schema migrations run after a backup.

    Exit codes: 0 everything is healthy, 1 a part did not become healthy, 4 it is up as another environment,
    5 a port, a program or a setting is missing, 6 busy.

    Example: opsctl up --env development
    """
    settings = load_settings(env=env, runtime=runtime, coming_up=True)
    if dry_run:
        plan = plan_up(settings, said=env)
        console.result(plan, as_json=as_json, show=lambda: told(plan))
        return
    with history.recorded_change(settings, "up") as facts:
        plan = plan_up(settings, said=env)
        facts["runtime"] = plan.runtime
        found = carry_out(plan, settings)
    console.result(found, as_json=as_json, show=lambda: [*screen.of(found), *screen.steps(next_steps(found))])


def plan_up(settings: Settings, *, said: str | None) -> UpPlan:
    """Raises Refused when the system is up as something else, NotReady when the environment file is lost."""
    where = runtimes.chosen(settings)
    refuse_second_system(settings, where)
    is_new = not settings.env_file.exists()
    if is_new and not (said or os.environ.get("APP_ENV")):
        raise environment.gone(settings.project, settings.environment)
    services = where.services(settings)
    return UpPlan(
        environment=settings.environment,
        runtime=where.NAME,
        write=settings.env_file.name if is_new else None,
        remember=environment.remembered(settings.project) != settings.environment,
        start=tuple(one.name for one in services if not one.is_up),
        recreate=tuple(one.name for one in services if one.is_up and one.stale),
    )


def refuse_second_system(settings: Settings, where: runtimes.Runtime) -> None:
    """One folder, one system: another environment or runtime comes up only after `down`."""
    before = environment.remembered(settings.project) or settings.environment
    runtime_before = runtimes.remembered(settings) or where.NAME
    if (before, runtime_before) == (settings.environment, where.NAME):
        return
    earlier = runtimes.named(runtime_before).services(replace(settings, environment=before))
    if any(one.is_up for one in earlier):
        raise Refused(
            f"the system is up as {before} on {runtime_before}; {settings.environment} on {where.NAME} was said",
            cause="environment.other",
            hint=f"opsctl down --runtime {runtime_before}",
        )


def carry_out(plan: UpPlan, settings: Settings) -> Overview:
    where = runtimes.named(plan.runtime)
    if plan.write:
        environment.write_fresh(settings.project, plan.environment)
        console.progress(f"wrote {plan.write} with fresh secrets (mode 0600)")
        settings = load_settings(env=plan.environment, runtime=plan.runtime, coming_up=True)
    where.prepare(settings)
    before = environment.remembered(settings.project)
    if before not in (None, plan.environment):
        console.warning(f"this folder ran as {before} until now; {plan.environment} gets the same data")
    environment.remember(settings.project, plan.environment)
    runtimes.remember(settings, where)
    migrate(where, settings)
    where.start(settings)
    waiting.until_healthy(where, settings)
    return overview.read(where, settings)


def migrate(where: runtimes.Runtime, settings: Settings) -> None:
    """Only when migrations wait, and never without a backup of what is there."""
    place = where.database(settings)
    found = schema.read(settings.project, place)
    if found.problem:
        raise found.problem
    if found.current is None and backups.newest(settings):
        console.warning("the database is empty, but there are backups: opsctl db restore latest")
    if not found.pending:
        return
    if found.current is not None:
        console.progress("backing the database up before it is migrated")
        made = backups.make(settings, place, label="before up")
        console.progress(f"backup {made.id}")
    migrating.upgrade_to_head(settings, where, place, found.pending)


def next_steps(found: Overview) -> list[str]:
    """What this system wants first, then what is always worth typing."""
    wanted = [one.command for one in (*found.problems, *found.notices) if "opsctl" in one.command]
    return list(dict.fromkeys([*wanted, *ALWAYS_WORTH_TYPING]))[:NEXT_STEPS]


def told(plan: UpPlan) -> list[str]:
    lines = [f"{plan.environment} on {plan.runtime}:"]
    if plan.write:
        lines.append(f"  write {plan.write} with fresh secrets")
    if plan.remember:
        lines.append(f"  remember {plan.environment} as this folder's environment")
    lines.append("  migrate the database to the code's revision where it is behind, after a backup")
    if plan.recreate:
        lines.append(f"  re-create {', '.join(plan.recreate)}: what they were started with has changed")
    if plan.start:
        lines.append(f"  start {', '.join(plan.start)}")
    return [*lines, "  wait until everything is healthy"]
