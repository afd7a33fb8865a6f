"""First tables: users, symbols and prices, alerts, watchlist, trades, outbox, jobs, heartbeats."""

import sqlalchemy as sa
from alembic import op

revision = "20261123_0800"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "app_users",
        sa.Column("id", sa.Integer(), sa.Identity(always=False, start=1), nullable=False),
        sa.Column("username", sa.String(length=50), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("password_hash", sa.String(length=255), nullable=True),
        sa.Column("display_name", sa.String(length=100), nullable=True),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("token_version", sa.Integer(), nullable=False),
        sa.Column("telegram_chat_id", sa.BigInteger(), nullable=True),
        sa.Column("chat_unreachable_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wants_messages", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("role IN ('user', 'admin')", name=op.f("ck_app_users_role")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_app_users")),
        sa.UniqueConstraint("email", name=op.f("uq_app_users_email")),
        sa.UniqueConstraint("telegram_chat_id", name=op.f("uq_app_users_telegram_chat_id")),
        sa.UniqueConstraint("username", name=op.f("uq_app_users_username")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "bot_state",
        sa.Column("key", sa.String(length=50), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_bot_state")),
    )
    op.create_table(
        "heartbeats",
        sa.Column("part", sa.String(length=20), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("detail", sa.String(length=500), nullable=False),
        sa.CheckConstraint("status IN ('ok', 'failed', 'disabled', 'starting')", name=op.f("ck_heartbeats_status")),
        sa.PrimaryKeyConstraint("part", name=op.f("pk_heartbeats")),
    )
    op.create_table(
        "job_runs",
        sa.Column("id", sa.Integer(), sa.Identity(always=False, start=1), nullable=False),
        sa.Column("job", sa.String(length=50), nullable=False),
        sa.Column("slot", sa.String(length=50), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("detail", sa.String(length=500), nullable=False),
        sa.CheckConstraint("outcome IN ('running', 'ok', 'failed')", name=op.f("ck_job_runs_outcome")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_runs")),
        sa.UniqueConstraint("job", "slot", name=op.f("uq_job_runs_job_slot")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_job_runs_job_started_at", "job_runs", ["job", "started_at"])

    op.create_table(
        "symbols",
        sa.Column("symbol", sa.String(length=6), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("market", sa.String(length=20), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(symbol) = 6", name=op.f("ck_symbols_symbol")),
        sa.PrimaryKeyConstraint("symbol", name=op.f("pk_symbols")),
    )
    op.create_index("ix_symbols_name", "symbols", ["name"])

    op.create_table(
        "daily_prices",
        sa.Column("id", sa.Integer(), sa.Identity(always=False, start=1), nullable=False),
        sa.Column("symbol", sa.String(length=6), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("open", sa.Integer(), nullable=False),
        sa.Column("high", sa.Integer(), nullable=False),
        sa.Column("low", sa.Integer(), nullable=False),
        sa.Column("close", sa.Integer(), nullable=False),
        sa.Column("volume", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("low >= 0 AND high >= low AND volume >= 0", name=op.f("ck_daily_prices_range")),
        sa.ForeignKeyConstraint(["symbol"], ["symbols.symbol"], name=op.f("fk_daily_prices_symbol")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_daily_prices")),
        sa.UniqueConstraint("symbol", "date", name=op.f("uq_daily_prices_symbol_date")),
    )
    op.create_table(
        "job_requests",
        sa.Column("id", sa.Integer(), sa.Identity(always=False, start=1), nullable=False),
        sa.Column("job", sa.String(length=50), nullable=False),
        sa.Column("requested_by", sa.String(length=100), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["job_runs.id"], name=op.f("fk_job_requests_run_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_requests")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_job_requests_taken_at", "job_requests", ["taken_at"])

    op.create_table(
        "outbox",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False, start=1),
            nullable=False,
        ),
        sa.Column("dedup_key", sa.String(length=200), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("chat_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(length=50), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("ambiguous_attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("worker", sa.String(length=100), nullable=True),
        sa.Column("sending_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("last_error", sa.String(length=500), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('pending', 'leased', 'sent', 'parked', 'dead', 'unknown')", name=op.f("ck_outbox_status")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["app_users.id"], name=op.f("fk_outbox_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("dedup_key", name=op.f("uq_outbox_dedup_key")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_chat_id_status", "outbox", ["chat_id", "status"])
    op.create_index(
        "ix_outbox_leased",
        "outbox",
        ["lease_until"],
        sqlite_where=sa.text("status = 'leased'"),
        postgresql_where=sa.text("status = 'leased'"),
    )
    op.create_index(
        "ix_outbox_pending",
        "outbox",
        ["priority", "id"],
        sqlite_where=sa.text("status = 'pending'"),
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index("ix_outbox_user_id_id", "outbox", ["user_id", "id"])

    op.create_table(
        "price_alerts",
        sa.Column("id", sa.Integer(), sa.Identity(always=False, start=1), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("symbol", sa.String(length=6), nullable=False),
        sa.Column("condition", sa.String(length=3), nullable=False),
        sa.Column("target_price", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("firings", sa.Integer(), nullable=False),
        sa.Column("fired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fired_price", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("condition IN ('gte', 'lte')", name=op.f("ck_price_alerts_condition")),
        sa.CheckConstraint("target_price > 0", name=op.f("ck_price_alerts_target_price")),
        sa.ForeignKeyConstraint(["symbol"], ["symbols.symbol"], name=op.f("fk_price_alerts_symbol")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_users.id"], name=op.f("fk_price_alerts_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_alerts")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_price_alerts_user_id_id", "price_alerts", ["user_id", "id"])
    op.create_index(
        "ix_price_alerts_waiting",
        "price_alerts",
        ["symbol", "condition", "target_price"],
        sqlite_where=sa.text("is_active = 1"),
        postgresql_where=sa.text("is_active"),
    )

    op.create_table(
        "quotes",
        sa.Column("symbol", sa.String(length=6), nullable=False),
        sa.Column("price", sa.Integer(), nullable=False),
        sa.Column("base_price", sa.Integer(), nullable=True),
        sa.Column("traded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fresh_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("halted", sa.Boolean(), nullable=False),
        sa.CheckConstraint("base_price >= 0", name=op.f("ck_quotes_base_price")),
        sa.CheckConstraint("price >= 0", name=op.f("ck_quotes_price")),
        sa.ForeignKeyConstraint(["symbol"], ["symbols.symbol"], name=op.f("fk_quotes_symbol")),
        sa.PrimaryKeyConstraint("symbol", name=op.f("pk_quotes")),
    )
    op.create_table(
        "simulated_trades",
        sa.Column("id", sa.Integer(), sa.Identity(always=False, start=1), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("symbol", sa.String(length=6), nullable=False),
        sa.Column("trade_type", sa.String(length=4), nullable=False),
        sa.Column("price", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("traded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("profit_loss", sa.BigInteger(), nullable=True),
        sa.Column("cost_of_sale", sa.BigInteger(), nullable=True),
        sa.Column("position_quantity", sa.BigInteger(), nullable=False),
        sa.Column("position_cost", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("trade_type IN ('buy', 'sell')", name=op.f("ck_simulated_trades_trade_type")),
        sa.CheckConstraint(
            "position_quantity >= 0 AND position_cost >= 0", name=op.f("ck_simulated_trades_no_short_sale")
        ),
        sa.CheckConstraint("price > 0 AND quantity > 0", name=op.f("ck_simulated_trades_amounts")),
        sa.ForeignKeyConstraint(["symbol"], ["symbols.symbol"], name=op.f("fk_simulated_trades_symbol")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_users.id"], name=op.f("fk_simulated_trades_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_simulated_trades")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_simulated_trades_user_id_symbol_id", "simulated_trades", ["user_id", "symbol", "id"])

    op.create_table(
        "telegram_links",
        sa.Column("user_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_users.id"], name=op.f("fk_telegram_links_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_telegram_links")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_telegram_links_code_hash")),
    )
    op.create_table(
        "watchlist",
        sa.Column("user_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("symbol", sa.String(length=6), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["symbol"], ["symbols.symbol"], name=op.f("fk_watchlist_symbol")),
        sa.ForeignKeyConstraint(["user_id"], ["app_users.id"], name=op.f("fk_watchlist_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "symbol", name=op.f("pk_watchlist")),
    )


def downgrade() -> None:
    op.drop_table("watchlist")
    op.drop_table("telegram_links")
    op.drop_table("simulated_trades")
    op.drop_table("quotes")
    op.drop_table("price_alerts")
    op.drop_table("outbox")
    op.drop_table("job_requests")
    op.drop_table("daily_prices")
    op.drop_table("symbols")
    op.drop_table("job_runs")
    op.drop_table("heartbeats")
    op.drop_table("bot_state")
    op.drop_table("app_users")
