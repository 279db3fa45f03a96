# SPDX-License-Identifier: Apache-2.0
"""Two libraries that stood at one address in turn keep their own names."""
import harness
from harness import Run, target


def libraries_at_one_address_stay_apart():
    command = [target("dlopen_same_address"), target("libplugin_a.so"), target("libplugin_b.so")]
    with Run(command) as run:
        run.finish().check_truth()
        assert run.number("same_address") > 0, "the libraries never stood at one address"


harness.main(globals())
