package incident

// A move is a step of the flow that the bar of a ticket offers.
type move struct {
	act, icon, hotkey string
	asks              bool // a form comes before it
	next              bool // what is to be done now: one at most
}

// seen is the class of a move's place: on a phone there is room for the next.
func (m move) seen() string {
	if m.next {
		return ""
	}
	return "hide-m"
}

func (m move) class() string {
	if m.next {
		return "btn primary"
	}
	return "btn hide-m"
}

func watchKey(d *Detail) string {
	if d.Watching {
		return "incident.act.unwatch"
	}
	return "incident.act.watch"
}

// moves are the steps that the reader may take now, in the order of the flow.
func (d *Detail) moves() []move {
	var out []move
	held := d.AssigneeID != nil
	free := !held && d.Can(ActionClaim) // taking it comes first
	add := func(may bool, m move) {
		if may {
			out = append(out, m)
		}
	}
	add(free, move{act: "claim", icon: "user-check", hotkey: "i", next: true})
	add(d.Can(ActionAccept), move{act: "accept", icon: "check", hotkey: "s", asks: d.CategoryID == nil, next: !free})
	add(d.Can(ActionStart), move{act: "start", icon: "player-play", hotkey: "s", next: !free})
	add(d.Can(ActionResume), move{act: "resume", icon: "player-play", hotkey: "s", next: !free})
	add(d.Can(ActionResolve) && (d.State != New || held), move{act: "resolve", icon: "circle-check", hotkey: "e", asks: true, next: !free && d.State == InProgress})
	add(d.Can(ActionConfirm), move{act: "confirm", icon: "thumb-up", next: true})
	return out
}
