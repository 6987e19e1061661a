// Package change is change enablement (regulation 4.2, 3.3): application,
// assessment, test, review, window and way back, and no way to the systems that
// goes around them, but one that is loud.
package change
