package web

import "sort"

// Patterns are all routes of the dashboards, as "GET /p/{program}", in order.
func Patterns(env Env) []string {
	s := &Web{Env: env}
	var all []string
	for pattern := range s.routes() {
		all = append(all, pattern)
	}
	sort.Strings(all)
	return all
}
