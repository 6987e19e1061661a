// Package migrations embeds the database schema's history. One file is one
// transaction; golang-migrate applies them in order.
package migrations

import "embed"

// FS holds every NNNN_name.up.sql and .down.sql.
//
//go:embed *.sql
var FS embed.FS
