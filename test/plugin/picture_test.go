// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"fmt"
	"html"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// pictured is the command whose output the picture of a terminal shows.
const pictured = "kubectl klink diff -n concierge -k manifests/"

// picture compares the picture of the page with what a terminal shows.
func (w *pageWorld) picture() {
	w.Helper()
	shown := terminal(w, "cd "+w.folder+" && "+pictured, "PATH="+w.path+":"+os.Getenv("PATH"), "KUBERC=off")
	before, err := os.ReadFile(picture)
	if err != nil && !*update {
		w.Error(err)
	}
	w.compare(picture, string(before), drawn("$ "+pictured+"\n"+shown))
}

var coloured = regexp.MustCompile("\x1b\\[([0-9;]*)m([^\x1b]*)")

// erased is what a terminal no longer shows: a line of progress that was wiped out.
var erased = regexp.MustCompile("[^\n]*\r\x1b\\[K")

// drawn is an SVG of what a terminal shows.
func drawn(shown string) string {
	shown = erased.ReplaceAllString(shown, "")
	lines := strings.Split(strings.TrimRight(shown, "\n"), "\n")
	const lineHeight, margin = 18, 16
	var b strings.Builder
	fmt.Fprintf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"760\" height=\"%d\" role=\"img\" aria-label=\"%s\">\n", lineHeight*len(lines)+2*margin, html.EscapeString(pictured))
	b.WriteString("<rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"#1e1e2e\"/>\n<g font-family=\"monospace\" font-size=\"13\" fill=\"#cdd6f4\" xml:space=\"preserve\">\n")
	for n, line := range lines {
		fmt.Fprintf(&b, "<text x=\"%d\" y=\"%d\">%s</text>\n", margin, margin+13+n*lineHeight, spans(line))
	}
	b.WriteString("</g>\n</svg>\n")
	return b.String()
}

func spans(line string) string {
	colours := map[string]string{"31": "#f38ba8", "32": "#a6e3a1", "36": "#89dceb"}
	var b strings.Builder
	for _, part := range coloured.FindAllStringSubmatch("\x1b[m"+line, -1) {
		text := html.EscapeString(part[2])
		if colour := colours[part[1]]; colour != "" {
			text = `<tspan fill="` + colour + `">` + text + "</tspan>"
		}
		b.WriteString(text)
	}
	return b.String()
}

// terminal runs a line at a terminal of its own, and returns what it writes there.
func terminal(t testing.TB, line string, env ...string) (shown string) {
	t.Helper()
	script, err := exec.LookPath("script")
	if err != nil {
		t.Fatal("a terminal needs script(1) of util-linux: ", err)
	}
	cmd := exec.CommandContext(t.Context(), script, "-qefc", line, "/dev/null")
	cmd.Env = append(append(os.Environ(), "TERM=xterm", "NO_COLOR=", "SHELL=/bin/sh", "KUBECONFIG="+cluster.Kubeconfig()), env...)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	if strings.Contains(string(out), token) {
		t.Errorf("%s prints the token", line)
	}
	return strings.ReplaceAll(string(out), "\r\n", "\n")
}
