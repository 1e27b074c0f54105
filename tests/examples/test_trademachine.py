# SPDX-License-Identifier: Apache-2.0
"""TradeMachine, a Node.js application: the integration test of its plan, and the page of its own
that udometer's metrics have."""

import checks


class TestFiles(checks.Files):
    system = "trademachine"


class TestFlags(checks.Flags):
    system = "trademachine"


class TestKilled(checks.Killed):
    system = "trademachine"


class TestRun(checks.Run):
    system = "trademachine"

    def test_the_plan_s_integration_test(self, hour):
        """As the plan has it: status, type and names of the page. Gauges were there till the end.
        """
        response = hour.udometer.get("/metrics")
        assert response.status == 200
        assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert b"\nprisma_" in response.body
        assert hour.page.get("trade_machine_active_sessions") > 0

    def test_the_process_is_the_application_s(self, hour):
        """All of process_… on its page has its label, and udometer's is on the other page."""
        process = [labels for (name, labels) in hour.page.samples if name.startswith("process_")]
        assert len(process) == 9
        assert {dict(labels).get("app") for labels in process} == {"trade_machine"}
        assert not any(name.startswith("udometer_") for name, _ in hour.page.samples)
        assert hour.own.value("process_resident_memory_bytes") > 0

    def test_all_that_it_measures_has_its_label(self, hour):
        """The plan's dashboard selects by app, even where its code does not set it."""
        without = {name for name, labels in hour.page.samples
                   if dict(labels).get("app") != "trade_machine"}
        assert {name for name in without if not name.startswith("prisma_")} == \
            {"trade_machine_active_sessions"}
