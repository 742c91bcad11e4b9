"""``python -m benchmarks.peers``: the peers' rows of ``python -m benchmarks``, and its options."""

from __future__ import annotations

import sys

from benchmarks.__main__ import main

if __name__ == "__main__":
    sys.argv[1:1] = ["--only", "peers"]
    sys.exit(main())
