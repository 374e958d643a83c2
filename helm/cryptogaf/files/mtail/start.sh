#!/bin/sh
# Counts requests from a copy of nginx' log. The copy is emptied when it is large: nginx appends, so it goes on at the beginning, and mtail notices.
# (Sockets would need no file, but mtail 3.0.0-rc50 loses most datagrams, and a pipe that nobody reads would hold nginx up.)
#   LOG, PROGRAMS (file or folder), ADDRESS, PORT, LIMIT (bytes)
set -eu

: >>"$LOG"
mtail --progs "$PROGRAMS" --logs "$LOG" --address "${ADDRESS:-0.0.0.0}" --port "${PORT:-3903}" --logtostderr &
mtail=$!
trap 'kill "$mtail" 2>/dev/null || true; wait "$mtail" || true; exit 0' TERM INT
while kill -0 "$mtail" 2>/dev/null; do
    sleep 1 &
    wait $! || true
    # What came in the last quarter of a second, and only that, is lost to the counts.
    [ "$(wc -c <"$LOG")" -lt "${LIMIT:-67108864}" ] || : >"$LOG"
done
wait "$mtail"
