"""What the server keeps on disk: the database, the data folder and the first documents in it."""
