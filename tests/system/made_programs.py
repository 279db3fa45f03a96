# SPDX-License-Identifier: Apache-2.0
"""Small programs that a test builds for itself."""
import os
import shutil
import subprocess
import tempfile

import harness
from harness import Skip

PROGRAM = '#include <stdio.h>\nint main(void) { puts("started"); return 0; }\n'
OTHER_USER = 65534


class Folder:
    """A folder with the programs of one test, readable by everybody."""

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="memtrace-test-")
        os.chmod(self.path, 0o755)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def name(self, name):
        return os.path.join(self.path, name)

    def write(self, name, data, mode=0o755):
        with open(self.name(name), "wb") as out:
            out.write(data)
        os.chmod(self.name(name), mode)
        return self.name(name)

    def build(self, name, *options, source=PROGRAM, compiler="gcc"):
        text = self.write(name + (".cc" if compiler == "g++" else ".c"), source.encode())
        done = subprocess.run([harness.need(compiler), "-o", self.name(name), text, *options],
                              stderr=subprocess.PIPE, check=False)
        if done.returncode != 0:
            raise Skip(f"gcc {' '.join(options)}: {done.stderr.decode()[:200]}")
        return self.name(name)

    def copy(self, name, path):
        shutil.copy(path, self.name(name))
        return self.name(name)
