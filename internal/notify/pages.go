package notify

func mailColour(state string) string {
	return map[string]string{"sent": "green", "failed": "red", "queued": "blue", "held": "amber"}[state]
}

func nextURL(path, cursor, flag string, on bool) string {
	u := path + "?cursor=" + cursor
	if on {
		u += "&" + flag + "=1"
	}
	return u
}
