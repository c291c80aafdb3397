// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
)

const (
	// part is what is tried of the largest reply and of the memory that it may take: what a reply
	// costs grows with its size, and a whole one takes seconds to read.
	part = 4
	// mostMemory is that part of half of the memory limit that the manager ships with, in bytes.
	mostMemory = 256 << 20 / part
	mostReply  = maxReply / part
)

// costly are replies that unpack to much more than they are on the wire.
var costly = map[string]func() (status int, body io.Reader){
	"a page of countless tiny groups": func() (int, io.Reader) {
		return 200, io.MultiReader(strings.NewReader(`{"has_more":false,"data":[`), repeated(`{"id":"a"},`), strings.NewReader(`{"id":"b"}]}`))
	},
	"a page of empty items": func() (int, io.Reader) {
		return 200, io.MultiReader(strings.NewReader(`{"has_more":false,"data":[`), repeated(`{},`), strings.NewReader(`{}]}`))
	},
	"a group of countless keys": func() (int, io.Reader) {
		return 200, io.MultiReader(strings.NewReader(`{"data":[{`), repeated(`"k":1,`), strings.NewReader(`"id":"a"}]}`))
	},
	"a group of one odd key again and again": func() (int, io.Reader) {
		return 200, io.MultiReader(strings.NewReader(`{"data":[{"id":"a",`), repeated(`"name":1,`), strings.NewReader(`"id":"a"}]}`))
	},
	"an envelope of countless groups and lists": func() (int, io.Reader) {
		return 200, io.MultiReader(strings.NewReader(`{`), repeated(`"data":[{"id":"a"},{}],`), strings.NewReader(`"data":[]}`))
	},
	"a key without end": func() (int, io.Reader) {
		return 200, io.MultiReader(strings.NewReader(`{"data":[{"`), repeated(`k`), strings.NewReader(`":1,"id":"a"}]}`))
	},
	"an id without end": func() (int, io.Reader) {
		return 200, io.MultiReader(strings.NewReader(`{"data":[{"id":"`), repeated(`k`), strings.NewReader(`"}]}`))
	},
	"a description of escapes": func() (int, io.Reader) {
		return 200, io.MultiReader(strings.NewReader(`{"data":[{"id":"a","description":"`), repeated(`\n`), strings.NewReader(`"}]}`))
	},
	"a group of countless members": func() (int, io.Reader) {
		return 200, io.MultiReader(strings.NewReader(`{"data":[{"id":"a","contacts":[`), repeated(`1,`), strings.NewReader(`1]}]}`))
	},
	"a name that is a list": func() (int, io.Reader) {
		return 200, io.MultiReader(strings.NewReader(`{"data":[{"id":"a","name":[`), repeated(`1,`), strings.NewReader(`1]}]}`))
	},
	"no list, but numbers": func() (int, io.Reader) {
		return 200, io.MultiReader(strings.NewReader(`[`), repeated(`1,`), strings.NewReader(`1]`))
	},
	"a depth without end": func() (int, io.Reader) { return 200, repeated(`[`) },
	"a refusal of numbers": func() (int, io.Reader) {
		return 400, io.MultiReader(strings.NewReader(`{"errors":[`), repeated(`1,`), strings.NewReader(`1]}`))
	},
}

// repeated is just as many repetitions as a reply can hold.
func repeated(text string) io.Reader {
	return bytes.NewReader(bytes.Repeat([]byte(text), (mostReply-100)/len(text)))
}

const costlyReply = "KLINK_TEST_COSTLY_REPLY"

// TestNoReplyCostsTheManagerItsMemory: one page of 16 MiB took 1.74 GB, and after the kill the next start
// asked for it again. Each reply is read in a process of its own, whose peak counts.
func TestNoReplyCostsTheManagerItsMemory(t *testing.T) {
	if name := os.Getenv(costlyReply); name != "" {
		readCostly(t, name)
		return
	}
	for name := range costly {
		t.Run(name, func(t *testing.T) {
			child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestNoReplyCostsTheManagerItsMemory$")
			child.Env = append(os.Environ(), costlyReply+"="+name)
			output, err := child.CombinedOutput()
			if err != nil {
				t.Errorf("%v", err)
			}
			t.Logf("%s", output)
		})
	}
}

func readCostly(t *testing.T, name string) {
	t.Helper()
	client, err := New(Config{Endpoint: "http://127.0.0.1:1", Token: token, Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		status, body := costly[name]()
		return &http.Response{StatusCode: status, Request: r, Header: http.Header{}, Body: io.NopCloser(body)}, nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	client.mostOfReply = mostReply
	page, err := client.Page(t.Context(), PageRequest{Limit: 100})
	if len(page.Groups) > maxItems {
		t.Errorf("it keeps %d groups", len(page.Groups))
	}
	var used runtime.MemStats
	runtime.ReadMemStats(&used)
	if used.Sys > mostMemory { // all that was ever asked of the system: it is the peak
		t.Errorf("it took %d MiB", used.Sys>>20)
	}
	fmt.Printf("%d MiB, %d groups, %v\n", used.Sys>>20, len(page.Groups), err)
}
