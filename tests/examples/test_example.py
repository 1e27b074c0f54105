# SPDX-License-Identifier: Apache-2.0
"""Tests of one example run beside each other, and share the bot that they have compiled."""

import concurrent.futures
import os

import example

# A compiler that fails if another one is at work, and takes its time.
GO = """#!/bin/sh
mkdir "$BUSY" || exit 1
i=0
while [ $i -lt 20000 ]; do i=$((i + 1)); done
rmdir "$BUSY"
"""


def test_a_bot_in_go_is_compiled_by_one_process_at_a_time(tmp_path, monkeypatch):
    compiler = tmp_path / "go"
    compiler.write_text(GO, "utf-8")
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", "%s:%s" % (tmp_path, os.environ["PATH"]))
    monkeypatch.setattr(example, "BUILD", tmp_path)
    monkeypatch.setattr(example, "GO_ENVIRONMENT", {"BUSY": str(tmp_path / "busy")})
    with concurrent.futures.ThreadPoolExecutor() as pool:
        commands = list(pool.map(lambda _: example.Example("stage4").bot_command(), range(4)))
    assert commands == [[str(tmp_path / "docs" / "examples" / "stage4-bot")]] * 4
