# SPDX-License-Identifier: Apache-2.0
"""docs/examples/README.md shows each example, and README.md leads to it."""

import re

import pytest

from example import EXAMPLES, ROOT, all_systems

README = (EXAMPLES / "README.md").read_text("utf-8")
FIRST_SCREEN_LINES = 25
LINK = re.compile(r"\[[^]]*\]\(([^)#\s]+)")


@pytest.mark.parametrize("system", all_systems())
def test_the_gallery_shows_each_example(system):
    row = next(line for line in README.splitlines() if line.startswith("| [") and
               "(%s/README.md)" % system in line)
    assert "`make example-%s`" % system in row
    assert re.search(r"!\[[^]]+\]\(%s/pictures/[\w-]+\.png\)" % system, README)


def test_all_its_links_lead_somewhere():
    links = LINK.findall(README)
    assert links
    assert [link for link in links if "://" not in link
            and not (EXAMPLES / link).exists()] == []


def test_the_number_of_systems_is_right():
    words = {5: "Five", 6: "Six", 7: "Seven"}
    assert "\n%s systems " % words[len(all_systems())] in README


def test_the_first_screen_of_the_readme_leads_to_it():
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()[:FIRST_SCREEN_LINES]
    assert any("(docs/examples/README.md)" in line for line in lines)
    assert any("`make example-%s`" % system in line for line in lines for system in all_systems())
