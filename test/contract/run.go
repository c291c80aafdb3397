// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package contract

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"text/tabwriter"
	"time"
)

// DefaultSettle is how long reads may lag behind writes before a statement is taken to be false.
const DefaultSettle = 10 * time.Second

// Finding is what came of a statement or a question.
type Finding struct {
	Endpoint, Text string
	Answer         string // of a question; empty for a statement
	Err            error  // why the statement does not hold, or the question has no answer
}

// Report is what came of a run.
type Report struct {
	Statements, Questions []Finding
	// LeftBehind names the groups that could not be deleted.
	LeftBehind error
}

// Failed tells whether a statement does not hold, a question has no answer, or a group was left behind.
func (r Report) Failed() bool {
	for _, list := range [][]Finding{r.Statements, r.Questions} {
		for _, f := range list {
			if f.Err != nil {
				return true
			}
		}
	}
	return r.LeftBehind != nil
}

// Run checks every statement and asks every question in groups of its own, which it deletes again, also when ctx is
// cancelled meanwhile. settle is how long reads may lag. The error is for an API that does not answer at all
// or that refuses the token: nothing is tried then.
func Run(ctx context.Context, client Client, settle time.Duration) (Report, error) {
	if r, err := client.call(ctx, http.MethodGet, groupsPath, nil, nil); err != nil || !r.ok() {
		return Report{}, fmt.Errorf("list groups: %w", orReply(err, r))
	}
	s := &scratch{client: client, prefix: "klink-contract-" + rand.Text() + "-", settle: settle}
	var report Report
	for _, st := range statements {
		f := Finding{Endpoint: st.endpoint, Text: st.text, Err: ctx.Err()}
		if f.Err == nil {
			f.Err = st.check(ctx, s)
		}
		report.Statements = append(report.Statements, f)
	}
	for _, q := range questions {
		f := Finding{Endpoint: q.endpoint, Text: q.text, Err: ctx.Err()}
		if f.Err == nil {
			f.Answer, f.Err = q.ask(ctx, s)
		}
		report.Questions = append(report.Questions, f)
	}
	report.LeftBehind = s.cleanup(ctx)
	return report, nil
}

// Print writes the report as a table.
func (r Report) Print(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(cells ...any) { _, _ = fmt.Fprintf(table, "%s\t%s\t%v\n", cells...) } // Flush has the error
	line("ENDPOINT", "THE PAGE SAYS", "HOLDS")
	for _, f := range r.Statements {
		line(f.Endpoint, f.Text, orError(f.Err, "yes"))
	}
	line("", "", "")
	line("ENDPOINT", "THE PAGE LEAVES OPEN", "ANSWER")
	for _, f := range r.Questions {
		line(f.Endpoint, f.Text, orError(f.Err, f.Answer))
	}
	if r.LeftBehind != nil {
		_, _ = fmt.Fprintf(table, "\n%v\n", r.LeftBehind)
	}
	return table.Flush()
}

func orError(err error, answer string) string {
	if err != nil {
		return "NO: " + err.Error()
	}
	return answer
}
