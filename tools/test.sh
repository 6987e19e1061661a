#!/bin/bash
# Everything that must hold before a change lands. Steps are timed; the first
# that fails ends the run with its output.
set -euo pipefail
cd "$(dirname "$0")/.."
step() {
	local name=$1 start=$SECONDS
	shift
	printf '%-12s ' "$name"
	if ! out=$("$@" 2>&1); then
		printf 'FAILED after %ds\n%s\n' $((SECONDS - start)) "$out"
		exit 1
	fi
	printf 'ok %4ds\n' $((SECONDS - start))
	[ -z "${VERBOSE:-}" ] || printf '%s\n' "$out"
	# A skipped test is loud, never silent.
	printf '%s\n' "$out" | grep -E 'SKIPPED' || true
}
generated() {
	local before after
	before=$(find internal -name '*_templ.go' -exec sha256sum {} + | sort)
	make -s generate
	after=$(find internal -name '*_templ.go' -exec sha256sum {} + | sort)
	[ "$before" = "$after" ] || { echo "generated code was out of date: commit what 'make generate' made"; return 1; }
}
tidy() { go mod tidy -diff && go mod verify >/dev/null; }
step prepare tools/prepare.sh test
step modules tidy
step generated generated
step build make -s build
step vet go vet ./...
step lint make -s lint
step race go test -race -count=1 -timeout 40m $(go list ./... | grep -E 'internal/(incident|audit|notify|platform/pgembed)$')
step tests go test -count=1 -timeout 40m $(go list ./... | grep -vE 'internal/(bench)$')
