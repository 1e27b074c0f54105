#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# An instrumented bot: it takes jobs from a queue (here: lines of standard input,
# "PLAYER ROUTE"), runs each, and sends metrics.
#
#     printf '1 coal\n2 iron\n1 nowhere\n' | ./example_bot.sh

set -eu

# shellcheck source-path=SCRIPTDIR source=udometer.sh
. "$(dirname "$0")/udometer.sh"

run_route() {
    case $1 in
        nowhere) return 1 ;;
        *) sleep 0.01 ;;
    esac
}

work() {
    player=$1 route=$2
    result=completed
    udom_time bot.route_duration "route=$route" -- run_route "$route" || result=failed
    udom_count bot.routes_total "player_id=$player" "status=$result"
    udom_set bot.players "$player"
}

trap 'udom_gauge bot.up 0' EXIT

depth=0
udom_gauge bot.up 1
udom_gauge bot.queue_depth "$depth"
while read -r player route; do
    udom_gauge bot.queue_depth "$((depth += 1))"
    work "$player" "$route"
    udom_observe bot.route_name_bytes "${#route}"
    udom_gauge bot.queue_depth "$((depth -= 1))"
done
