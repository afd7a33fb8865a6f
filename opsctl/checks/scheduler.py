"""The scheduler runs its jobs."""

from opsctl import console
from opsctl.checks.context import Context
from opsctl.checks.finding import Finding, error, ok, warning
from opsctl.databases.asking import moment


def look(context: Context) -> list[Finding]:
    service = context.service("scheduler")
    if service is None or not service.is_up:
        return [error("is not running", "opsctl up")]
    row = next((row for row in context.answers["heartbeats"] or () if row["part"] == "scheduler"), None)
    beat_at = moment(row["beat_at"]) if row else None
    if row is None or beat_at is None:
        return [error("no job has run yet", "opsctl logs tail scheduler")]
    age_s = max(0, (context.now - beat_at).total_seconds())
    if age_s > context.settings.doctor.job_max_age_s:
        return [error(f"the last job ran {console.duration(age_s)} ago", "opsctl logs tail scheduler")]
    if row["status"] == "failed":
        return [error(row["detail"] or "the last job failed", "opsctl logs tail scheduler --level warning")]
    return [ok(f"the last job ran {console.duration(age_s)} ago"), *_failed_jobs(context)]


def _failed_jobs(context: Context) -> list[Finding]:
    jobs = context.readiness.jobs if context.readiness else {}
    return [
        warning(f"the last run of {name} failed", f"opsctl logs tail scheduler --grep {name}")
        for name, job in jobs.items()
        if job.outcome == "failed"
    ]
