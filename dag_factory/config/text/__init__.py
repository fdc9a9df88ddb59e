"""Values that are written as text, such as durations and cron expressions; pure functions."""
