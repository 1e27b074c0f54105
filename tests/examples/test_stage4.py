# SPDX-License-Identifier: Apache-2.0
"""Stage 4, an AI trading bot: what the queries of its plan answer is what the bot has done.

An hour of the bot passes in half a minute. A query's window of an hour or a day, which is not made
shorter here, has that hour in it and nothing else. So the increase of a counter is exact, but for
what Prometheus adds: it extrapolates from the last scrape to the end of the window, and a second is
a few per cent of half a minute.
"""

import math

import pytest

import checks
import promql

EXTRAPOLATED = 1.06
# The risk score is scraped every two minutes of the bot's time. With other seeds, and wherever the
# scrapes lie, their mean is at most 0.02 away from the mean of all seconds.
RISK_TOLERANCE = 0.04

LABEL_BY_LABEL = ('rate(ai_decision_total{approved="true"}[24h])'
                  ' / rate(ai_decision_total[24h]) * 100')
APPROVAL_RATE = ('sum(rate(ai_decision_total{approved="true"}[24h]))'
                 ' / sum(rate(ai_decision_total[24h])) * 100')
APPROVAL_RATES = ('sum by (regime) (rate(ai_decision_total{approved="true"}[24h]))'
                  ' / sum by (regime) (rate(ai_decision_total[24h])) * 100')


class TestFiles(checks.Files):
    system = "stage4"


class TestFlags(checks.Flags):
    system = "stage4"


class TestKilled(checks.Killed):
    system = "stage4"


class TestRun(checks.Run):
    system = "stage4"

    @pytest.fixture
    def ask(self, example, hour):
        """Ask a query of queries.promql, after a scrape that has shown all of the hour."""
        queries = promql.of_list(example.read("queries.promql"))

        def ask(text, at=hour.ended):
            assert text in queries
            return hour.prometheus.query(text, at=at)

        return ask

    @pytest.fixture
    def bot_ended(self, hour):
        """When the bot has sent its last gauge, which stays on the page for a while."""
        return hour.began + self.duration / self.speed

    @pytest.fixture
    def decisions(self, hour):
        """How often the bot has decided, by regime, and by whether that was approved."""
        found = {}
        for name, value in hour.totals["series"].items():
            if name.startswith("ai_decision_total"):
                _, approved, _, regime, _ = name.split('"')
                found.setdefault(regime, {"true": 0, "false": 0})[approved] += value
        return found

    def test_the_approval_rate_is_that_of_all_decisions(self, ask, decisions):
        approved = sum(counts["true"] for counts in decisions.values())
        n = sum(sum(counts.values()) for counts in decisions.values())
        result, = ask(APPROVAL_RATE)
        assert 10 < approved / n * 100 < 90
        assert number(result) == pytest.approx(approved / n * 100, rel=1e-6)

    def test_so_it_is_in_each_regime(self, ask, decisions):
        rates = {result["metric"]["regime"]: number(result) for result in ask(APPROVAL_RATES)}
        expected = {regime: counts["true"] / sum(counts.values()) * 100
                    for regime, counts in decisions.items()}
        assert len(expected) > 1
        assert {r: rate for r, rate in rates.items() if not math.isnan(rate)} == \
            pytest.approx(expected, rel=1e-6)

    def test_the_plan_divides_each_series_by_itself(self, ask, decisions):
        """So its query says 100 for whatever was approved at all."""
        rates = [number(result) for result in ask(LABEL_BY_LABEL)]
        assert len(rates) == 4
        assert {rate for rate in rates if not math.isnan(rate)} == {100}
        assert any(counts["false"] for counts in decisions.values())

    def test_the_risk_score_is_its_mean(self, ask, hour, bot_ended):
        result, = ask("avg_over_time(policy_risk_score[1h])", at=bot_ended)
        expected = hour.totals["info"]["risk_mean"]
        assert number(result) == pytest.approx(expected, abs=RISK_TOLERANCE)

    def test_trades_per_hour_are_those_of_the_hour(self, ask, hour):
        trades = {name: n for name, n in hour.totals["series"].items()
                  if name.startswith("trades_total")}
        result, = ask("sum(rate(trades_total[1h])) * 3600")
        n = sum(trades.values())
        assert n - 1e-6 <= number(result) <= n * EXTRAPOLATED
        by_series = {checks.text_of("trades_total", {k: v for k, v in result["metric"].items()
                                                     if k in ("side", "strategy", "symbol")}):
                     number(result) for result in ask("rate(trades_total[1h]) * 3600")}
        assert by_series.keys() >= trades.keys()
        assert all(n - 1e-6 <= by_series[name] <= n * EXTRAPOLATED
                   for name, n in trades.items()), by_series

    def test_violations_are_those_of_the_hour(self, ask, hour):
        per_hour = {result["metric"]["policy"]: number(result) * 3600
                    for result in ask("rate(policy_violations_total[1h])")}
        for policy, n in per_hour.items():
            sent = hour.totals["series"].get('policy_violations_total{policy="%s"}' % policy, 0)
            assert sent - 1e-6 <= n <= sent * EXTRAPOLATED, policy
        assert sum(per_hour.values()) > 100

    def test_the_portfolio_is_worth_what_the_bot_says(self, hour):
        """At the end, to the cent: a loss has been set, not subtracted."""
        series = hour.totals["series"]
        for name in "portfolio_value_usdt", "pnl_realized_usdt":
            scraped = hour.prometheus.number("last_over_time(%s[1m])" % name, at=hour.ended)
            assert scraped == series[name], name
        assert hour.prometheus.number("min_over_time(pnl_realized_usdt[1h])", at=hour.ended) < 0

    def test_the_circuit_breaker_was_active_for_a_quarter_of_the_hour(self, hour, bot_ended):
        mean = hour.prometheus.number("avg_over_time(circuit_breaker_active[1h])", at=bot_ended)
        assert mean == pytest.approx(0.25, abs=0.06)


def number(result):
    return float(result["value"][1])
