"""Other programs that do the axis' work, each in its own virtual environment and process; none is ever imported here."""
