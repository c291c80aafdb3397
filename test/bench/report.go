// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// figure is one line of the table.
type figure struct {
	Scenario string  `json:"scenario"`
	Groups   int     `json:"groups"`
	Figure   string  `json:"figure"`
	Value    float64 `json:"value"`
	Unit     string  `json:"unit"`
	// Limit is what the design promises, in the same unit: the most, or for a part the least. Nil
	// where it promises nothing.
	Limit *float64 `json:"limit,omitempty"`
	// Load is the machine's load average of the minute before.
	Load float64 `json:"load"`
	// Commit is what was measured, and Date when.
	Commit  string `json:"commit"`
	Date    string `json:"date"`
	Machine string `json:"machine"`
}

// ratio is the value in parts of its limit.
func (f *figure) ratio() string {
	if f.Limit == nil || *f.Limit == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", f.Value / *f.Limit)
}

func (f *figure) limit() string {
	if f.Limit == nil {
		return ""
	}
	return strconv.FormatFloat(*f.Limit, 'g', 3, 64)
}

// report is what -report writes.
type report struct {
	Figures []figure `json:"figures"`
}

// print prints the table.
func (b *bench) print() {
	w := tabwriter.NewWriter(b.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "\nSCENARIO\tGROUPS\tFIGURE\tVALUE\tUNIT\tLIMIT\tRATIO\tLOAD AVERAGE")
	for i := range b.figures {
		f := &b.figures[i]
		_, _ = fmt.Fprintf(w, "%s\t%d\t%s\t%.3g\t%s\t%s\t%s\t%.1f\n", f.Scenario, f.Groups, f.Figure, f.Value, f.Unit, f.limit(), f.ratio(), f.Load)
	}
	_ = w.Flush()
}

// write writes the figures. Those of scenarios that were not run stay in the file.
func (b *bench) write() error {
	if b.report == "" {
		return nil
	}
	var r report
	text, err := os.ReadFile(b.report)
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading the last report: %w", err)
	}
	r.Figures = slices.DeleteFunc(r.Figures, func(old figure) bool {
		return slices.ContainsFunc(b.figures, func(f figure) bool { return f.Scenario == old.Scenario && f.Groups == old.Groups })
	})
	for _, f := range b.figures {
		f.Commit, f.Date, f.Machine = b.commit, time.Now().UTC().Format(time.DateOnly), machine()
		r.Figures = append(r.Figures, f)
	}
	if text, err = json.MarshalIndent(r, "", "  "); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return os.WriteFile(b.report, append(text, '\n'), 0o644) //nolint:gosec // it is for everybody to read
}

// machine says what the figures are of.
func machine() string {
	model, memory := runtime.GOARCH, ""
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		var kb int
		if _, err := fmt.Sscanf(string(text), "MemTotal: %d kB", &kb); err == nil {
			memory = fmt.Sprintf(", %d GB", (kb+1<<19)>>20)
		}
	}
	return fmt.Sprintf("%d cores of %s%s, %s, shared with the control plane and the stand-in API", runtime.NumCPU(), model, memory, runtime.Version())
}
