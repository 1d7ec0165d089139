"""What tests of several rooms share: waiting with a deadline, a PostgreSQL server, real processes.

`conftest.py` puts this package on the path; `from osa_testing.waiting import until` works in
every test, and in scripts beside it.
"""
