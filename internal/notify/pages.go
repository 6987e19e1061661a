package notify

import (
	"slices"
	"strings"

	"github.com/google/uuid"
)

func mailColour(state string) string {
	return map[string]string{"sent": "green", "failed": "red", "queued": "blue", "held": "amber", "waiting": "grey", "digest": "grey", "merged": "green", "dropped": "grey"}[state]
}

// parts are offered as a switch, in this order.
var parts = [...]string{All, Waiting, Unread, Snoozed, Done}

func hasUnread(list []Line) bool {
	return slices.ContainsFunc(list, func(l Line) bool { return !l.Waiting && l.ReadAt == nil })
}

// after is the line that the keyboard goes on to when line i has left the list.
func after(list []Line, i int) uuid.UUID {
	switch {
	case i+1 < len(list):
		return list[i+1].ID
	case i > 0:
		return list[i-1].ID
	}
	return uuid.Nil
}

func waitIcon(what string) string {
	if strings.HasSuffix(what, ".question") {
		return "help"
	}
	return "clipboard-list"
}

func emptyIcon(part string) string {
	if part == Snoozed {
		return "alarm"
	}
	return "inbox"
}
