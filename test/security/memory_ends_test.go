// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package security

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// filled is a reply of just under 16 MiB, which is as much as is read of one.
func filled(begin, repeated, end string) []byte {
	n := (16<<20 - len(begin) - len(end) - 1) / len(repeated)
	return bytes.Join([][]byte{[]byte(begin), bytes.Repeat([]byte(repeated), n), []byte(end)}, nil)
}

// always answers everything with the same.
func always(body []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) })
}

// endless lists a million groups, 10,000 a page, by a cursor.
func endless(w http.ResponseWriter, r *http.Request) {
	first, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Query().Get("starting_after"), "g"))
	_, _ = fmt.Fprintf(w, `{"has_more":%t,"data":[`, first+10_000 < 1_000_000)
	for i := 1; i <= 10_000; i++ {
		if i > 1 {
			_, _ = io.WriteString(w, ",")
		}
		_, _ = fmt.Fprintf(w, `{"id":"g%d"}`, first+i)
	}
	_, _ = io.WriteString(w, "]}")
}

// large lists groups with so many members each, all of different names, as many a page as
// it is asked for.
type large struct {
	groups, members int
	named           string
}

func (l large) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	first := 0
	if after := r.URL.Query().Get("starting_after"); after != "" {
		first, _ = strconv.Atoi(strings.TrimPrefix(after, "g"))
	}
	last := min(first+max(limit, 1), l.groups)
	_, _ = fmt.Fprintf(w, `{"has_more":%t,"data":[`, last < l.groups)
	for i := first + 1; i <= last; i++ {
		var group bytes.Buffer
		if i > first+1 {
			group.WriteByte(',')
		}
		fmt.Fprintf(&group, `{"id":"g%d","name":"Group %d","contacts":[`, i, i)
		for n := range l.members {
			if n > 0 {
				group.WriteByte(',')
			}
			fmt.Fprintf(&group, `{"username":"`+l.named+`"}`, i, n)
		}
		group.WriteString("]}")
		if _, err := w.Write(group.Bytes()); err != nil {
			return // nobody reads on
		}
	}
	_, _ = io.WriteString(w, "]}")
}
