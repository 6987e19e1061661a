#!/bin/bash
# Installs what the machine lacks, by package name, on Debian or Ubuntu:
#   prepare.sh run    the PostgreSQL server programs
#   prepare.sh test   that, and Chromium with a CJK font, for the journeys
# Where it cannot install (not root, no sudo, no apt), it says what to do.
set -euo pipefail
what=${1:-run}
packages=()
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null 2>&1 || packages+=(postgresql)
if [ "$what" = test ]; then
	command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1 || packages+=(chromium)
	fc-list 2>/dev/null | grep -qi cjk || packages+=(fontconfig fonts-noto-cjk)
fi
[ ${#packages[@]} -eq 0 ] && exit 0
# A desk that has its own server, or its own programs, needs no package.
if [ "$what" = run ] && { [ -n "${OPSDESK_DATABASE_URL:-}" ] || [ -n "${OPSDESK_POSTGRES_BIN:-}" ]; }; then exit 0; fi
if ! command -v apt-get >/dev/null 2>&1; then
	echo "Missing: ${packages[*]}. This script knows Debian and Ubuntu only; install these, or set OPSDESK_DATABASE_URL." >&2
	[ "$what" = test ] && [ -z "${CI:-}" ] && exit 0
	exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
	if ! command -v sudo >/dev/null 2>&1; then
		echo "Missing: ${packages[*]}. Run as root: apt-get install ${packages[*]}" >&2
		exit 1
	fi
	as_root=(sudo)
fi
echo "installing: ${packages[*]}" >&2
# Debian's package would start a cluster of its own; the desk brings one.
if [[ " ${packages[*]} " == *" postgresql "* ]]; then
	"${as_root[@]}" mkdir -p /etc/postgresql-common
	[ -e /etc/postgresql-common/createcluster.conf ] || echo 'create_main_cluster = false' | "${as_root[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
fi
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
