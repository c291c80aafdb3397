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
	"sync"
	"testing"
	"unicode/utf8"
	"unsafe"

	"github.com/klink-cloud/klink-operator/internal/remote"
)

// A token as long as a Secret takes it cost the manager a hundred megabytes: each part of it
// is looked for in each text.
func TestATokenIsNoLongerThanAHeader(t *testing.T) {
	for length, want := range map[int]bool{1: true, MaxToken: true, MaxToken + 1: false, 1 << 20: false} {
		err := CheckToken(strings.Repeat("t", length))
		if (err == nil) != want {
			t.Errorf("%d bytes: %v", length, err)
		}
	}
}

// The names of 16,384 people were kept, however long each was.
func TestNamesAreKeptByTheRoomTheyTake(t *testing.T) {
	var n names
	for i := range 100 {
		n.of(fmt.Appendf(nil, "%0*d", 100<<10, i))
		n.of(fmt.Appendf(nil, "%0*d", keptBytes+1, i))
	}
	first, second := bytes.Repeat([]byte("x"), keptBytes-1), []byte("y")
	for _, name := range [][]byte{first, second, second} { // as much as is kept, and one more
		n.of(name)
	}
	if len(n.young) != 2 {
		t.Errorf("of as many bytes as may be kept %d names are kept", len(n.young))
	}
	longest := bytes.Repeat([]byte("z"), keptBytes)
	if first := n.of(longest); unsafe.StringData(n.of(longest)) != unsafe.StringData(first) {
		t.Error("the longest name that is kept is not")
	}
	n.of(append(longest, 'z'))
	n.of(append(longest, 'y'))
	size := 0
	for _, kept := range []map[string]string{n.young, n.aged} {
		for name := range kept {
			size += len(name)
		}
	}
	if size > 2*keptBytes || size == 0 {
		t.Errorf("%d bytes are kept", size)
	}
}

// What nobody can declare is not kept as a whole.
func TestAGroupIsKeptWithinBounds(t *testing.T) {
	long := strings.Repeat("ä", 1<<20)
	g, err := decodeGroup(strings.NewReader(`{"id":"a","description":"` + long + `","avatar_url":"` + long + `"}`))
	if err != nil || g.Unknown.Has(remote.FieldDescription) || g.Unknown.Has(remote.FieldAvatarURL) {
		t.Fatalf("%v, %v", g.Unknown, err)
	}
	for what, text := range map[string]string{"description": g.Description, "avatar": g.AvatarURL} {
		if len(text) > maxText || len(text) < 8<<10 || !utf8.ValidString(text) {
			t.Errorf("of the %s %d bytes are kept", what, len(text))
		}
	}
	var members strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&members, `,{"username":"%01000d"}`, i)
	}
	g, err = decodeGroup(strings.NewReader(`{"id":"a","contacts":[` + members.String()[1:] + `]}`))
	if err != nil || !g.Unknown.Has(remote.FieldContacts) || len(g.Contacts) != 0 {
		t.Errorf("%d members, %v", len(g.Contacts), err)
	}
}

const costlyReplies = "KLINK_TEST_COSTLY_REPLIES"

// As many replies are read at a time as there are workers.
func TestManyLargeRepliesAtATimeCostNoMoreThanOne(t *testing.T) {
	if os.Getenv(costlyReplies) != "" {
		readManyCostly(t)
		return
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestManyLargeRepliesAtATimeCostNoMoreThanOne$")
	child.Env = append(os.Environ(), costlyReplies+"=1", "GOGC=50", "GOMEMLIMIT=460MiB") // as the manager has it
	output, err := child.CombinedOutput()
	if err != nil {
		t.Errorf("%v", err)
	}
	t.Logf("%s", output)
}

func readManyCostly(t *testing.T) {
	t.Helper()
	reply := `{"id":"a","description":"` + strings.Repeat("x", maxReply-100) + `"}`
	client, err := New(Config{Endpoint: "http://127.0.0.1:1", Token: token, Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Request: r, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(reply))}, nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	var readers sync.WaitGroup
	for range 16 {
		readers.Go(func() {
			// On a slow machine the last ones wait for longer than a call may take.
			if g, err := client.Get(t.Context(), "a"); err != nil && KindOf(err) != KindNetwork || len(g.Description) > maxText {
				t.Errorf("%d bytes, %v", len(g.Description), err)
			}
		})
	}
	readers.Wait()
	var used runtime.MemStats
	runtime.ReadMemStats(&used)
	if used.Sys > part*mostMemory {
		t.Errorf("it took %d MiB", used.Sys>>20)
	}
	fmt.Printf("%d MiB\n", used.Sys>>20)
}
