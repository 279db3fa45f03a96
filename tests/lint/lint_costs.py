#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""README's tables of costs are those of the measurement that it names."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

sys.exit(subprocess.run([sys.executable, ROOT / "bench" / "readme-costs", "--check"],
                        check=False).returncode)
