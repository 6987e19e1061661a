// Package bench measures what docs/benchmarks.md keeps: run it with make bench.
package bench
