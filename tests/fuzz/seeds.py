#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write the bytes of each protocol vector to a file of its own: seeds.py ROOT FOLDER"""

import json
import pathlib
import re
import sys


def main(root, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted((root / "proto" / "vectors").glob("*.json")):
        for n, case in enumerate(json.loads(path.read_text("utf-8"))["cases"]):
            data = bytes.fromhex(case["hex"]) if "hex" in case else case["text"].encode("utf-8")
            name = re.sub(r"[^a-z0-9]+", "-", case["name"].lower())[:60]
            (folder / f"{path.stem}-{n:03}-{name}").write_bytes(data)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
