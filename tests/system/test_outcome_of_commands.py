# SPDX-License-Identifier: Apache-2.0
"""Commands of Debian packages end the same way, and leave the same behind, with and without the shim.

Each command of the tables in commands.py and commands_unusual.py is run untraced, traced exactly, and traced with
samples; outcome.py says what is compared. As many commands as there are processors are at it side by side.
"""
import concurrent.futures
import os
import sys

import commands
import commands_unusual
import harness
import outcome

GROUPS = (commands.COREUTILS, commands.FINDERS, commands.PACKERS, commands.COMPILERS, commands_unusual.PYTHON,
          commands_unusual.LANGUAGES, commands_unusual.SERVERS, commands_unusual.SHELLS, commands_unusual.FAILURES,
          commands_unusual.LIMITS, commands_unusual.SURROUNDINGS)
ROWS = {name: row for group in GROUPS for name, row in group.items()}


def _differences(name):
    row = ROWS[name]
    with outcome.Place() as place:
        return place.compare(row.command, prepare=commands.prepare, status=row.status, **row.options)


def _define(name, row, pool):
    missing = commands.missing(row)
    found = None if missing else pool.submit(_differences, name)

    def test():
        if missing:
            raise harness.Skip(f"{missing} is not installed")
        differences = found.result()
        assert not differences, "\n".join(differences)
        return row.because
    test.__module__ = __name__
    globals()[name] = test


assert len(ROWS) == sum(map(len, GROUPS)), "two commands with one name"
with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as _pool:
    for _name, _row in ROWS.items():
        if len(sys.argv) < 2 or _name in sys.argv:
            _define(_name, _row, _pool)
    harness.main(globals())
