# shellcheck shell=sh
# What a machine runs, boots and has activated, printed a line each:
#
#	current PATH
#	booted PATH
#	default NUMBER PATH
#	home USER NUMBER PATH PROFILE
#
# "-" stands for a link that is not there, "!PATH" for one that leads to nothing, and "?" for the
# number of a home that may not be read. $plan says where the links are, a line each: current,
# booted, profile, per-user, and for each user "user NAME STATE", the state folder (XDG_STATE_HOME).
# POSIX sh and coreutils only, so that it runs here, through ssh, and as root.

# of KEY prints what stands behind the key in the lines of stdin that begin with it.
of() {
	while IFS=' ' read -r key value; do
		[ "$key" != "$1" ] || printf '%s\n' "$value"
	done
}

plan() {
	of "$1" <<-EOF
		$plan
	EOF
}

# path LINK prints where it leads in the end.
path() {
	if [ -e "$1" ]; then
		readlink -f -- "$1"
	elif [ -L "$1" ]; then
		printf '!%s\n' "$(readlink -- "$1")"
	else
		echo -
	fi
}

# generation PROFILE prints its number, 0 if it has none, and its path.
generation() {
	number=$(readlink -- "$1") || true
	number=${number##*/}
	number=${number#"${1##*/}"-}
	number=${number%-link}
	case $number in '' | *[!0-9]*) number=0 ;; esac
	printf '%s ' "$number"
	path "$1"
}

# home_profile USER STATE sets profile to where the user's home-manager generations are: in the state folder where
# that has nix/profiles, else in the old place (home-manager, modules/lib-bash/activation-init.sh).
home_profile() {
	profile=$2/nix/profiles/home-manager
	[ -d "$2/nix/profiles" ] || {
		old_place=$(plan per-user)/$1/home-manager
		[ ! -L "$old_place" ] || profile=$old_place
	}
}

# readable FOLDER says whether this user may look into it, or into where it would be.
readable() {
	dir=$1
	while [ -n "$dir" ] && [ ! -e "$dir" ]; do dir=${dir%/*}; done
	[ -x "${dir:-/}" ]
}

# look is asked often, beside a switch: hence few subshells.
look() {
	while IFS=' ' read -r key value; do
		case $key in
		current | booted) printf '%s ' "$key" && path "$value" ;;
		profile) printf 'default ' && generation "$value" ;;
		user)
			name=${value%% *} state=${value#* }
			home_profile "$name" "$state"
			if readable "$state/nix/profiles"; then
				printf 'home %s %s %s\n' "$name" "$(generation "$profile")" "$profile"
			else
				printf 'home %s ? - %s\n' "$name" "$profile"
			fi
			;;
		esac
	done <<-EOF
		$plan
	EOF
}
