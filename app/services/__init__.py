"""What the product does: no HTTP, no Telegram."""
