# Standing between the user and a command in the sandbox, which itself swallows signals; sourced by sealed.sh.
# INT, TERM and USR1 reach the command; the second INT or TERM ends it by force if it does not end itself.

# The command's process: bubblewrap's child, or with a process namespace the child of that.
command_process() {
  child=$job
  for _ in ${nested:+1} 2; do
    of=$child child=
    read -r child _ < "/proc/$of/task/$of/children" || : # the line has no end
    [ -n "$child" ] || return 1
  done
}

# Is signal number $3 in the mask $2 (SigCgt: caught, SigIgn: ignored) of process $1?
masked() {
  mask=$(sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status")
  mask=${mask#????????} # the lower 32 signals
  [ -n "$mask" ] && [ $((0x$mask >> ($3 - 1) & 1)) = 1 ]
}

# Signals that the command must not ignore: those of background jobs of a shell, and those that `guard` keeps from the sandbox, but for
# what was ignored before, as by a job script while ranks start.
heard_signals() {
  heard=INT,QUIT
  for pair in HUP:1 USR1:10 TERM:15; do
    masked $$ SigIgn "${pair#*:}" || heard=$heard,${pair%:*}
  done
  echo "$heard"
}

# Signals that come while the command starts wait until it can deal with them.
pass_on() {
  tries=0
  while kill -0 $job && [ $tries -lt 300 ]; do
    tries=$((tries + 1))
    if command_process && { [ "$how" != run ] || [ $tries = 300 ] || masked "$child" SigCgt "$2"; }; then
      kill -"$1" "$child"
      return
    fi
    sleep 0.1
  done
} 2> /dev/null

# Well after the command has ended its ranks by force itself (GRACE in hpc/ranks.py), whose exit code says how it ended.
end_by_force() {
  tries=0
  while kill -0 $job && [ $tries -lt 120 ]; do
    tries=$((tries + 1))
    sleep 0.1
  done
  kill -KILL $job
} 2> /dev/null

received() {
  interrupted=1
  if [ "$1" != USR1 ]; then
    read -r now _ < /proc/uptime # without a process of its own, which a signal to the group would end, and with it this shell
    now=${now%.*}
    # `timeout` signals a process and its group: two at once are one.
    [ -z "$asked" ] || [ $((now - asked)) -lt 2 ] || end_by_force &
    asked=${asked:-$now}
  fi
  pass_on "$1" "$2" &
}

guard() {
  asked='' interrupted=''
  exec 5<&0
  # What reaches the whole group, as from `timeout` or a terminal that closes, must not end the sandbox: it is passed on, once.
  (
    trap '' INT TERM HUP USR1
    exec "$@" <&5 5<&-
  ) &
  job=$!
  exec 5<&-
  trap 'received INT 2' INT
  trap 'received TERM 15' TERM HUP
  trap 'received USR1 10' USR1
  code=0
  wait $job || code=$?
  while [ -n "$interrupted" ]; do
    interrupted=
    again=0
    wait $job || again=$?
    [ $again = 127 ] || code=$again
  done
  exit $code
}
