// Package journeys holds what the desk promises its users as tests in a real
// browser: a report carried to its close, by phone and on a desk, in both
// languages, with axe and the content security policy watching every page.
package journeys
