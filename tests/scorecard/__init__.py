"""The public suites we carry, run by one command and by the tests: how many cases, how many agreed with, every difference with its reason.

    ./truc scorecard        prints the table; exit code 1 where a difference has no written reason

The data lie under ``tests/vectors`` with their sources and licences. A suite is a function that gives a
:class:`tests.scorecard.model.Score`.
"""
