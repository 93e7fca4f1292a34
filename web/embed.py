#!/usr/bin/env python3
"""Writes a C source that holds a page's bytes: embed.py INPUT OUTPUT. See src/server/page.h."""
import sys

with open(sys.argv[1], "rb") as page:
    data = page.read()
rows = [", ".join(str(byte) for byte in data[i : i + 20]) for i in range(0, len(data), 20)]
with open(sys.argv[2], "w", encoding="ascii") as out:
    out.write("/* Made from index.html by embed.py; change those. */\n")
    out.write('#include "server/page.h"\n\n')
    out.write("const unsigned char page_index[] = {\n    " + ",\n    ".join(rows) + "};\n\n")
    out.write("const size_t page_index_size = sizeof page_index;\n")
