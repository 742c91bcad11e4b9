"""Where the axis remembers: tables, unit of work, blobs and migrations. The database is the truth; nothing else is kept."""
