"""The price-alert service: three doors on one set of services."""
