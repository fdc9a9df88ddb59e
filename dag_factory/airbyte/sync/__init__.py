"""The protocol of one sync: submit a job, wait for it, cancel it."""
