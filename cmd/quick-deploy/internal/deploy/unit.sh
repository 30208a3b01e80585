# shellcheck shell=sh
# Root's half of a run. The one elevated command of a run starts it, and it goes on whatever becomes
# of the caller: as the transient unit quick-deploy-ID, or below setsid where systemd is not the
# init system. look.sh of package system stands before this text.
#
#	launch FOLDER PLAN   makes the folder and starts the unit
#	run FOLDER           what the unit does
#	back FOLDER          what it does when it has ended (ExecStopPost), in whichever way
#	unmove, unhome       parts of back that run as a user
#
# The folder is root's: script, plan, phase, was (what look printed before), reason (why the
# run failed) and the lists failed-before, failed and failed-after of units. One file in it is the
# caller's: lease, of which only the first word counts: a number that is counted up, keep, or back. Two
# more, alive, a lock, and log, can be read by the caller only.
#
# The phases: starting, testing, homes, ready, keeping, done; returning, back, stuck; left.
# The way back uses the old closure only, and asks nobody.
set -u

was() { of "$1" < "$folder/was"; }

# tools takes the programs from the system that ran before: the new one may lack them.
tools() {
	bin=$(plan bin) rest=$(plan path)
	old=$(was current)/sw/bin:/run/wrappers/bin:/nix/var/nix/profiles/default/bin
	PATH=${bin:+$bin:}$old:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin${rest:+:$rest}
	export PATH
}

# note FILE WORD… writes a file of the folder, whole or not at all.
note() {
	file=$1
	shift
	printf '%s\n' "$*" > "$folder/.$file" && mv "$folder/.$file" "$folder/$file"
}

phase() { note phase "$1"; }

# fail REASON… ends the run; back follows.
fail() {
	[ -e "$folder/reason" ] || note reason "$@"
	exit 1
}

# do_line COMMAND runs a command line of the plan, which package deploy has quoted. Descriptors 8 and 9
# are locks, which must not outlive this process in a child.
do_line() { timeout -k 10 "$(plan timeout)" sh -c "$1" < /dev/null 8>&- 9>&-; }

# valid PATH FILE: is PATH in the store, whole, and does it have the file?
valid() { nix-store --check-validity "$1" 8>&- 9>&- && [ -e "$1/$2" ]; }

# failed_units lists the units that have failed or are about to be started again.
failed_units() {
	command -v systemctl > /dev/null || return 0
	systemctl list-units --all --full --plain --no-legend --state=failed,auto-restart,auto-restart-queued 2> /dev/null |
		sed 's/ .*//' | grep -v '^quick-deploy-' | sort -u
}

# wait_for_switch waits until no other switch-to-configuration is at work, for two minutes at most:
# it takes this lock and does not wait for it (switch-to-configuration-ng, src/main.rs), and one that
# nixos-rebuild has started in a unit of its own outlives nixos-rebuild.
wait_for_switch() {
	lock=$(plan switch-lock)
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
		[ ! -e "$lock" ] || flock -w 10 "$lock" true 8>&- 9>&- || continue
		[ -n "$(systemctl list-units --plain --no-legend 'nixos-rebuild-switch-to-configuration*' 2> /dev/null)" ] || return 0
		sleep 10 8>&- 9>&-
	done
	return 1
}

# as_user USER COMMAND… runs it with the user's rights and nothing of root's environment.
as_user() {
	who=$1
	shift
	if [ "$(id -u) $who" = "$(plan caller)" ]; then # nobody had to become root
		env "PATH=$PATH" "USER=$who" "HOME=$(plan folder | of "$who")" \
			"XDG_STATE_HOME=$(plan user | of "$who")" "$@" < /dev/null 8>&- 9>&-
		return
	fi
	runtime=/run/user/$(id -u "$who")
	[ ! -d "$runtime" ] ||
		set -- "XDG_RUNTIME_DIR=$runtime" "DBUS_SESSION_BUS_ADDRESS=unix:path=$runtime/bus" "$@"
	setpriv --reuid "$who" --regid "$(id -g "$who")" --init-groups --reset-env -- \
		env "PATH=$PATH" "XDG_STATE_HOME=$(plan user | of "$who")" "$@" < /dev/null 8>&- 9>&-
}

launch() {
	trap '' HUP INT QUIT # once begun, it is not begun by halves
	umask 022
	base=${folder%/*}
	mkdir -p "$base"
	for old in "$base"/*/; do # of runs that have ended
		case $(cat "$old/phase" 2> /dev/null) in done | back | left) rm -rf -- "$old" ;; esac
	done
	mkdir "$folder" || exit
	# shellcheck disable=SC2154 # what launchUnit has read
	printf '%s\n' "$text" > "$folder/script"
	printf '%s\n' "$plan" > "$folder/plan"
	: > "$folder/log"
	: > "$folder/lease"
	plan was > "$folder/was"
	[ -s "$folder/was" ] || look > "$folder/was"
	tools
	: > "$folder/alive"
	# What an activation prints is nobody else's.
	chmod 600 "$folder/lease" "$folder/alive" "$folder/log"
	caller=$(plan caller)
	chown "${caller%% *}" "$folder/lease" "$folder/alive" "$folder/log"
	phase starting
	if [ -d "$(plan systemd)" ]; then
		exec systemd-run --quiet --collect --no-ask-password --service-type=exec \
			--unit="quick-deploy-${folder##*/}" --description="switch to another system" \
			--property="StandardOutput=append:$folder/log" --property="StandardError=append:$folder/log" \
			--property=TimeoutStopSec=15min --property="ExecStopPost=/bin/sh $folder/script back $folder" \
			-- /bin/sh "$folder/script" run "$folder"
	fi
	# shellcheck disable=SC2016 # the inner shell expands them
	setsid sh -c 'trap "" HUP INT QUIT; sh "$1/script" run "$1"; sh "$1/script" back "$1"' \
		sh "$folder" > "$folder/log" 2>&1 < /dev/null &
}

# hold_locks takes two: alive tells the caller that this half of the run is at work; lock is root's own, so
# that nobody else can keep a machine from being switched or from going back.
hold_locks() {
	umask 077
	exec 8> "$folder/alive" 9> "${folder%/*}/lock"
	umask 022
	flock 8
	flock "$@" 9
}

# alone says whether no other run is at work or on its way back. One that died with its way back is neither.
alone() {
	for other in "${folder%/*}"/*/; do
		other=${other%/}
		case $(cat "$other/phase" 2> /dev/null) in done | back | left | stuck | '') continue ;; esac
		[ "$other" != "$folder" ] || continue
		flock -n "$other/alive" true 8>&- 9>&- || return
		case $(systemctl is-active "quick-deploy-${other##*/}" 2> /dev/null) in
		active | activating | deactivating) return 1 ;;
		esac
	done
}

run() {
	hold_locks -w 5 || fail another
	alone || fail another
	[ -n "$(plan was)" ] || look > "$folder/was"
	[ -z "$(plan go-back)" ] || fail "cut off"
	new=$(plan new)
	[ -z "$new" ] || valid "$new" bin/switch-to-configuration || fail "invalid $new"
	failed_units > "$folder/failed-before"
	[ -z "$(plan test)" ] || try
	activate_homes
	phase ready
	[ -z "$(plan test)$(plan home)" ] || hold
	phase keeping
	keep
	phase 'done'
}

# try runs the new system, and judges by what then runs. The exit code is only a witness: it is 4
# also for a unit that had failed before, and nixos-rebuild before 26.05 turns every code into 1.
try() {
	phase testing
	wait_for_switch || fail busy
	do_line "$(plan test)"
	status=$?
	failed_units | comm -13 "$folder/failed-before" - > "$folder/failed"
	[ "$(path "$(plan current)")" = "$new" ] || fail "test $status"
	[ ! -s "$folder/failed" ] || fail "units $status"
	[ "$status" -eq 0 ] && return
	# Behind the link only this text tells of an activation script that failed.
	! grep -q 'Failed to run activate script' "$folder/log" || fail "script $status"
	[ -s "$folder/failed-before" ] || fail "test $status"
}

# activate_homes judges by two links: the profile, which home-manager moves first, and current-home,
# which is the last thing that an activation does (home-manager, modules/home-environment.nix). The
# exit code of the command home-manager is no verdict: behind all that it shows news.
activate_homes() {
	phase homes
	plan home | while IFS=' ' read -r user home; do
		valid "$home" activate || fail "invalid $home"
		printf '%s\n' "$user" >> "$folder/tried"
		home_profile "$user" "$(plan user | of "$user")"
		active=$(path "$(current_home "$user")")
		status=0
		as_user "$user" mkdir -p "${profile%/*}" # as nix-build would, which home-manager begins with
		for_each "$(plan activate | of "$user")" as_user "$user" timeout -k 10 "$(plan timeout)" sh -c || status=$?
		set_number "$user" "$profile" "$(plan number | of "$user")" "$home"
		[ "$(path "$profile")" = "$home" ] && [ "$(path "$(current_home "$user")")" = "$home" ] &&
			{ [ $status -eq 0 ] || [ "$active" != "$home" ]; } || fail "home $user $status"
	done || exit
}

# current_home USER is the garbage-collector root of the home that is active.
current_home() { printf '%s/home-manager/gcroots/current-home\n' "$(plan user | of "$1")"; }

# for_each LINES COMMAND… runs the command with each line as its last argument, until one fails.
for_each() {
	lines=$1
	shift
	while IFS= read -r line; do
		"$@" "$line" || return
	done <<-EOF
		$lines
	EOF
}

# set_number USER PROFILE NUMBER PATH makes that generation current, if it is still there.
set_number() {
	[ -n "$3" ] && [ "$(path "$2-$3-link")" = "$4" ] || return 0
	as_user "$1" nix-env -p "$2" --switch-generation "$3"
}

# hold waits for the caller's word as long as the caller counts. Ticks are counted, and not the
# clock, which may be set meanwhile.
hold() {
	last='' silent=0 limit=$(plan limit) tick=$(plan tick)
	while [ "$silent" -lt "$limit" ]; do
		word=$(head -c 32 "$folder/lease")
		case $word in
		keep) return ;;
		back) fail asked ;;
		"$last") silent=$((silent + 1)) ;;
		*) last=$word silent=0 ;;
		esac
		sleep "$tick" 8>&- 9>&-
	done
	fail silence
}

# keep makes the new system what the machine boots.
keep() {
	[ -n "$(plan keep)" ] || return 0
	for_each "$(plan keep)" do_line || fail "keep $?"
	[ "$(path "$(plan profile)")" = "$new" ] || fail "keep 0"
}

back() {
	last=$(cat "$folder/phase")
	case $last in done | back | left) return ;; esac
	if [ "$last" != starting ]; then hold_locks; fi
	[ -e "$folder/reason" ] || note reason "cut off"
	if [ "$last" = starting ] && [ -z "$(plan go-back)" ]; then
		phase back
	elif [ -n "$(plan leave)" ]; then
		phase left
	else
		phase returning
		: > "$folder/stuck"
		default_back
		# On its way down a machine needs what it boots next, and no more.
		if [ "$(systemctl is-system-running 2> /dev/null)" != stopping ]; then
			system_back
			homes_back
		fi
		if [ -s "$folder/stuck" ]; then phase stuck; else phase back; fi
	fi
}

stuck() { printf '%s\n' "$*" >> "$folder/stuck"; }

default_back() {
	profile=$(plan profile)
	before=$(was default) system=${before#* } number=${before%% *}
	[ "$system" != - ] || return 0
	case $last in
	testing | homes | ready) [ "$(generation "$profile")" != "$before" ] || return 0 ;;
	esac
	if [ "$(path "$profile-$number-link")" = "$system" ]; then
		nix-env -p "$profile" --switch-generation "$number" 8>&- 9>&-
	else
		nix-env -p "$profile" --set "$system" 8>&- 9>&-
	fi
	"$system/bin/switch-to-configuration" boot 8>&- 9>&- || stuck "boot loader"
	[ "$(path "$profile")" = "$system" ] || stuck "boot default"
}

system_back() {
	system=$(was current)
	[ "$system" != - ] || return 0
	[ -n "$(plan test)" ] || [ "$(path "$(plan current)")" != "$system" ] || return 0
	wait_for_switch
	# What a switch that was cut off still had to start: units of the new system.
	lock=$(plan switch-lock)
	rm -f -- "${lock%/*}/start-list" "${lock%/*}/restart-list" "${lock%/*}/reload-list"
	"$system/bin/switch-to-configuration" test 8>&- 9>&-
	[ "$(path "$(plan current)")" = "$system" ] || stuck "running system"
	[ ! -e "$folder/failed-before" ] ||
		failed_units | comm -13 "$folder/failed-before" - > "$folder/failed-after"
}

homes_back() {
	suffix=$(plan suffix)
	was home | while IFS=' ' read -r user number home profile; do
		[ "$number" != '?' ] || continue
		new=$(plan home | of "$user")
		grep -qsx -e "$user" "$folder/tried" || [ "$(generation "$profile")" != "$number $home" ] || continue
		if [ "$home" = - ]; then
			as_user "$user" sh "$folder/script" unhome "$new" "$profile"
		else
			# An activation removes what current-home has and it has not: also of one that was cut off.
			[ -z "$new" ] || as_user "$user" nix-store --realise "$new" --add-root "$(current_home "$user")" --indirect
			set_number "$user" "$profile" "$number" "$home"
			driver=
			[ ! -e "$home/gen-version" ] || driver='--driver-version 1'
			# shellcheck disable=SC2086 # two words or none
			as_user "$user" env "HOME_MANAGER_BACKUP_EXT=$suffix-back" "$home/activate" $driver
			set_number "$user" "$profile" "$number" "$home"
		fi
		[ -z "$new" ] || as_user "$user" sh "$folder/script" unmove "$new" "$suffix"
		[ "$(path "$profile")" = "$home" ] || stuck "home of $user"
	done
}

# links HOME prints the files that a home puts into the home directory, relative to it.
links() { (cd -- "$1/home-files" 2> /dev/null && find . ! -type d | sed 's,^\./,,'); }

# unmove HOME SUFFIX returns the files that the home's activation moved out of its way.
unmove() {
	links "$1" | while IFS= read -r file; do
		file=$HOME/$file
		[ -e "$file.$2" ] || continue
		[ ! -L "$file" ] || rm -- "$file"
		[ -e "$file" ] || mv -- "$file.$2" "$file"
	done
}

# unhome HOME PROFILE takes a first home away again: its units, its links, its packages, its profile.
unhome() {
	home=$1
	for unit in "$home"/home-files/.config/systemd/user/*.*; do
		[ ! -f "$unit" ] || systemctl --user stop "${unit##*/}" || true
	done
	links "$home" | while IFS= read -r file; do
		[ "$(path "$HOME/$file")" = "$(path "$home/home-files/$file")" ] || continue
		[ ! -L "$HOME/$file" ] || rm -- "$HOME/$file"
		case $file in */*) (cd -- "$HOME" && rmdir -p --ignore-fail-on-non-empty -- "${file%/*}") ;; esac
	done
	nix-env --uninstall home-manager-path || nix profile remove home-manager-path || true
	root=$XDG_STATE_HOME/home-manager/gcroots/current-home
	for link in "$2" "$2"-*-link "$root"; do
		[ "$(path "$link")" != "$home" ] || rm -- "$link"
	done
}

case $1 in
launch) folder=$2 plan=$3 && launch ;;
run | back)
	folder=$2 plan=$(cat "$2/plan")
	tools
	for variable in $(plan export); do export "${variable?}"; done
	"$1"
	;;
unmove | unhome) "$@" ;;
esac
