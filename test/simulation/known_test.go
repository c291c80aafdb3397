// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import "regexp"

// known is a violation that the operator still has: one schedule that shows it, and what
// all schedules that show it have in common.
type known struct {
	name     string
	promise  string // which one, of the README and docs/faults.md
	schedule string
	// in is what the schedule and its violation look like, as "schedule => violation".
	in *regexp.Regexp
}

// knownViolations are to be fixed. Whoever fixes one removes its row: a row that is not
// violated any more fails TestKnownViolationsAreStillThere.
var knownViolations = []known{
	{
		name: "claims of what was made are never forgotten", promise: "memory is bounded",
		schedule: "plain | ", in: regexp.MustCompile(`=> remembered.*Claims\.made`),
	},
	{
		name: "a connection whose listings fail says nothing", promise: "no connection is without a current reason for 30 s",
		schedule: "plain | start/GET groups#1=lists fail", in: regexp.MustCompile(`start/.*(throttled|lists fail) => silent: ClusterConnection`),
	},
	{
		name: "a group that is gone within the settle time leaves its Group without a reason", promise: "no Group is without a current reason for 30 s",
		schedule: "plain | create/POST groups#1: remote delete", in: regexp.MustCompile(`: remote delete => silent: Group`),
	},
	{
		name: "a field that is newly declared is believed from before", promise: "evidence is newer than its question",
		schedule: "plain | edit/rest#1: declare active", in: regexp.MustCompile(`: declare active => untrue: Ready=True/Synced`),
	},
	{
		name: "an id that was given up leaves Ready=True", promise: "Ready=True says what the API showed of that generation",
		schedule: "plain | edit/rest#1: remote delete",
		in:       regexp.MustCompile(`: (remote delete|foreign token|foreign token and back|move the endpoint|wipe the status) => untrue: Ready=True/Synced`),
	},
	{
		name: "a redirect or a proxy's refusal is taken for the API's", promise: "what stands before the API is not the API",
		schedule: "plain | edit/PUT group#1=407", in: regexp.MustCompile(`=(302|407) => not the API's word`),
	},
}

// knownAs names the known violation that a schedule shows, or "".
func knownAs(s schedule, violation string) string {
	for _, k := range knownViolations {
		if k.in.MatchString(s.String() + " => " + violation) {
			return k.name
		}
	}
	return ""
}
