package servicerequest_test

import "opsdesk/internal/incident"

func cancelled() incident.CancelInput { return incident.CancelInput{Reason: "false_alarm"} }
