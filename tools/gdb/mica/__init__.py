# SPDX-License-Identifier: MIT
# What gdb is told about Mica's kernel:
#   kernel.py    its objects, as their types in the debug information say
#   pages.py     page tables, the mapping database, memory of spaces that are not loaded
#   names.py     what tasks and programs are called
#   snapshot.py  a space with its threads as a core file, which gdb can look at like any other
#   partners.py  who waits for whom
#   commands.py  the commands
