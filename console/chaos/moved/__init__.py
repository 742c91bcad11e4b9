"""A folder for the path of processes that are struck: what it holds is found before anything else of its name."""
