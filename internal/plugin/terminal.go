// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/pflag"
	"golang.org/x/term"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/klink-cloud/klink-operator/internal/forecast"
	"github.com/klink-cloud/klink-operator/internal/manifest"
)

// isTerminal reports whether a person sees what is written.
func isTerminal(w any) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// progress tells a person at a terminal how far a long listing is.
type progress struct {
	to   io.Writer
	said bool
}

func newProgress(w io.Writer) *progress {
	if !isTerminal(w) {
		return &progress{}
	}
	return &progress{to: w}
}

func (p *progress) say(format string, args ...any) {
	if p.to != nil {
		p.said = true
		fmt.Fprintf(p.to, "\r\x1b[K"+format, args...)
	}
}

func (p *progress) clear() {
	if p.said {
		p.said = false
		fmt.Fprint(p.to, "\r\x1b[K")
	}
}

// terminal is where a person reads and types, with the variables that are set there.
type terminal struct {
	genericiooptions.IOStreams

	env func(string) string
}

// colours reports whether output is to be coloured.
func (t *terminal) colours() bool {
	return isTerminal(t.Out) && t.env("NO_COLOR") == "" && t.env("TERM") != "dumb"
}

// ask asks a person, who must type yes. Ctrl-C ends the question.
func (t *terminal) ask(ctx context.Context, question string) error {
	fmt.Fprintf(t.ErrOut, "%s Type yes to go on: ", question)
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(t.In).ReadString('\n') // no answer is no
		answer <- line
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(t.ErrOut)
		return ctx.Err()
	case line := <-answer:
		if !isTerminal(t.In) || !strings.HasSuffix(line, "\n") {
			fmt.Fprintln(t.ErrOut) // no terminal has ended the line of the question
		}
		if strings.TrimSpace(line) != "yes" {
			return errors.New("nothing was changed: the answer was not yes (in a script, say --yes)")
		}
		return nil
	}
}

// counted is a number of things, in words for a person.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// output is a result in whichever form was asked for.
type output struct {
	columns []metav1.TableColumnDefinition
	rows    []metav1.TableRow
	// objects is what JSON and YAML show; names are what -o name shows.
	objects any
	names   []string
}

func column(name string, wide bool) metav1.TableColumnDefinition {
	c := metav1.TableColumnDefinition{Name: name, Type: "string"}
	if wide {
		c.Priority = 1
	}
	return c
}

func row(cells ...any) metav1.TableRow {
	for n, cell := range cells {
		if text, ok := cell.(string); ok {
			cells[n] = harmless(text)
		}
	}
	return metav1.TableRow{Cells: cells}
}

// harmless escapes what a terminal obeys, or takes for another line: accounts, events and
// conditions hold texts of people who are not the one at this terminal.
func harmless(text string) string { return forecast.Shown(text) }

// formats are the forms of output.
type formats struct {
	output    string
	noHeaders bool
}

func (f *formats) addFlags(flags *pflag.FlagSet) {
	flags.StringVarP(&f.output, "output", "o", "", "Output format: table, wide, name, json or yaml.")
	flags.BoolVar(&f.noHeaders, "no-headers", false, "Leave out the headers of tables.")
}

// write writes an output in the wanted form.
func (f *formats) write(w io.Writer, o output) error {
	switch f.output {
	case "", "table", "wide":
		printer := printers.NewTablePrinter(printers.PrintOptions{Wide: f.output == "wide", NoHeaders: f.noHeaders})
		return printer.PrintObj(&metav1.Table{ColumnDefinitions: o.columns, Rows: o.rows}, w)
	case "name":
		for _, name := range o.names {
			fmt.Fprintln(w, harmless(name))
		}
		return nil
	case "json":
		var text bytes.Buffer
		encoder := json.NewEncoder(&text)
		encoder.SetIndent("", "    ")
		err := encoder.Encode(o.objects)
		if err == nil {
			_, err = io.WriteString(w, manifest.EscapeJSON(text.String()))
		}
		return err
	case "yaml":
		text, err := manifest.Encode(o.objects)
		if err == nil {
			_, err = io.WriteString(w, text)
		}
		return err
	}
	return f.unknown()
}

func (f *formats) unknown() error {
	return fmt.Errorf("unknown output format %q: use table, wide, name, json or yaml", f.output)
}
