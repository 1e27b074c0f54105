#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A simulator of palingenesis: a session does its steps and stops, the daemon detects that, waits
# until the rate limit is over, and resumes the session. Each event sends its metrics with the shell
# client, in the functions named record_…, which are those of the document's trait Instrumented.
#
#     ./bot.sh --metrics=on [--seed=N] [--duration=SECONDS] [--speed=FACTOR] [--totals=FILE]
#
# bash and not sh, because bash sends a datagram without starting a process.

set -eu

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# Installed, or in this repository.
client=$here/../../../clients/shell/udometer.sh
[ -e "$client" ] || client=udometer.sh
# shellcheck source=../../../clients/shell/udometer.sh
. "$client"

export UDOMETER_PREFIX=palingenesis.

# --- options ----------------------------------------------------------------------------------

seed=1 duration='' has_duration=no speed=1 metrics=off totals_file=''

for word; do
    case $word in
        --seed=*) seed=${word#*=} ;;
        --duration=*) duration=${word#*=} has_duration=yes ;;
        --speed=*) speed=${word#*=} ;;
        --metrics=on) metrics=on ;;
        --metrics=off) metrics=off ;;
        --totals=*) totals_file=${word#*=} ;;
        *)
            printf '%s: unknown; the flags are --seed=N --duration=SECONDS --speed=FACTOR %s\n' \
                "$word" '--metrics=on|off --totals=FILE' >&2
            exit 2
            ;;
    esac
done
[ "$metrics" = on ] || export UDOMETER_URL=off

# $1: flag; $2: value; $3: the least that it may be
check_number() {
    case $2 in
        0 | [1-9] | [1-9]*[0-9])
            case $2 in *[!0-9]* | ??????????*) ;; *) [ "$2" -lt "$3" ] || return 0 ;; esac
            ;;
    esac
    printf 'bot.sh: --%s=%s: expected a whole number from %d\n' "$1" "$2" "$3" >&2
    exit 2
}

check_number seed "$seed" 0
check_number speed "$speed" 1
[ "$has_duration" = no ] || check_number duration "$duration" 1

# --- chance and time --------------------------------------------------------------------------

# Sets $picked: a whole number from $1 to $2, by the generator of Park and Miller.
pick() {
    state=$((state * 48271 % 2147483647))
    picked=$(($1 + state % ($2 - $1 + 1)))
}

# The simulated time is counted in ticks of 1/64 s, so that durations are exact in binary, and sums
# of them are the same in any order.
ticks_per_s=64
now=0
ending=''
began_us=${EPOCHREALTIME/[.,]/}
# Waiting for input that never comes needs no process, as sleep would.
exec {never}<> <(:)

# Sets $seconds: $1 ticks, as a decimal number.
to_seconds() {
    printf -v seconds '%d.%06d' $(($1 / ticks_per_s)) $(($1 % ticks_per_s * 15625))
}

# Waits until the simulated time is $now, and sets $ending if that is the end.
wait_for_now() {
    local left_us
    if [ -n "$duration" ] && [ "$now" -ge $((duration * ticks_per_s)) ]; then
        now=$((duration * ticks_per_s))
    fi
    while [ -z "$ending" ]; do
        left_us=$((began_us + now * 15625 / speed - ${EPOCHREALTIME/[.,]/}))
        [ "$left_us" -gt 0 ] || break
        [ "$left_us" -lt 100000 ] || left_us=100000
        printf -v left_us '0.%06d' "$left_us"
        read -rt "$left_us" -u "$never" _ || :
    done
    [ -z "$duration" ] || [ "$now" -lt $((duration * ticks_per_s)) ] || ending=yes
}

# Lets $1 ticks pass; more if the daemon is dead then. Meanwhile gauges are repeated, so that those
# of a daemon that has died expire, and no others.
pass() {
    local until=$((now + $1))
    while [ -z "$ending" ] && { [ "$now" -lt "$until" ] || is_dead; }; do
        now=$((repeat_at < until || now >= until ? repeat_at : until))
        wait_for_now
        [ "$now" -lt "$repeat_at" ] || repeat_gauges
    done
}

# --- metrics, and what they must show at the end -------------------------------------------------

declare -A total gauges
# udometer.yml lets a gauge expire that has not been sent for four times as long.
repeat_ticks=$((30 * ticks_per_s))
repeat_at=$repeat_ticks
declare -A buckets_ms=(
    [resume_duration_seconds]='100 500 1000 2000 5000 10000 30000 60000'
    [detection_latency_seconds]='10 50 100 500 1000 2000 5000'
    [wait_duration_seconds]='1000 5000 10000 30000 60000 120000 300000 600000'
)
samples_sent=0

# Adds $2 to total[$1].
add() {
    total[$1]=$((${total[$1]-0} + $2))
}

# $1: name; $2: perhaps a label, key=value
count() {
    udom_count "$@"
    samples_sent=$((samples_sent + 1))
    if [ $# = 1 ]; then
        add "$1" 1
    else
        add "$1{${2%%=*}=\"${2#*=}\"}" 1
    fi
}

# $1: name; $2: value
gauge() {
    udom_gauge "$1" "$2"
    samples_sent=$((samples_sent + 1))
    total[$1]=$2
    gauges[$1]=$2
}

repeat_gauges() {
    local name
    repeat_at=$((now + repeat_ticks))
    ! is_dead || return 0
    for name in "${!gauges[@]}"; do
        gauge "$name" "${gauges[$name]}"
    done
}

# $1: name; $2: ticks
observe() {
    local bound
    to_seconds "$2"
    udom_observe "$1" "$seconds"
    samples_sent=$((samples_sent + 1))
    for bound in ${buckets_ms[$1]}; do
        [ $(($2 * 1000)) -gt $((bound * ticks_per_s)) ] || add "$1 $bound" 1
    done
    add "$1 sum" "$2"
    add "$1 count" 1
}

# --- the document's trait Instrumented -----------------------------------------------------------

monitoring=1 paused=2 waiting=3 resuming=4

# $1: the number of its steps
record_session_started() {
    count sessions_started_total
    gauge active_sessions 1
    gauge current_session_steps_total "$1"
    gauge current_session_steps_completed 0
}

# $1: reason
record_resume_started() {
    gauge daemon_state "$resuming"
    count resumes_total "reason=$1"
}

# $1: ticks; $2: type of error, or nothing if it succeeded
record_resume_completed() {
    observe resume_duration_seconds "$1"
    if [ -z "$2" ]; then
        count resumes_success_total
    else
        count resumes_failure_total "error_type=$2"
    fi
}

# $1: ticks; $2: why the session stopped
record_detection() {
    observe detection_latency_seconds "$1"
    case $2 in
        rate_limit) count rate_limits_total ;;
        context_exhausted) count context_exhaustions_total ;;
    esac
}

# $1: ticks
record_wait() {
    observe wait_duration_seconds "$1"
}

# --- what happens --------------------------------------------------------------------------------

# Whether it is between the minutes $1 and $2 of an hour. The four incidents of each hour:
is_between() {
    local minute=$((now / ticks_per_s / 60 % 60))
    [ "$minute" -ge "$1" ] && [ "$minute" -lt "$2" ]
}

# The service answers slowly or not at all, and limits rates for longer.
is_outage() { is_between 15 25; }
# Somebody has killed the daemon.
is_dead() { is_between 26 36; }
# The file system reports late that a session has stopped.
is_slow() { is_between 37 45; }
# The operator has gone to lunch. The last pause of it lasts until three minutes later.
is_lunch() { is_between 50 55; }

# Sets $reason.
pick_reason() {
    pick 1 20
    case $picked in
        1 | 2) reason=manual ;;
        3 | 4 | 5) reason=context_exhausted ;;
        *) reason=rate_limit ;;
    esac
}

# Resumes a session that stopped because of $1, until that succeeds.
resume() {
    local error attempts=0
    while [ -z "$ending" ]; do
        record_resume_started "$1"
        pick 1 100
        error=''
        if is_outage && [ "$picked" -le 80 ]; then
            error=timeout
        elif [ "$picked" -le 4 ]; then
            error=spawn_failed
        fi
        pick 3 160
        [ "$error" != timeout ] || pick 640 1920
        pass "$picked"
        record_resume_completed "$picked" "$error"
        [ -n "$error" ] || break
        attempts=$((attempts + 1))
        gauge retry_attempts "$attempts"
        gauge daemon_state "$waiting"
        pass $((ticks_per_s * 2 * attempts))
    done
    gauge retry_attempts 0
    gauge daemon_state "$monitoring"
}

# The session has stopped because of $1.
stop() {
    pick 2 24
    ! is_slow || pick 48 280
    pass "$picked"
    record_detection "$picked" "$1"
    case $1 in
        rate_limit)
            gauge daemon_state "$waiting"
            pick 320 2560
            ! is_outage || pick 3840 9600
            pass "$picked"
            record_wait "$picked"
            ;;
        manual)
            gauge daemon_state "$paused"
            pick 640 1920
            ! is_lunch || picked=15360
            pass "$picked"
            ;;
    esac
    [ -n "$ending" ] || resume "$1"
}

run_session() {
    local steps done=0
    pick 8 24
    steps=$picked
    record_session_started "$steps"
    while [ "$done" -lt "$steps" ] && [ -z "$ending" ]; do
        pick 40 200
        pass "$picked"
        done=$((done + 1))
        gauge current_session_steps_completed "$done"
        pick_reason
        pick 1 9
        if is_lunch; then
            stop manual
        elif [ "$picked" = 1 ]; then
            stop "$reason"
        fi
    done
    gauge active_sessions 0
}

# --- totals --------------------------------------------------------------------------------------

# Prints the lines of a histogram.
print_histogram() {
    local bound le
    for bound in ${buckets_ms[$1]}; do
        printf -v le '%d.%03d' $((bound / 1000)) $((bound % 1000))
        while [ "${le%0}" != "$le" ]; do le=${le%0}; done
        print_series "$1_bucket{le=\"${le%.}\"}" "${total[$1 $bound]-0}"
    done
    print_series "$1_bucket{le=\"+Inf\"}" "${total[$1 count]-0}"
    print_series "$1_count" "${total[$1 count]-0}"
    to_seconds "${total[$1 sum]-0}"
    print_series "$1_sum" "$seconds"
}

print_series() {
    printf '%s    "palingenesis_%s": %s' "$separator" "${1//\"/\\\"}" "$2"
    separator=$',\n'
}

print_totals() {
    local key separator=''
    printf '{\n  "series": {\n'
    for key in "${!total[@]}"; do
        case $key in
            *' '*) ;;
            *) print_series "$key" "${total[$key]}" ;;
        esac
    done
    for key in "${!buckets_ms[@]}"; do
        print_histogram "$key"
    done
    printf '\n  },\n  "absent": [],\n'
    printf '  "info": {"samples_sent": %d, "loop_seconds": %d}\n}\n' \
        "$samples_sent" $((now / ticks_per_s))
}

state=$((seed % 2147483646 + 1))
trap 'ending=yes' INT TERM
gauge daemon_state "$monitoring"
gauge retry_attempts 0
while [ -z "$ending" ]; do
    run_session
    pick 64 640
    pass "$picked"
done
[ -z "$totals_file" ] || print_totals >"$totals_file"
