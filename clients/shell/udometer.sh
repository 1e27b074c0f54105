#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# udometer.sh: metrics from shell scripts, in dash, bash, busybox ash and zsh.
#
#     . udometer.sh
#     udom_count bot.routes_total player_id=1 status=completed
#
# Source it for its functions, or run it as a command. README.md in this folder describes both,
# and how names, tags and values that would break a line are changed.
#
# Each function returns 0 (udom_time: its command's status), prints nothing unless
# UDOMETER_DEBUG is set, reads nothing (except udom_send), and does not wait. Whatever
# its arguments are, one call sends one line or none, of one sample; of two if it sets a gauge
# below zero.
#
# All names here begin with udom_ or _udom_. The inner functions set variables of their
# caller, because capturing their output would cost a process. These variables are local,
# so that a trap may call udom_count in the middle of another call.
#
# shellcheck disable=SC3043  # "local" is not POSIX, but all four shells have it

# --- tables --------------------------------------------------------------------------------

_udom_default_url=udp://127.0.0.1:8125

# A datagram fits into one Ethernet packet; a line, with its line feed, into a datagram.
_udom_datagram_max=1432
_udom_line_max=1431

# Classes of characters, for bracket expressions: ']' comes first, '[' last.
_udom_controls=$(printf '\001\002\003\004\005\006\007\010\011\012\013\014\015\016\017\020\021\022\023\024\025\026\027\030\031\032\033\034\035\036\037\177')
_udom_not_in_members="|$_udom_controls"
_udom_not_in_tag_values=",|$_udom_controls"
_udom_not_in_names="] !\"#\$%&'()*+,/:;<=>?@\\\\^\`{|}~${_udom_controls}["

_udom_tab=$(printf '\t')
_udom_blanks=" $_udom_tab"
_udom_lf='
'

# The results of _udom_look.
_udom_looked_at=unknown # the variables they are for
_udom_source=''         # the variable that decides, and its value
_udom_given=''
_udom_url=''
_udom_way=none    # bash, bash-c, udometer, socat, nc-q, ncat, nc-w or none
_udom_waits=no    # yes: sending may take time, so a grandchild does it
_udom_host='' _udom_port='' _udom_path='' _udom_is_numeric=''
_udom_device='' # where bash, and only bash, has UDP

_udom_is_open='' # yes: standard output is the socket

# The results of _udom_read_common.
_udom_common_of=unknown # the variables they are for
_udom_common=''         # the tags of the environment, with a comma before each
_udom_has_long_prefix=''

_udom_timers='' # those that run, see udom_timer_start

# What the replacing functions remember, see there.
_udom_rows='' _udom_family='' _udom_family_name='' _udom_family_tags=''
_udom_now='' _udom_now_rows='' _udom_now_keys='' _udom_now_lines='' _udom_is_mixed=''

[ -z "${ZSH_VERSION-}" ] || zmodload zsh/datetime 2>/dev/null || :

# $1: what is wrong
_udom_debug() {
    [ -z "${UDOMETER_DEBUG-}" ] || printf 'udometer.sh: %s\n' "$1" >&2
}

# --- the way to the server -----------------------------------------------------------------

# Sets _udom_url, _udom_source and _udom_given: the first variable that is set decides. README.md in
# the folder above has the order, and what the values may be.
_udom_choose() {
    _udom_source=UDOMETER_URL _udom_given=${UDOMETER_URL-}
    [ -n "$_udom_given" ] || _udom_source=DD_DOGSTATSD_URL _udom_given=${DD_DOGSTATSD_URL-}
    _udom_url=$_udom_given
    if [ -n "$_udom_url" ]; then
        :
    elif [ -n "${DD_AGENT_HOST-}" ]; then
        _udom_choose_host DD_AGENT_HOST "$DD_AGENT_HOST" DD_DOGSTATSD_PORT "${DD_DOGSTATSD_PORT-}"
    elif [ -n "${STATSD_HOST-}" ]; then
        _udom_choose_host STATSD_HOST "$STATSD_HOST" STATSD_PORT "${STATSD_PORT-}"
    else
        _udom_source='' _udom_url=$_udom_default_url
    fi
}

# $1 and $2: the variable of a host and its value; $3 and $4: those of its port.
_udom_choose_host() {
    _udom_source=$1 _udom_given=$2
    case $2 in
        *://*) _udom_url=$2 && return ;;
        \[*\]:*) _udom_url=udp://$2 && return ;;
        \[*) _udom_url=udp://$2 ;;
        *:*:*) _udom_url="udp://[$2]" ;; # an IPv6 address
        *:*) _udom_url=udp://$2 && return ;;
        *) _udom_url=udp://$2 ;;
    esac
    case $4 in
        '' | *://*) ;; # Kubernetes sets such a URL for a service named "statsd"
        *)
            _udom_url=$_udom_url:$4
            _udom_is_port "$4" || _udom_source=$3 _udom_given=$4
            ;;
    esac
}

_udom_is_port() {
    case $1 in '' | *[!0123456789]* | ??????*) return 1 ;; esac
    [ "$1" -ge 1 ] && [ "$1" -le 65535 ]
}

# Split the URL $1; fails if it is not one. Strict, because its parts become parts of paths and
# arguments of programs.
_udom_read_url() {
    _udom_host='' _udom_port=8125 _udom_path='' _udom_is_numeric=''
    case $1 in
        unix:///* | unix://@?*) _udom_path=${1#unix://} && return 0 ;;
        udp://*) _udom_host=${1#udp://} ;;
        *://*) return 1 ;;
        *:*[0123456789] | *:*[0123456789]/) _udom_host=$1 ;;
        *) return 1 ;;
    esac
    _udom_host=${_udom_host%/}
    case $_udom_host in
        \[*\]) ;;
        *:*) _udom_port=${_udom_host##*:} && _udom_host=${_udom_host%:*} ;;
    esac
    case $_udom_host in
        \[*:*\]) _udom_host=${_udom_host#?} && _udom_host=${_udom_host%?} && _udom_is_numeric=yes ;;
        *:*) return 1 ;;
        localhost) _udom_host=127.0.0.1 && _udom_is_numeric=yes ;;
        # Names, and texts that look like an address but would be looked up: more than four
        # numbers, or numbers above 255.
        *[!0123456789.]* | *.*.*.*.* | *[0-9][0-9][0-9][0-9]*) ;;
        *[3-9][0-9][0-9]* | *2[6-9][0-9]* | *25[6-9]*) ;;
        *.*.*.*) _udom_is_numeric=yes ;;
    esac
    case $_udom_host in
        '' | -* | *[!ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.:%_-]*) return 1 ;;
    esac
    _udom_is_port "$_udom_port" && _udom_device=/dev/udp/$_udom_host/$_udom_port
}

_udom_have() {
    command -v "$1" >/dev/null 2>&1
}

# There are many programs called nc. It must support UDP, and end when its input does.
_udom_find_nc() {
    _udom_have nc || return 0
    case $(command nc -h 2>&1 </dev/null) in
        *--send-only*) _udom_way=ncat ;;
        *-q\ *) _udom_way=nc-q ;;
        *-u[!a-z]*) _udom_way=nc-w && _udom_waits=yes ;; # ends after a second of silence
    esac
}

_udom_find_udp_way() {
    [ -n "$_udom_is_numeric" ] || _udom_waits=yes
    # shellcheck disable=SC3028 # an array, and so never in the environment of another shell
    if [ -n "${BASH_VERSINFO-}" ] && _udom_have cat; then
        _udom_way=bash
    elif _udom_have udometer; then
        _udom_way=udometer
    elif _udom_have bash && _udom_have cat; then
        _udom_way=bash-c
    elif _udom_have socat; then
        _udom_way=socat
    else
        _udom_find_nc
    fi
}

_udom_find_unix_way() {
    if _udom_have udometer; then
        _udom_way=udometer
        return
    fi
    case ${_udom_path#@} in
        # Other characters might have a meaning in socat's arguments.
        *[!ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-]*) ;;
        *) ! _udom_have socat || _udom_way=socat ;;
    esac
}

_udom_complain() {
    case $1 in
        *_PORT) _udom_debug "$1=$2: expected a port, from 1 to 65535" ;;
        *) _udom_debug "$1=$2: expected udp://HOST:PORT, unix:///PATH, unix://@NAME, or off" ;;
    esac
}

# Is the word $1 another one, $2, but for a letter, or for two that are swapped?
_udom_is_near() {
    local _udom_this="$1" _udom_that="$2"
    while [ "${_udom_this%"${_udom_this#?}"}" = "${_udom_that%"${_udom_that#?}"}" ]; do
        _udom_this=${_udom_this#?} _udom_that=${_udom_that#?}
    done
    while [ "${_udom_this#"${_udom_this%?}"}" = "${_udom_that#"${_udom_that%?}"}" ]; do
        _udom_this=${_udom_this%?} _udom_that=${_udom_that%?}
    done
    case $_udom_this:$_udom_that in
        ?:? | ?: | :?) return 0 ;;
        ??:??) [ "${_udom_this#?}${_udom_this%?}" = "$_udom_that" ] ;;
        *) return 1 ;;
    esac
}

# Tell which of the variables that "set" has printed are misspelt. Others may be the daemon's.
_udom_check_variables() {
    local _udom_line='' _udom_known=''
    while IFS= read -r _udom_line; do
        case $_udom_line in
            UDOMETER_URL=* | UDOMETER_PREFIX=* | UDOMETER_TAGS=* | UDOMETER_STATE=*) continue ;;
            UDOMETER_DEBUG=* | UDOMETER_*="''") continue ;;
            UDOMETER_*=?*) _udom_line=${_udom_line%%=*} ;;
            *) continue ;;
        esac
        for _udom_known in URL PREFIX TAGS STATE DEBUG; do
            ! _udom_is_near "$_udom_line" "UDOMETER_$_udom_known" ||
                _udom_debug "$_udom_line: sets nothing; did you mean UDOMETER_$_udom_known?"
        done
    done
}

# $1: a URL
_udom_find_way() {
    _udom_way=none _udom_waits=no
    [ "$1" != off ] || return 0
    if ! _udom_read_url "$1"; then
        _udom_complain "$_udom_source" "$_udom_given"
    else
        if [ -n "$_udom_path" ]; then _udom_find_unix_way; else _udom_find_udp_way; fi
        [ "$_udom_way" != none ] || _udom_debug 'found none of: udometer, bash, socat, nc'
    fi
}

# Look at the variables, but only if one has changed.
_udom_look() {
    local _udom_key="${UDOMETER_URL-}$_udom_tab${DD_DOGSTATSD_URL-}$_udom_tab${DD_AGENT_HOST-}"
    _udom_key="$_udom_key$_udom_tab${DD_DOGSTATSD_PORT-}$_udom_tab${STATSD_HOST-}"
    _udom_key="$_udom_key$_udom_tab${STATSD_PORT-}"
    [ "$_udom_looked_at" != "$_udom_key" ] || return 0
    _udom_choose
    _udom_find_way "$_udom_url"
    [ -z "${UDOMETER_DEBUG-}" ] || set | _udom_check_variables
    _udom_looked_at=$_udom_key
}

# --- sending -------------------------------------------------------------------------------

# Send standard input as one datagram. Programs that only copy read a here-document in one
# piece; bash's own printf would write line by line, which makes several datagrams.
_udom_deliver() {
    case $_udom_way in
        bash) command cat >"$_udom_device" ;;
        bash-c) BASH_ENV='' command bash -c 'exec cat >"$0"' "$_udom_device" ;;
        udometer) command udometer send --url="$_udom_url" - ;;
        socat) _udom_deliver_by_socat ;;
        nc-q) command nc -u ${_udom_is_numeric:+"-n"} -w 1 -q 0 "$_udom_host" "$_udom_port" ;;
        ncat) command nc -u ${_udom_is_numeric:+"-n"} --send-only "$_udom_host" "$_udom_port" ;;
        nc-w) command nc -u ${_udom_is_numeric:+"-n"} -w 1 "$_udom_host" "$_udom_port" ;;
    esac
}

_udom_deliver_by_socat() {
    case $_udom_host$_udom_path in
        @*) command socat -u STDIN "ABSTRACT-SENDTO:${_udom_path#@},nonblock" ;;
        /*) command socat -u STDIN "UNIX-SENDTO:$_udom_path,nonblock" ;;
        *:*) command socat -u STDIN "UDP6-SENDTO:[$_udom_host]:$_udom_port,nonblock" ;;
        *) command socat -u STDIN "UDP-SENDTO:$_udom_host:$_udom_port,nonblock" ;;
    esac
}

# Send the lines $1 as one datagram. If that may take time, a grandchild does it, whose end
# no command notices, and which holds none of the script's files open.
_udom_emit() {
    case $_udom_way:$_udom_waits:$_udom_is_open in
        none:*) ;;
        *:yes)
            command cat 2>/dev/null <<_UDOM_END
$1
_UDOM_END
            ;;
        *:yes:)
            (_udom_deliver <<_UDOM_END &
$1
_UDOM_END
            ) >/dev/null 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
            ;;
        *)
            _udom_deliver >/dev/null 2>&1 <<_UDOM_END
$1
_UDOM_END
            ;;
    esac
}

# The same for one line. In bash this is the usual case, and costs no process.
_udom_emit_line() {
    case $_udom_way:$_udom_waits:$_udom_is_open in
        bash:no:) { printf '%s' "$1" >"$_udom_device"; } 2>/dev/null ;;
        *) _udom_emit "$1" ;;
    esac
}

# --- lines ---------------------------------------------------------------------------------

# Sets _udom_text: the text $1 with '_' for each character of the class $2. It loops once for
# each of them, so the text must not be longer than a line.
_udom_escape() {
    _udom_text=$1
    while :; do
        # shellcheck disable=SC2295 # the class is meant to be a pattern
        case $_udom_text in
            *[$2]*) _udom_text=${_udom_text%%[$2]*}_${_udom_text#*[$2]} ;;
            *) return 0 ;;
        esac
    done
}

# Sets _udom_bytes: the number of bytes in $1. ${#1} is the number of characters.
_udom_measure() {
    _udom_bytes=${#1}
    case $1 in *[!\ -~]*) _udom_bytes=$(LC_ALL=C && printf '%s' "${#1}") ;; esac
}

# Is $1 short enough for a line? The first test usually decides, as no character has more than
# four bytes.
_udom_fits() {
    [ "$((${#1} * 4))" -gt "$_udom_line_max" ] || return 0
    [ "${#1}" -le "$_udom_line_max" ] || return 1
    _udom_measure "$1"
    [ "$_udom_bytes" -le "$_udom_line_max" ]
}

# An optional sign, digits with at most one point, an optional exponent.
_udom_is_number() {
    _udom_text=${1#[+-]}
    case $_udom_text in
        *[eE]*)
            _udom_exponent=${_udom_text#*[eE]}
            _udom_text=${_udom_text%%[eE]*}
            case ${_udom_exponent#[+-]} in '' | *[!0123456789]*) return 1 ;; esac
            ;;
    esac
    case $_udom_text in '' | . | *.*.* | *[!0123456789.]*) return 1 ;; esac
    [ "${#1}" -le 256 ]
}

# Sets _udom_text: $1 without blanks at its ends.
_udom_trim() {
    _udom_text=$1
    while :; do
        case $_udom_text in
            [$_udom_blanks]*) _udom_text=${_udom_text#?} ;;
            *[$_udom_blanks]) _udom_text=${_udom_text%?} ;;
            *) return 0 ;;
        esac
    done
}

# Append the tag with the key $1 and the value $2 to _udom_list. Fails if it is not one, or if there
# would be more than 32 tags or 640 bytes, with a comma before each.
_udom_add_common() {
    _udom_fits "$1$2" || return 1
    _udom_trim "$1"
    _udom_escape "$_udom_text" "$_udom_not_in_names"
    _udom_new=,$_udom_text:
    _udom_trim "$2"
    _udom_escape "$_udom_text" "$_udom_not_in_tag_values"
    case $_udom_new$_udom_text in ,:* | *:) return 1 ;; esac
    _udom_new=$_udom_list$_udom_new$_udom_text
    _udom_measure "$_udom_new"
    [ "$_udom_bytes" -le 641 ] && [ "$_udom_n" -lt 32 ] || return 1
    _udom_list=$_udom_new _udom_n=$((_udom_n + 1))
}

# The same for the tags "key=value" or "key:value" in $2, which $3 separates. $1: the variable
_udom_add_all_common() {
    _udom_rest=$2$3
    while [ -n "$_udom_rest" ]; do
        _udom_part=${_udom_rest%%"$3"*}
        _udom_rest=${_udom_rest#*"$3"}
        case $_udom_part in
            *[=:]*) _udom_add_common "${_udom_part%%[=:]*}" "${_udom_part#*[=:]}" && continue ;;
            *[!$_udom_blanks]*) ;;
            *) continue ;;
        esac
        [ "$1" = DD_TAGS ] || # in which other clients allow more
            _udom_debug "$1=$2: $_udom_part: expected key=value or key:value, commas, at most 32 and 640 bytes"
    done
}

# The tags come in this order, as of two with one key the last wins.
_udom_read_common() {
    local _udom_key="${DD_TAGS-}$_udom_tab${DD_ENV-}$_udom_tab${DD_SERVICE-}$_udom_tab${DD_VERSION-}"
    _udom_key="$_udom_key$_udom_tab${UDOMETER_TAGS-}$_udom_tab${UDOMETER_PREFIX-}"
    [ "$_udom_common_of" != "$_udom_key" ] || return 0
    local _udom_list='' _udom_rest='' _udom_part='' _udom_new='' _udom_text='' _udom_bytes=''
    local _udom_n=0
    case ${DD_TAGS-} in
        *,*) _udom_add_all_common DD_TAGS "$DD_TAGS" , ;;
        ?*) _udom_add_all_common DD_TAGS "$DD_TAGS" ' ' ;;
    esac
    _udom_add_common env "${DD_ENV-}" || :
    _udom_add_common service "${DD_SERVICE-}" || :
    _udom_add_common version "${DD_VERSION-}" || :
    _udom_add_all_common UDOMETER_TAGS "${UDOMETER_TAGS-}" ,
    _udom_measure "${UDOMETER_PREFIX-}"
    _udom_common=$_udom_list _udom_has_long_prefix=''
    [ "$_udom_bytes" -le 512 ] || _udom_has_long_prefix=yes
    _udom_common_of=$_udom_key
}

# Append the tag $1 to _udom_tags. If its value is empty, as that of a variable may be, the daemon
# drops it from a sample and counts it.
_udom_add_tag() {
    [ -z "${ZSH_VERSION-}" ] || emulate -LR sh
    if ! _udom_fits "$1"; then
        _udom_wrong='a tag is too long'
        return 0
    fi
    case $1 in
        =*) _udom_wrong="$1: the key is empty; expected key=value, without blanks" ;;
        *=*) ;;
        *) _udom_wrong="$1: expected key=value; a VALUE comes before all tags" ;;
    esac
    # Without the tag, it would end more series than intended.
    case $_udom_type:${1#*=} in
        x:) _udom_wrong="$1: the tag has no value, so the daemon would end nothing" ;;
    esac
    _udom_escape "${1%%=*}" "$_udom_not_in_names"
    _udom_keys=$_udom_keys,$_udom_text
    _udom_tags=$_udom_tags,$_udom_text:
    _udom_escape "${1#*=}" "$_udom_not_in_tag_values"
    _udom_tags=$_udom_tags$_udom_text
}

# In StatsD a sign means to change a gauge, in DogStatsD it never does. So a value below zero is
# packed after a zero, and is set in both. _udom_text is the value's digits.
_udom_check_sign() {
    case $_udom_type$_udom_change:$_udom_value:$_udom_text in
        c:-*:*[123456789]*) _udom_wrong="$_udom_value: a counter cannot decrease; use a gauge" ;;
        g:+*) _udom_wrong="$_udom_value: to change a gauge, write + and a number as two words" ;;
        g?:[+-]*) _udom_wrong="$_udom_value: expected a number without a sign after + or -" ;;
        x-:[+-]*) _udom_wrong="$_udom_value: expected seconds without a sign after older" ;;
        g:-*:*[123456789]*) _udom_value=0:$_udom_value ;;
        g:-*) _udom_value=${_udom_value#-} ;;
        *) _udom_value=$_udom_change$_udom_value ;;
    esac
}

_udom_check() {
    [ -n "$_udom_name" ] || _udom_wrong='the name is empty'
    case $_udom_type in
        s) [ -n "$_udom_value" ] || _udom_wrong='the member is empty' ;;
        *) _udom_is_number "$_udom_value" || _udom_wrong="${_udom_value:-nothing}: not a number" ;;
    esac
    _udom_check_sign
    _udom_fits "${UDOMETER_PREFIX-}$_udom_name$_udom_value" || _udom_wrong='the line is too long'
    [ -z "$_udom_has_long_prefix" ] ||
        _udom_wrong="UDOMETER_PREFIX=$UDOMETER_PREFIX: expected at most 512 bytes"
}

# Append all tags to _udom_line, which has none so far.
_udom_add_section() {
    _udom_text=$_udom_common$_udom_tags
    _udom_line="$_udom_line|#${_udom_text#,}"
}

_udom_make_line() {
    _udom_escape "$_udom_value" "$_udom_not_in_members"
    _udom_line="$_udom_text|$_udom_type"
    [ -z "$_udom_common$_udom_tags" ] || _udom_add_section
    _udom_escape "${UDOMETER_PREFIX-}$_udom_name" "$_udom_not_in_names"
    _udom_line=$_udom_text:$_udom_line
    _udom_fits "$_udom_line" || _udom_wrong='the line is too long'
}

# Sets _udom_line from _udom_type, _udom_name, _udom_value and _udom_tags; fails if that is wrong.
_udom_encode() {
    _udom_read_common
    _udom_check
    [ -n "$_udom_wrong" ] || _udom_make_line
    [ -z "$_udom_wrong" ] && return 0
    _udom_debug "not sent: $_udom_wrong"
    return 1
}

# Send that line.
_udom_finish() {
    [ -z "${ZSH_VERSION-}" ] || emulate -LR sh
    _udom_look
    ! _udom_encode || _udom_emit_line "$_udom_line"
}

# $1: the type's letters; the rest: NAME [[+|-|older] VALUE] [key=value]...
_udom_sample() {
    local _udom_type="$1" _udom_name="${2-}" _udom_value=1 _udom_tags='' _udom_wrong=''
    local _udom_change='' _udom_tag='' _udom_keys='' _udom_line='' _udom_text='' _udom_exponent='' _udom_bytes=''
    if [ "$#" -gt 2 ]; then shift 2; else shift "$#"; fi
    case $_udom_type:${1-=} in
        g:[+-]) _udom_change=$1 && shift ;;
        x:older) _udom_change=- && shift ;;
    esac
    case $_udom_type$_udom_change:${1-=} in
        x:* | c:*=*) ;; # no value
        *)
            _udom_value="${1-}"
            [ "$#" -eq 0 ] || shift
            ;;
    esac
    for _udom_tag in "$@"; do
        _udom_add_tag "$_udom_tag"
    done
    _udom_finish
}

# --- the functions -------------------------------------------------------------------------

udom_count() { _udom_sample c "$@" || :; }
udom_gauge() { _udom_sample g "$@" || :; }
udom_timing() { _udom_sample ms "$@" || :; }
udom_observe() { _udom_sample h "$@" || :; }
udom_set() { _udom_sample s "$@" || :; }
udom_expire() { _udom_sample x "$@" || :; }

# udom_send: send the lines of standard input, as many in a datagram as fit.
udom_send() { _udom_send || :; }

# It reads to the end whatever happens, or SIGPIPE would end the program that writes.
_udom_send() {
    # With multibyte, read would lose half a character at the input's end.
    [ -z "${ZSH_VERSION-}" ] || emulate -LR sh +o multibyte
    local _udom_line='' _udom_pack='' _udom_packed=0 _udom_bytes=0
    _udom_look
    case $_udom_way:$_udom_waits in
        udometer:no)
            command udometer send --url="$_udom_url" - >/dev/null 2>&1
            _udom_drain
            ;;
        bash:no)
            # One socket for all datagrams, so that they arrive in order.
            { { _udom_is_open=yes && _udom_pack_all 2>&3; _udom_is_open=''; } >"$_udom_device"; } \
                3>&2 2>/dev/null || _udom_drain
            ;;
        *) _udom_pack_all ;;
    esac
}

_udom_drain() {
    while IFS= read -r _udom_line; do :; done
}

_udom_pack_all() {
    while IFS= read -r _udom_line || [ -n "$_udom_line" ]; do
        _udom_pack_line
    done
    [ -z "$_udom_pack" ] || _udom_emit "$_udom_pack"
}

# Append _udom_line to _udom_pack, which has _udom_packed bytes including line feeds. If it does not
# fit, send _udom_pack first.
_udom_pack_line() {
    [ -n "$_udom_line" ] || return 0
    _udom_measure "$_udom_line"
    if [ "$_udom_bytes" -gt "$_udom_line_max" ]; then
        _udom_debug 'not sent: a line is too long'
        return 0
    fi
    if [ "$((_udom_packed + _udom_bytes + 1))" -gt "$_udom_datagram_max" ]; then
        _udom_emit "$_udom_pack"
        _udom_pack='' _udom_packed=0
    fi
    _udom_pack="$_udom_pack${_udom_pack:+
}$_udom_line"
    _udom_packed=$((_udom_packed + _udom_bytes + 1))
}

# --- replacing the series of a gauge -------------------------------------------------------
#
# A family is what was begun with one name and the same tags. _udom_rows remembers what was sent,
# in lines with four fields and tabs between:
#
#       FAMILY  STATE  KEYS  EXPIRY
#
# FAMILY and EXPIRY are lines: the x for all series of the family, and for one. STATE 1 is a series
# that is set, 2 one that was ended. It is ended twice, in two replacements, as a datagram may be
# lost. 0 and 3 are rows without EXPIRY, which say that the family was replaced: with 0 the x for all
# series was sent once, and KEYS are the seconds of that time; with 3 it was sent twice. The names
# _udom_now... are for the replacement that was begun.

udom_replace_begin() { _udom_replace_begin "$@" || :; }
udom_replace() { _udom_replace "$@" || :; }
udom_replace_end() { _udom_replace_end || :; }

_udom_replace_begin() {
    [ -z "${ZSH_VERSION-}" ] || emulate -LR sh
    local _udom_type=x _udom_name="${1-}" _udom_value=1 _udom_tags='' _udom_wrong='' _udom_change=''
    local _udom_tag='' _udom_keys='' _udom_line='' _udom_text='' _udom_exponent='' _udom_bytes=''
    [ "$#" -eq 0 ] || shift
    for _udom_tag in "$@"; do
        _udom_add_tag "$_udom_tag"
    done
    _udom_family='' _udom_family_name=$_udom_name _udom_family_tags=$_udom_tags
    _udom_now='' _udom_now_rows='' _udom_now_keys='' _udom_now_lines='' _udom_is_mixed=''
    ! _udom_encode || _udom_family=$_udom_line
}

# $1: the value, then tags. With the type x, so that a tag without a value is wrong: the expiry
# needs all tags.
_udom_replace() {
    [ -z "${ZSH_VERSION-}" ] || emulate -LR sh
    local _udom_type=x _udom_name="$_udom_family_name" _udom_value="${1-}" _udom_wrong=''
    local _udom_tags="$_udom_family_tags" _udom_change='' _udom_tag='' _udom_keys='' _udom_line=''
    local _udom_text='' _udom_exponent='' _udom_bytes=''
    if [ -z "$_udom_family" ]; then
        _udom_debug 'not sent: no replacement was begun'
        return 0
    fi
    [ "$#" -eq 0 ] || shift
    for _udom_tag in "$@"; do
        _udom_add_tag "$_udom_tag"
    done
    _udom_type=g
    _udom_encode || return 0
    _udom_now_lines=$_udom_now_lines$_udom_line$_udom_lf
    _udom_line="${_udom_family%%|*}|x"
    [ -z "$_udom_common$_udom_tags" ] || _udom_add_section
    case $_udom_lf$_udom_now in
        *"$_udom_lf$_udom_line$_udom_lf"*) return 0 ;;
        "$_udom_lf") _udom_now_keys=$_udom_keys ;;
    esac
    [ "$_udom_keys" = "$_udom_now_keys" ] || _udom_is_mixed=yes
    _udom_now=$_udom_now$_udom_line$_udom_lf
    _udom_line=$_udom_family${_udom_tab}1$_udom_tab$_udom_keys$_udom_tab$_udom_line
    _udom_now_rows=$_udom_now_rows$_udom_line$_udom_lf
}

# The new series are set before the others are ended, so that no scrape finds neither. As an x ends
# all series that have its tags and more, they are set once more if not all have the same keys. The
# x for all series of the family has an age, in seconds, which must not reach the new ones, though
# sending them may take long, and the way of the x longer. What is not as old is ended later.
_udom_replace_end() {
    [ -z "${ZSH_VERSION-}" ] || emulate -LR sh
    local _udom_line='' _udom_text='' _udom_rest='' _udom_kept='' _udom_ends='' _udom_older=''
    local _udom_us='' _udom_age='' _udom_state=''
    if [ -z "$_udom_family" ]; then
        _udom_debug 'not sent: no replacement was begun'
        return 0
    fi
    _udom_age=$((2 + ${#_udom_now_lines} / 8000))
    _udom_recall
    _udom_find_older
    _udom_rest=$_udom_rows
    while [ -n "$_udom_rest" ]; do
        _udom_compare "${_udom_rest%%"$_udom_lf"*}"
        _udom_rest=${_udom_rest#*"$_udom_lf"}
    done
    _udom_kept=$_udom_kept$_udom_family$_udom_tab$_udom_state$_udom_tab$_udom_lf
    _udom_rows=$_udom_kept$_udom_now_rows
    _udom_family=''
    [ -n "$_udom_ends" ] && [ -n "$_udom_is_mixed" ] && _udom_ends=$_udom_ends$_udom_now_lines
    _udom_send <<_UDOM_END
$_udom_now_lines$_udom_older$_udom_ends
_UDOM_END
    _udom_remember
}

# Sets _udom_older, the x for all series of the family, or none; and _udom_state, the new STATE and
# KEYS of its row.
_udom_find_older() {
    case $_udom_lf$_udom_rows in
        *"$_udom_lf$_udom_family${_udom_tab}3$_udom_tab"*) _udom_state=3$_udom_tab && return ;;
    esac
    _udom_now || :
    _udom_us=${_udom_us%??????}
    _udom_us=${_udom_us:-0}
    _udom_state=0$_udom_tab$_udom_us
    _udom_text=$_udom_lf$_udom_rows
    case $_udom_text in
        *"$_udom_lf$_udom_family${_udom_tab}0$_udom_tab"*)
            _udom_text=${_udom_text#*"$_udom_lf$_udom_family${_udom_tab}0$_udom_tab"}
            _udom_text=${_udom_text%%"$_udom_tab"*}
            case $_udom_text in '' | *[!0123456789]*) _udom_text=0 ;; esac # from a file
            _udom_state=0$_udom_tab$_udom_text
            [ "$((_udom_us - _udom_age))" -gt "$_udom_text" ] || return 0
            _udom_state=3$_udom_tab
            ;;
    esac
    _udom_older="${_udom_family%%:*}:-$_udom_age|x${_udom_family#*|x}$_udom_lf"
}

# Compare a row of an earlier replacement, $1, with this one. Appends to _udom_ends and _udom_kept.
_udom_compare() {
    if [ "${1%%"$_udom_tab"*}" != "$_udom_family" ]; then
        _udom_kept=$_udom_kept$1$_udom_lf
        return 0
    fi
    _udom_line=${1##*"$_udom_tab"}
    [ -n "$_udom_line" ] || return 0
    case $_udom_lf$_udom_now in
        *"$_udom_lf$_udom_line$_udom_lf"*) return 0 ;; # it is set again
    esac
    _udom_ends=$_udom_ends$_udom_line$_udom_lf
    _udom_text=${1#*"$_udom_tab"}
    case $_udom_text in
        "${_udom_text%%"$_udom_tab"*}$_udom_tab$_udom_now_keys$_udom_tab"*) ;;
        *) _udom_is_mixed=yes ;;
    esac
    case $_udom_text in
        1*) _udom_kept=$_udom_kept$_udom_family${_udom_tab}2${_udom_text#?}$_udom_lf ;;
    esac
}

# The file UDOMETER_STATE, if there is one, has _udom_rows for the next process.
_udom_recall() {
    [ -n "${UDOMETER_STATE-}" ] && [ -f "$UDOMETER_STATE" ] || return 0
    _udom_rows=''
    while IFS= read -r _udom_line; do
        _udom_rows=$_udom_rows$_udom_line$_udom_lf
    done <"$UDOMETER_STATE" || :
}

_udom_remember() {
    [ -n "${UDOMETER_STATE-}" ] || return 0
    { printf '%s' "$_udom_rows" >|"$UDOMETER_STATE"; } 2>/dev/null ||
        _udom_debug "UDOMETER_STATE: cannot write $UDOMETER_STATE"
}

# --- time ----------------------------------------------------------------------------------

# udom_time NAME [key=value]... -- COMMAND...: observe how long it takes, with status=ok or =error
# unless the tag status is given; status= means that there is to be none.
# Here zsh keeps the script's options: the command may be one of its functions.
udom_time() {
    local _udom_type=ms _udom_name="${1-}" _udom_value='' _udom_tags='' _udom_wrong=''
    local _udom_change='' _udom_keys='' _udom_line='' _udom_text='' _udom_exponent='' _udom_bytes=''
    local _udom_us='' _udom_start='' _udom_status=0 _udom_is_told=yes
    [ "$#" -eq 0 ] || shift
    while [ "$#" -gt 0 ] && [ "$1" != -- ]; do
        if [ "$1" = status= ]; then _udom_is_told=''; else _udom_add_tag "$1" || :; fi
        shift
    done
    if [ "$#" -lt 2 ]; then
        printf 'udom_time: expected NAME [key=value]... -- COMMAND...\n' >&2
        return 2
    fi
    shift
    _udom_now || :
    _udom_start=$_udom_us
    "$@" || _udom_status=$?
    _udom_now || :
    _udom_end || :
    return "$_udom_status"
}

_udom_end() {
    [ -z "${ZSH_VERSION-}" ] || emulate -LR sh
    _udom_read_common
    case $_udom_is_told:$_udom_status:$_udom_common$_udom_tags in
        :* | *,status:*) ;;
        yes:0:*) _udom_add_tag status=ok ;;
        *) _udom_add_tag status=error ;;
    esac
    _udom_finish_time
}

# Send the time since _udom_start.
_udom_finish_time() {
    _udom_us=$((_udom_us - _udom_start))
    [ "$_udom_us" -ge 0 ] || _udom_us=0 # the clock was set back
    _udom_text=$((_udom_us % 1000 + 1000))
    _udom_value=$((_udom_us / 1000)).${_udom_text#1}
    _udom_finish
}

# udom_timer_start NAME, and udom_timer_stop NAME [key=value]...: observe the time in between.
# _udom_timers has a line for each that runs: NAME, a tab, and microseconds.
udom_timer_start() { _udom_timer_start "${1-}" || :; }
udom_timer_stop() { _udom_timer_stop "$@" || :; }

_udom_timer_start() {
    [ -z "${ZSH_VERSION-}" ] || emulate -LR sh
    local _udom_us='' _udom_text='' _udom_bytes='' _udom_start='' _udom_name=''
    _udom_fits "$1" || return 0
    _udom_take_timer "$1"
    _udom_name=$_udom_text
    _udom_now
    _udom_timers=$_udom_timers$_udom_name$_udom_tab$_udom_us$_udom_lf
}

_udom_timer_stop() {
    [ -z "${ZSH_VERSION-}" ] || emulate -LR sh
    local _udom_type=ms _udom_name="${1-}" _udom_value='' _udom_tags='' _udom_wrong='' _udom_tag=''
    local _udom_change='' _udom_keys='' _udom_line='' _udom_text='' _udom_exponent='' _udom_bytes=''
    local _udom_us='' _udom_start=''
    _udom_now
    [ "$#" -eq 0 ] || shift
    ! _udom_fits "$_udom_name" || _udom_take_timer "$_udom_name"
    if [ -z "$_udom_start" ]; then
        _udom_debug "not sent: the timer $_udom_name was not started"
        return 0
    fi
    for _udom_tag in "$@"; do
        _udom_add_tag "$_udom_tag"
    done
    _udom_finish_time
}

# Sets _udom_text: the name $1 as it is in _udom_timers. If it is there, removes it, and sets
# _udom_start.
_udom_take_timer() {
    _udom_escape "$1" "$_udom_not_in_names"
    case $_udom_lf$_udom_timers in
        *"$_udom_lf$_udom_text$_udom_tab"*) ;;
        *) return 0 ;;
    esac
    set -- "$_udom_lf$_udom_timers" "$_udom_lf$_udom_text$_udom_tab"
    _udom_start=${1#*"$2"}
    _udom_timers=${1%%"$2"*}$_udom_lf${_udom_start#*"$_udom_lf"}
    _udom_timers=${_udom_timers#"$_udom_lf"}
    _udom_start=${_udom_start%%"$_udom_lf"*}
}

# Sets _udom_us: microseconds since some moment. bash 5 and zsh have a variable for that; else
# date may have nanoseconds; else the kernel has hundredths of a second.
_udom_now() {
    [ -z "${ZSH_VERSION-}" ] || emulate -LR sh
    if [ -n "${EPOCHREALTIME-}" ]; then
        _udom_us=$EPOCHREALTIME
        _udom_text=${_udom_us#*[.,]}000000
        _udom_us=${_udom_us%[.,]*}${_udom_text%"${_udom_text#??????}"}
        return 0
    fi
    _udom_us=$(date +%s%N 2>/dev/null)
    case $_udom_us in
        *[!0123456789]* | '') IFS=' ' read -r _udom_us _udom_text </proc/uptime &&
            _udom_us=${_udom_us%.*}${_udom_us#*.}0000 ;;
        *) _udom_us=${_udom_us%???} ;;
    esac
}

# --- as a command --------------------------------------------------------------------------

_udom_usage() {
    cat <<'_UDOM_END'
Usage: udometer.sh count NAME [VALUE] [key=value]...
       udometer.sh gauge NAME VALUE [key=value]...
       udometer.sh gauge NAME + VALUE [key=value]...   add VALUE to it; with - subtract it
       udometer.sh timing NAME MILLISECONDS [key=value]...
       udometer.sh observe NAME VALUE [key=value]...
       udometer.sh set NAME MEMBER [key=value]...
       udometer.sh expire NAME [key=value]...
       udometer.sh expire NAME older SECONDS [key=value]...
       udometer.sh time NAME [key=value]... -- COMMAND...
       udometer.sh [-]                                 send the lines of standard input

With time, the tag status=ok or status=error is added, unless a tag status is given; give status=
to have none. Samples are sent to UDOMETER_URL: udp://HOST[:PORT] (default udp://127.0.0.1:8125),
unix:///PATH, unix://@NAME of an abstract socket, or off: nothing is sent. UDOMETER_PREFIX and
UDOMETER_TAGS (key=value,...) are put before names and tags. Variables of DogStatsD's and StatsD's
clients count, too. With UDOMETER_DEBUG set, it says why something is not sent.
_UDOM_END
}

_udom_main() {
    case ${1--} in
        count | gauge | timing | observe | set | expire | time)
            _udom_verb=$1
            shift
            "udom_$_udom_verb" "$@"
            ;;
        -) udom_send ;;
        -h | --help) _udom_usage ;;
        *)
            _udom_usage >&2
            return 2
            ;;
    esac
}

# Sourced or run? No sign is reliable in all shells. The name is one, except in zsh, where $0 is
# the sourced file.
if [ -n "${ZSH_VERSION-}" ]; then
    case ${ZSH_EVAL_CONTEXT-} in
        toplevel) _udom_main "$@" ;;
    esac
else
    case ${0##*/} in
        udometer.sh) _udom_main "$@" ;;
    esac
fi
