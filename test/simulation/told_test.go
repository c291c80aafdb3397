// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write down how the stories go, where that has changed on purpose")

// Each change of what is called, written, said and recorded is to be seen: a call more, a
// status less, another wait. How stories go is written down in testdata, and what has changed
// on purpose is written down by go test ./test/simulation -run TestStories -update.

func TestStoriesOfEachManifestGoAsWrittenDown(t *testing.T) {
	var stories []string
	for _, manifest := range slices.Sorted(maps.Keys(manifests)) {
		stories = append(stories, manifest+" | ")
	}
	goAsWrittenDown(t, "manifests", stories)
}

func TestStoriesOfEachEventGoAsWrittenDown(t *testing.T) {
	var stories []string
	for _, event := range eventNames() {
		stories = append(stories, "plain | edit/rest#1: "+event)
	}
	goAsWrittenDown(t, "events", stories)
}

func TestStoriesOfCallsThatFailGoAsWrittenDown(t *testing.T) {
	var stories []string
	for _, fault := range callFaults {
		for _, point := range []string{"create/POST groups#1=", "edit/PUT group#1="} {
			stories = append(stories, "plain | "+point+fault)
		}
	}
	goAsWrittenDown(t, "calls", stories)
}

func TestStoriesOfWritesThatFailGoAsWrittenDown(t *testing.T) {
	var stories []string
	for _, fault := range kubeFaults {
		for _, point := range []string{"create/PATCH Group#1=", "create/PATCH Group#2=", "create/PATCH Group status#1="} {
			stories = append(stories, "plain | "+point+fault)
		}
	}
	goAsWrittenDown(t, "writes", stories)
}

func TestStoriesOverEachReadingOfTheAPIGoAsWrittenDown(t *testing.T) {
	var stories []string
	for _, dialect := range slices.Sorted(maps.Keys(dialects)) {
		stories = append(stories, "plain | account="+dialect)
	}
	goAsWrittenDown(t, "dialects", stories)
}

// goAsWrittenDown plays stories of one theme.
func goAsWrittenDown(t *testing.T, theme string, stories []string) {
	t.Helper()
	path := filepath.Join("testdata", theme+".txt")
	text, err := os.ReadFile(path)
	if err != nil && !*update {
		t.Fatal(err)
	}
	var now []string
	written := strings.Split(strings.TrimSpace(string(text)), "\n\n")
	if len(written) != len(stories) && !*update {
		t.Fatalf("%d stories are written down, want %d", len(written), len(stories))
	}
	for i, line := range stories {
		s, err := parseSchedule(line)
		if err != nil {
			t.Fatal(err)
		}
		if *update {
			now = append(now, goes(t, s, ""))
			continue
		}
		if got := goes(t, s, written[i]); got != written[i] {
			t.Errorf("it goes\n%s\nand is written down as\n%s", got, written[i])
			if *firstOnly {
				return
			}
		}
	}
	if *update {
		if err := os.WriteFile(path, []byte(strings.Join(now, "\n\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// goes is how a story goes. Where the machine takes the processor away, goroutines of one
// instant may run in another order: what differs is tried again.
func goes(t *testing.T, s schedule, want string) (got string) {
	for range 3 {
		if got = strings.TrimSpace(s.String()) + "\n" + courseOf(tell(t, s).world.journal.history); got == want || want == "" {
			break
		}
	}
	return got
}

var (
	historyLine = regexp.MustCompile(`^ *(\S+)  (.*)$`)
	partLine    = regexp.MustCompile(`^PART (\S+)`)
	callLine    = regexp.MustCompile(`^p\d+ ([A-Z]+) \S*/groups(/?)\S*\?(\S*) (.*?)-> (\d+) `)
	writeLine   = regexp.MustCompile(`^p\d+ patches (\S+) \S+ status=(\w+) (.*): (<nil>|.*)$`)
	eventLine   = regexp.MustCompile(`^p\d+ event on (\S+): \S+ ([A-Za-z]+): (.*)$`)
)

// courseOf is what the lines of a history come to: a line for each part of the story.
func courseOf(history []string) string {
	var parts []string
	var part strings.Builder
	lists, began, last := 0, time.Duration(0), time.Duration(0)
	end := func() {
		if part.Len() > 0 {
			parts = append(parts, fmt.Sprintf("%s; %d lists", part.String(), lists))
		}
		part.Reset()
		lists, last = 0, 0
	}
	for _, line := range history {
		m := historyLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		at, _ := time.ParseDuration(m[1])
		if named := partLine.FindStringSubmatch(m[2]); named != nil {
			end()
			began = at
			part.WriteString(named[1] + ":")
			continue
		}
		step, isList := stepOf(m[2])
		if isList {
			lists++
		}
		if step == "" {
			continue
		}
		if since := (at - began).Truncate(time.Second); since > last {
			last = since
			part.WriteString(" @" + since.String())
		}
		part.WriteString(" " + step)
	}
	end()
	return strings.Join(parts, "\n")
}

// stepOf is what a line of a history says of what is seen from outside, in short.
func stepOf(line string) (step string, isList bool) {
	if m := callLine.FindStringSubmatch(line); m != nil {
		method, one, body, status := m[1], m[2], m[4], m[5]
		if method == "GET" && one == "" {
			return "", true
		}
		return method + fieldsIn(body) + "=" + status, false
	}
	if m := writeLine.FindStringSubmatch(line); m != nil {
		return writeOf(m[1], m[2] == "true", m[3]) + failedWrite(m[4]), false
	}
	if m := eventLine.FindStringSubmatch(line); m != nil {
		return "+" + m[2], false
	}
	return "", false
}

func failedWrite(err string) string {
	if err == "<nil>" {
		return ""
	}
	return "!"
}

// fieldsIn names the fields of a body.
func fieldsIn(body string) string {
	var fields map[string]any
	if json.Unmarshal([]byte(body), &fields) != nil || len(fields) == 0 {
		return ""
	}
	return "(" + strings.Join(slices.Sorted(maps.Keys(fields)), ",") + ")"
}

// writeOf is a write to Kubernetes in short: what it sets, and the reason that Ready gets.
func writeOf(kind string, status bool, body string) string {
	short := map[string]string{"Group": "group", "ClusterConnection": "connection", "Connection": "connection"}[kind]
	if !status {
		var patch struct {
			Metadata map[string]any `json:"metadata"`
		}
		_ = json.Unmarshal([]byte(body), &patch)
		var set []string
		for _, name := range slices.Sorted(maps.Keys(patch.Metadata)) {
			if values, ok := patch.Metadata[name].(map[string]any); ok {
				for _, note := range slices.Sorted(maps.Keys(values)) {
					set = append(set, map[bool]string{true: "-"}[values[note] == nil]+strings.TrimPrefix(note, "klink.cloud/"))
				}
				continue
			}
			set = append(set, name)
		}
		return short + "[" + strings.Join(set, ",") + "]"
	}
	var ops []struct {
		Op, Path string
		Value    any
	}
	_ = json.Unmarshal([]byte(body), &ops)
	var set []string
	for _, op := range ops {
		path := map[string]string{"remove": "-"}[op.Op] + strings.TrimPrefix(op.Path, "/status/")
		switch {
		case op.Op == "test":
			continue
		case strings.HasSuffix(op.Path, "/conditions"):
			path = conditionsOf(op.Value)
		}
		set = append(set, path)
	}
	return short + "{" + strings.Join(set, ",") + "}"
}

func conditionsOf(value any) string {
	all, _ := value.([]any)
	var said []string
	for _, one := range all {
		if c, ok := one.(map[string]any); ok {
			said = append(said, fmt.Sprint(c["type"], "=", c["status"], " ", c["reason"]))
		}
	}
	return strings.Join(said, ",")
}
