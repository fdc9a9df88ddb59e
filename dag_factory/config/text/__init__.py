"""The values that people write as text, such as durations and cron expressions; pure."""
