// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package forecast

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// Print writes a forecast for a person: texts as a diff by lines, contacts as + and -.
func (out *Forecast) Print(w io.Writer, group string, colours bool) {
	p := painter{w, colours}
	if len(out.Changes) == 0 {
		p.line("", "%s: nothing%s", group, out.because())
		return
	}
	for _, c := range out.Changes {
		p.change(group, c)
	}
	if why := out.because(); !out.Settled() && why != "" {
		p.line("", "%s: then%s", group, why)
	}
}

// Settled reports whether the Group is as declared in the end. One that only observes says
// True of a difference, too.
func (out *Forecast) Settled() bool {
	return out.Status == metav1.ConditionTrue && out.Reason != v1alpha1.ReasonDrifted
}

// because says what the Group would say.
func (out *Forecast) because() string {
	if out.Reason == "" {
		return ""
	}
	return fmt.Sprintf(" (%s: %s)", out.Reason, Shown(out.Message))
}

type painter struct {
	w       io.Writer
	colours bool
}

const (
	red, green, cyan, plainColour = "\x1b[31m", "\x1b[32m", "\x1b[36m", "\x1b[0m"
)

func (p painter) line(colour, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if p.colours && colour != "" {
		text = colour + text + plainColour
	}
	fmt.Fprintln(p.w, text)
}

func (p painter) change(group string, c Change) {
	id := c.ID
	if id != "" {
		id = " " + Shown(id)
	}
	p.line(cyan, "%s: %s%s", group, c.Kind, id)
	for _, field := range c.Fields {
		p.field(field, c.Before, c.After)
	}
}

func (p painter) field(field plan.Field, before, after remote.Group) {
	switch field {
	case plan.FieldName:
		p.text(field, before.Name, after.Name)
	case plan.FieldDescription:
		p.text(field, before.Description, after.Description)
	case plan.FieldAvatarURL:
		p.text(field, before.AvatarURL, after.AvatarURL)
	case plan.FieldArchived:
		p.text(field, archived(before), strconv.FormatBool(after.Archived())) // when, the operator says at its call
	case plan.FieldContacts:
		p.line("", "  %s:", field)
		p.difference(sorted(before.Contacts), sorted(after.Contacts))
	}
}

func archived(g remote.Group) string {
	if !g.Archived() {
		return "false"
	}
	return "true, since " + g.ArchivedAt.UTC().Format(time.RFC3339)
}

func (p painter) text(field plan.Field, before, after string) {
	p.line("", "  %s:", field)
	p.difference(lines(before), lines(after))
}

func lines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

func sorted(names []string) []string {
	names = slices.Clone(names)
	slices.Sort(names)
	return slices.Compact(names)
}

// around is how many equal lines are shown around different ones.
const around = 3

// difference shows what both have in common around what they have not. Texts of an
// account may hold anything, so that what a terminal would obey is escaped.
func (p painter) difference(before, after []string) {
	head := 0
	for head < min(len(before), len(after)) && before[head] == after[head] {
		head++
	}
	tail := 0
	for tail < min(len(before), len(after))-head && before[len(before)-1-tail] == after[len(after)-1-tail] {
		tail++
	}
	for _, l := range before[max(0, head-around):head] {
		p.line("", "      %s", visible(l))
	}
	p.middle(before[head:len(before)-tail], after[head:len(after)-tail])
	for _, l := range after[len(after)-tail : min(len(after), len(after)-tail+around)] {
		p.line("", "      %s", visible(l))
	}
}

// middle shows lines that one side has and the other has not, in the order of the longest
// sequence that both have.
func (p painter) middle(before, after []string) {
	for _, e := range edits(before, after) {
		switch e.sign {
		case '-':
			p.line(red, "    - %s", visible(e.line))
		case '+':
			p.line(green, "    + %s", visible(e.line))
		}
	}
}

// visible quotes a line that holds characters which do not show, or which a terminal obeys.
func visible(line string) string {
	if remote.Plain(line) != line {
		return strconv.Quote(line)
	}
	return line
}

// Shown is a text in a line, with each character escaped that does not show.
func Shown(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRune(r)
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	return b.String()
}

type edit struct {
	sign byte
	line string
}

// mostCompared bounds the table of the comparison; beyond it the two sides are shown whole.
const mostCompared = 4_000_000

// edits are the lines to take away and to add, by a longest common subsequence.
func edits(before, after []string) []edit {
	var out []edit
	if len(before)*len(after) > mostCompared {
		return whole(before, after)
	}
	length := make([][]int, len(before)+1)
	for i := range length {
		length[i] = make([]int, len(after)+1)
	}
	for i := len(before) - 1; i >= 0; i-- {
		for j := len(after) - 1; j >= 0; j-- {
			if before[i] == after[j] {
				length[i][j] = length[i+1][j+1] + 1
				continue
			}
			length[i][j] = max(length[i+1][j], length[i][j+1])
		}
	}
	i, j := 0, 0
	for i < len(before) && j < len(after) {
		switch {
		case before[i] == after[j]:
			i, j = i+1, j+1
		case length[i+1][j] >= length[i][j+1]:
			out, i = append(out, edit{'-', before[i]}), i+1
		default:
			out, j = append(out, edit{'+', after[j]}), j+1
		}
	}
	return append(out, whole(before[i:], after[j:])...)
}

func whole(before, after []string) []edit {
	var out []edit
	for _, l := range before {
		out = append(out, edit{'-', l})
	}
	for _, l := range after {
		out = append(out, edit{'+', l})
	}
	return out
}
