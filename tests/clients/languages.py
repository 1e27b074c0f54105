# SPDX-License-Identifier: Apache-2.0
"""Languages: turn a few lines of clients/README.md into a program, and run it.

A snippet's first two lines import and open the client, the others send. A test makes other
programs of the same two lines with other calls after them.
"""

import os
import re
import subprocess

# The folder into which `make test-clients` installs what is not from Debian, and in which Go may
# cache what it compiles.
BUILD = os.environ["CLIENTS_BUILD"]
README = os.path.join(os.path.dirname(__file__), "..", "..", "clients", "README.md")
N_OPENING_LINES = 2
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECONDS = 120

# Debian's libraries only: Go must not ask a module proxy, nor load a newer toolchain.
GO_ENVIRONMENT = {"GOPATH": "/usr/share/gocode", "GO111MODULE": "off", "GOPROXY": "off",
                  "GOTOOLCHAIN": "local", "CGO_ENABLED": "0",
                  "GOCACHE": os.path.join(BUILD, "clients-go")}
NODE_MODULES = os.path.join(BUILD, "clients-node", "node_modules")


def environment():
    """Nearly empty, as clients look for DD_AGENT_HOST, STATSD_PORT and so on."""
    return {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "LANG": "C.UTF-8",
            "NODE_PATH": NODE_MODULES, **GO_ENVIRONMENT}


def read_readme():
    with open(README, encoding="utf-8") as readme:
        return readme.read()


def read_snippets():
    """The fence's language and the lines, by the headings of clients/README.md ("Go: datadog-go").
    """
    found = {}
    for section in re.split(r"^###? ", read_readme(), flags=re.MULTILINE):
        title, _, text = section.partition("\n")
        match = FENCE.search(text)
        if match and match[1] in PROGRAMS:
            found[title] = (match[1], match[2].splitlines())
    return found


def read_promise():
    """The lines that every snippet leaves in the scrape, as clients/README.md says."""
    return [code for fence, code in FENCE.findall(read_readme()) if fence == "text"][0].splitlines()


def indentation(line):
    return line[:len(line) - len(line.lstrip())]


def indented(lines, indent="    "):
    return [indent + line for line in lines]


# --- the least that makes a program of some lines ---


def python_program(lines):
    """Only a coroutine may use await."""
    if not any(line.startswith("async ") for line in lines):
        return lines
    return ["import asyncio", "async def main():", *indented(lines), "asyncio.run(main())"]


def go_program(lines):
    imports = [line for line in lines if line.startswith("import ")]
    others = [line for line in lines if line not in imports]
    return ["package main", *imports, "func main() {", *indented(others), "}"]


def perl_program(lines):
    return ["use strict;", "use warnings FATAL => 'all';", *lines]


def unchanged(lines):
    return lines


PROGRAMS = {  # fence: file name, wrapper, commands
    "js": ("main.js", unchanged, [["node", "main.js"]]),
    "python": ("main.py", python_program, [["/usr/bin/python3", "-W", "error", "main.py"]]),
    "go": ("main.go", go_program, [["go", "build", "-o", "main", "main.go"], ["./main"]]),
    "perl": ("main.pl", perl_program, [["/usr/bin/perl", "main.pl"]]),
    "ruby": ("main.rb", unchanged, [["/usr/bin/ruby", "-w", "main.rb"]]),
}


def execute(fence, lines, directory):
    """Make a program of the lines, and run it to its end; it must end with status 0."""
    name, wrap, commands = PROGRAMS[fence]
    os.makedirs(directory)
    with open(os.path.join(directory, name), "w", encoding="utf-8") as program:
        program.write("\n".join(wrap(lines)) + "\n")
    for command in commands:
        done = subprocess.run(command, cwd=directory, env=environment(), text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=SECONDS)
        assert done.returncode == 0, "%s: status %d\n%s\n%s" % (
            " ".join(command), done.returncode, "\n".join(lines), done.stdout)
