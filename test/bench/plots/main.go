// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Command plots writes what make bench has measured into docs/sizes.md: a table between
// two marks, and plots of cost against the number of Groups. It is a module of its own,
// so that nobody who builds the operator needs what draws.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
)

// figure and report are what test/bench writes.
type figure struct {
	Scenario string   `json:"scenario"`
	Groups   int      `json:"groups"`
	Figure   string   `json:"figure"`
	Value    float64  `json:"value"`
	Unit     string   `json:"unit"`
	Limit    *float64 `json:"limit"`
	Load     float64  `json:"load"`
	Commit   string   `json:"commit"`
	Date     string   `json:"date"`
	Machine  string   `json:"machine"`
}

type report struct {
	Figures []figure `json:"figures"`
}

// drawing is a plot of figures that are of one unit.
type drawing struct {
	file, title, unit string
	figures           []string
}

var drawings = []drawing{
	{"sizes-memory.svg", "Memory of the manager", "MB", []string{"memory, settled", "memory, peak since the start"}},
	{"sizes-create.svg", "Declared, made and synced", "s", []string{"mass create: declared, made and synced"}},
	{"sizes-idle.svg", "Idle: the manager's processor time a resync", "s", []string{"idle: processor time a resync"}},
	{"sizes-calls.svg", "Idle: calls a resync", "calls", []string{"idle: calls a resync"}},
	{"sizes-restart.svg", "Restart", "s", []string{"restart: listed after", "restart: a person's change at the API, from then on"}},
}

func main() {
	from := flag.String("report", "", "what make bench has written")
	docs := flag.String("docs", "", "the folder of sizes.md")
	flag.Parse()
	if err := run(*from, *docs); err != nil {
		fmt.Fprintln(os.Stderr, "plots:", err)
		os.Exit(1)
	}
}

func run(from, docs string) error {
	text, err := os.ReadFile(filepath.Clean(from))
	if err != nil {
		return err
	}
	var r report
	if err := json.Unmarshal(text, &r); err != nil {
		return fmt.Errorf("reading %s: %w", from, err)
	}
	for _, d := range drawings {
		if err := d.draw(r.Figures, docs); err != nil {
			return fmt.Errorf("drawing %s: %w", d.file, err)
		}
	}
	return write(filepath.Join(docs, "sizes.md"), r.table())
}

// draw draws the figures against the number of Groups.
func (d drawing) draw(figures []figure, docs string) error {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = d.title, "Groups", d.unit
	p.X.Min, p.Y.Min = 0, 0
	p.Legend.Top, p.Legend.Left = true, true
	p.Add(plotter.NewGrid())
	var lines []any
	for _, name := range d.figures {
		var points plotter.XYs
		for _, f := range figures {
			if f.Figure == name && (f.Scenario == "growth" || f.Scenario == "many") {
				points = append(points, plotter.XY{X: float64(f.Groups), Y: f.Value})
			}
		}
		slices.SortFunc(points, func(a, b plotter.XY) int { return int(a.X - b.X) })
		if len(points) > 0 {
			lines = append(lines, name, points)
		}
	}
	if len(lines) == 0 {
		return nil // growth was not measured yet
	}
	if err := plotutil.AddLinePoints(p, lines...); err != nil {
		return err
	}
	return p.Save(14*vg.Centimeter, 8*vg.Centimeter, filepath.Join(docs, d.file))
}

// table is all figures, as Markdown, one table for each machine.
func (r report) table() string {
	var b strings.Builder
	machine := ""
	for _, f := range r.Figures {
		if f.Machine != machine {
			machine = f.Machine
			fmt.Fprintf(&b, "\nOn %s.\n\n", machine)
			b.WriteString("| scenario | Groups | figure | value | limit | ratio | load average | commit | date |\n|---|--:|---|--:|--:|--:|--:|---|---|\n")
		}
		value := strings.TrimSpace(number(f.Value) + " " + f.Unit)
		limit, ratio := "", ""
		if f.Limit != nil {
			limit = strconv.FormatFloat(*f.Limit, 'g', 3, 64)
			if *f.Limit > 0 {
				ratio = fmt.Sprintf("%.2f", f.Value / *f.Limit)
			}
		}
		fmt.Fprintf(&b, "| %s | %d | %s | %s | %s | %s | %.1f | %s | %s |\n", f.Scenario, f.Groups, f.Figure, value, limit, ratio, f.Load, f.Commit, f.Date)
	}
	return b.String()
}

// number writes three digits, and no exponent.
func number(v float64) string {
	switch {
	case v >= 100 || v == float64(int(v)):
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}

const begin, end = "<!-- figures: written by make bench DOCS=1 -->\n", "<!-- end of figures -->\n"

// write puts the table between the marks of a page.
func write(page, table string) error {
	text, err := os.ReadFile(filepath.Clean(page))
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(text), begin)
	_, after, ends := strings.Cut(rest, end)
	if !found || !ends {
		return fmt.Errorf("%s has no marks for the figures", page)
	}
	return os.WriteFile(page, []byte(before+begin+table+"\n"+end+after), 0o600)
}
