# SPDX-License-Identifier: Apache-2.0
"""docs/examples/manufacturing, and what its plan calls success."""

import re

import pytest

import checks
from example import Example, working
from harness import DEADLINE

PREFIX = "spacetraders_daemon_manufacturing_"
LEVEL = re.compile(r'supply_level="(SCARCE|LIMITED|MODERATE|HIGH|ABUNDANT)"')


class TestFiles(checks.Files):
    system = "manufacturing"


class TestFlags(checks.Flags):
    system = "manufacturing"


class TestKilled(checks.Killed):
    system = "manufacturing"


class TestRun(checks.Run):
    system = "manufacturing"

    def test_each_factory_has_one_level(self, hour):
        """That of the latest poll: the series of the level before has ended."""
        levels = {}
        for labels, value in hour.page.named(PREFIX + "factory_supply_level"):
            key = labels["player_id"], labels["factory_symbol"]
            levels.setdefault(key, []).append((labels["supply_level"], value))
        assert len(levels) == 16
        assert {key: found for key, found in levels.items()
                if [value for _, value in found] != [1]} == {}

    def test_ship_utilization_is_the_share_of_ships_with_a_task(self, hour):
        """Success criterion 5, to a quarter of a percent."""
        for player_id in "1", "2":
            assigned, idle, percent = [
                hour.page.value(PREFIX + name, player_id=player_id)
                for name in ("ships_assigned_total", "ships_idle_total",
                             "ship_utilization_percent")]
            assert assigned + idle > 0
            assert abs(percent - assigned / (assigned + idle) * 100) <= 0.125


@pytest.mark.long
@pytest.mark.parametrize("seed", [2, 3])
def test_the_bot_lives_through_half_a_day(tmp_path, seed):
    """Whatever happens in it, factories have a level that there is."""
    command = Example("manufacturing").bot_command()
    with working(tmp_path, command, ("127.0.0.1", 9), seed=seed, metrics="off",
                 duration=43200, speed=10_000_000) as bot:
        bot.wait(DEADLINE)
    levels = [text for text in bot.totals()["series"]
              if text.startswith(PREFIX + "factory_supply_level{")]
    assert len(levels) == 16
    assert [text for text in levels if not LEVEL.search(text)] == []
