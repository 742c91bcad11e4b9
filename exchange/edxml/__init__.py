"""The wire format: QCVN 102:2016/BTTTT packages as the national axis' own examples write them (a tolerant reader, an exact writer)."""
