// Package inspection is routine maintenance (巡检): plans say which items are
// inspected, by what checklist, how often and by whom; a job makes each
// occurrence once, and people carry it out reading by reading. What was read is
// a fact once an inspection is finished.
package inspection
