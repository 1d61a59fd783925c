# SPDX-License-Identifier: MIT
# `source tools/gdb/start.py` in gdb: the commands of docs/debugging.md. The target is QEMU's stub,
# the program kernel.elf with debug information.
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import mica.commands  # noqa: E402,F401  registers the commands
