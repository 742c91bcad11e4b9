"""``truc witness``: one witness of an axis' ledger, wherever its keeper sits."""
